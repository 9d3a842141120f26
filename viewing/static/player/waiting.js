/*
 * Waiting for more time, or for the service: asks every 5 s whether playing may begin. The one place that asks; events
 * pushed by the service would come in here.
 */

const EVERY_MS = 5000;

/** `ask` gives a promise of an answer, `tell` takes it. {set(isWaiting), askNow()}. */
export function makeWaiting(ask, tell) {
  let turn = 0; // of a wait that has ended, an answer still under way is told to nobody
  let timer = null;

  async function askOnce(mine) {
    const answer = await ask();
    if (mine !== turn) return;
    timer = setTimeout(askOnce, EVERY_MS, mine);
    tell(answer);
  }

  function set(isWaiting) {
    if (isWaiting === (timer !== null)) return;
    turn += 1;
    clearTimeout(timer);
    timer = isWaiting ? setTimeout(askOnce, EVERY_MS, turn) : null;
  }

  function askNow() {
    if (timer === null) return;
    turn += 1;
    clearTimeout(timer);
    askOnce(turn);
  }

  return { set, askNow };
}
