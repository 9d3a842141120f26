/*
 * The states of the player, and the moves between its screens. Pure, as all of machine.js.
 *
 * Screens: pairing, choosing, playing, locked (nothing is left), unlocked (more time came from afar), dropped (the
 * session is over: taken over, ended elsewhere, or a defect).
 */

import { answered, setRunning } from "./timeleft.js";

/** `device` {id, type}; `sequence` below all that the page will send, above all that any page before it sent. */
export function initial({ pairing, device, sequence, speed }) {
  return {
    screen: pairing ? "choosing" : "pairing",
    notice: null, // on the pairing screen: badCode, revoked, offline
    isChecking: false,
    pairing,
    device,
    speed,
    titles: null,
    loadedAt: null,
    left: null,
    refusal: null, // why nothing may play, on the locked screen
    warned: null, // the last threshold that was announced, in minutes
    trouble: null, // offline, unavailable
    isAsking: false, // waiting for the service to answer at all
    reason: null, // on the dropped screen
    title: null,
    sequence,
    ...NOT_PLAYING,
  };
}

export const NOT_PLAYING = {
  sessionId: null,
  beat: null, // the one without an answer
  dueAt: null, // when the next one is
  isPaused: false,
  wasPaused: false, // at the last beat that was answered
  isStalled: false, // the film waits for an answer
  isLearning: false,
  isFree: false,
};

export function isFilmRunning(state) {
  return state.screen === "playing" && !state.isPaused && !state.isStalled;
}

/** Let the display of the time left run exactly while the film does and uses it. */
export function settle(state, now) {
  return { ...state, left: setRunning(state.left, isFilmRunning(state) && !state.isFree, now, state.speed) };
}

/** The choice of titles; what played ends. */
export function toChoosing(state, now) {
  const end = state.sessionId === null ? [] : [{ do: "end", sessionId: state.sessionId }];
  const next = { ...state, ...NOT_PLAYING, screen: "choosing", title: null, isAsking: false, loadedAt: now };
  return [settle(next, now), [...end, { do: "load" }]];
}

/**
 * Why an answer says that nothing may play, and until when: {reason, kind, note, until}. Of a week plan or a parent's
 * lock the answers say more; `until` null: not by time alone.
 */
export function refusal(body) {
  const reason = body.locked ? "locked" : body.reason_code || body.reason || "limit_reached";
  const until = "next_allowed_at" in body ? body.next_allowed_at : body.opens_at || body.next_reset_at;
  const note = body.note || (body.locked && body.locked.note) || "";
  return { reason, kind: body.hours_kind || null, note, until: reason === "locked" ? null : until };
}

/** Nothing may play. The session stays, so that more time lets it go on. */
export function lock(state, why, now) {
  const next = { ...state, ...NOT_PLAYING, sessionId: state.sessionId, screen: "locked", refusal: why };
  return [settle({ ...next, left: answered(0), trouble: null, isAsking: false }, now), []];
}

export function drop(state, reason) {
  return [{ ...state, ...NOT_PLAYING, screen: "dropped", reason, trouble: null, left: null, isAsking: false }, []];
}

/** The token is not valid (any more). */
export function revoke(state) {
  return unpair(state, "revoked");
}

export function unpair(state, notice) {
  const end = state.sessionId !== null && notice === null ? [{ do: "end", sessionId: state.sessionId }] : [];
  const fresh = initial({ ...state, pairing: null });
  return [{ ...fresh, notice }, [...end, { do: "clearPairing" }]];
}
