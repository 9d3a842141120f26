/*
 * Connecting this screen by a code (docs/api.md#pairing-by-code): shows one, and asks whether a parent has approved it.
 *
 * A new code comes 20 s before the old one ends, and both are asked for until then: a parent may be typing the old one.
 * A page that nobody sees asks nothing.
 */

import { fetchPlayers, requestCode } from "./api.js";
import { MAX_TIMER_MS, now } from "./clock.js";

const RENEW_MS = 20000;
const AGAIN_MS = 5000;

/** `show(code)` and `complain(name)` draw; `onPlayers(players)` gets what was connected. {set(isWaiting)}. */
export function makeByCode({ deviceType, show, complain, onPlayers }) {
  let isWanted = false;
  let turn = 0; // what arrives after a turn has ended is dropped
  let timer = null;
  let codes = []; // those that may still be approved, the newest first
  let askAgainAt = 0;

  function set(isWaiting) {
    isWanted = isWaiting;
    update();
  }

  function update() {
    const isOn = isWanted && !document.hidden;
    if (isOn === (timer !== null)) return;
    turn += 1;
    clearTimeout(timer);
    timer = isOn ? setTimeout(step, 0, turn) : null;
    if (!isWanted) codes = [];
  }

  async function step(mine) {
    codes = codes.filter((code) => now() < code.endsAt);
    if (codes.length === 0 || codes[0].endsAt - now() < RENEW_MS) await renew(mine);
    for (const code of codes) {
      if (mine === turn && now() >= code.askAt) await ask(code, mine);
    }
    if (mine !== turn) return;
    const due = codes.map((code) => code.askAt);
    const next = due.length ? Math.min(...due) : now() + AGAIN_MS;
    timer = setTimeout(step, Math.min(Math.max(next - now(), 250), MAX_TIMER_MS), mine);
  }

  async function renew(mine) {
    if (now() < askAgainAt) return;
    const { status, body, retryAfterMs } = await requestCode(deviceType);
    if (mine !== turn) return;
    if (status !== 200) {
      askAgainAt = now() + Math.max(AGAIN_MS, retryAfterMs);
      if (codes.length === 0) complain(status === 0 ? "offline" : "busy");
      return;
    }
    const intervalMs = body.interval * 1000;
    codes = [
      {
        secret: body.device_code,
        intervalMs,
        askAt: now() + intervalMs,
        endsAt: now() + body.expires_in * 1000,
      },
      ...codes,
    ];
    show({ code: body.user_code, address: body.verification_uri.replace(/^https?:\/\//, "") });
  }

  async function ask(code, mine) {
    const { status, body } = await fetchPlayers(code.secret);
    if (mine !== turn) return;
    code.askAt = now() + code.intervalMs;
    if (status === 200) {
      onPlayers(body.players);
    } else if (status === 400 && body.error === "slow_down") {
      code.intervalMs += 5000;
    } else if (status === 400 && body.error !== "authorization_pending") {
      codes = codes.filter((one) => one !== code);
      if (body.error === "access_denied") complain("denied");
    }
  }

  document.addEventListener("visibilitychange", update);
  return { set };
}
