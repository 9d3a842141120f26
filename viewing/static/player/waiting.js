/*
 * Waiting for more time, or for the service: asks every 5 s whether playing may begin. The one place that asks; events
 * pushed by the service would come in here.
 */

const EVERY_MS = 5000;

/** `ask` returns a promise of an answer, `onAnswer` takes it. {set(isWaiting), askNow()}. */
export function makeWaiting(ask, onAnswer) {
  let turn = 0; // an answer that arrives after its wait has ended is dropped
  let timer = null;

  async function askOnce(mine) {
    const answer = await ask();
    if (mine !== turn) return;
    timer = setTimeout(askOnce, EVERY_MS, mine);
    onAnswer(answer);
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
