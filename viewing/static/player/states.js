/*
 * The states of the player, and the moves between its screens. Pure, as all of machine.js.
 *
 * Screens: pairing, who (is watching), choosing, playing, locked (nothing is left), unlocked (more time came from afar), dropped (the
 * session is over: taken over, ended elsewhere, or a defect).
 */

import { answered, setRunning } from "./timeleft.js";

/** `device` {id, type}; `sequence` below all that the page will send, above all that any page before it sent. */
export function initial({ players, device, sequence, speed }) {
  return {
    screen: { 0: "pairing", 1: "choosing" }[players.length] || "who",
    notice: null, // on the screens pairing and who: badCode, revoked, offline, denied
    isChecking: false,
    players, // who may watch on this screen
    pairing: players.length === 1 ? players[0] : null, // who does
    isBrowsing: false, // looking at the titles with no time left
    device,
    speed,
    titles: null,
    loadedAt: null,
    left: null,
    isLifted: false, // a parent gave a day without a limit, which is worth a word; never having one is not
    refusal: null, // why nothing may play, on the locked screen
    warned: null, // the last threshold that was announced, in minutes
    trouble: null, // offline, unavailable
    isAsking: false, // waiting for the service to answer at all
    reason: null, // on the dropped screen
    title: null,
    played: NOT_PLAYED, // how far the title is
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
  closesAt: null, // when bedtime or a parent stops it, whatever time is left
  ending: null, // "can": this title may end though less time is left; "now": time is over, it may still end
  warning: null, // shown until a child has seen it: {threshold, minutes}
};

/** {ms: of the title played; since: from when it plays on, null while it stands still}. */
export const NOT_PLAYED = { ms: 0, since: null };

/** How much of the title was played, in ms. */
export function playedMs(state, now) {
  const { ms, since } = state.played;
  return ms + (since === null ? 0 : Math.max(0, now - since) * state.speed);
}

/** When the title ends, as it plays now; null: not by itself, or not known. */
export function endsAt(state) {
  const { ms, since } = state.played;
  const minutes = state.title === null ? null : state.title.duration_minutes;
  return since === null || !minutes ? null : since + Math.max(0, minutes * 60000 - ms) / state.speed;
}

export function isFilmRunning(state) {
  return state.screen === "playing" && !state.isPaused && !state.isStalled;
}

/** Let the title, and the display of the time left if it uses it, run exactly while the film does. */
export function settle(state, now) {
  const isRunning = isFilmRunning(state);
  const played = { ms: playedMs(state, now), since: isRunning ? now : null };
  return { ...state, played, left: setRunning(state.left, isRunning && !state.isFree, now, state.speed) };
}

/** The choice of titles; what played ends. */
export function toChoosing(state, now) {
  const end = state.sessionId === null ? [] : [{ do: "end", sessionId: state.sessionId }];
  const next = { ...state, ...NOT_PLAYING, screen: "choosing", title: null, played: NOT_PLAYED, isAsking: false, loadedAt: now };
  return [settle({ ...next, isBrowsing: false }, now), [...end, { do: "load" }]];
}

/** "Who is watching?"; what played ends. */
export function toWho(state) {
  const end = state.sessionId === null ? [] : [{ do: "end", sessionId: state.sessionId }];
  return [{ ...initial(state), screen: "who", pairing: null }, end];
}

/**
 * Why an answer says that nothing may play, and until when: {reason, kind, note, sentence, until}. Of a week plan or a
 * parent's lock the answers say more; `until` null: not by time alone.
 */
export function refusal(body) {
  const reason = body.locked ? "locked" : body.reason_code || body.reason || "limit_reached";
  const until = "next_allowed_at" in body ? body.next_allowed_at : body.opens_at || body.next_reset_at;
  const note = body.note || (body.locked && body.locked.note) || "";
  const sentence = body.sentence || "";
  return { reason, kind: body.hours_kind || null, note, sentence, until: reason === "locked" ? null : until };
}

/** Nothing may play. The session stays, so that more time lets it go on. */
export function lock(state, why, now) {
  const next = { ...state, ...NOT_PLAYING, sessionId: state.sessionId, screen: "locked", refusal: why };
  return [settle({ ...next, left: answered(0), trouble: null, isAsking: false }, now), []];
}

export function drop(state, reason) {
  const played = { ...state.played, since: null };
  return [{ ...state, ...NOT_PLAYING, played, screen: "dropped", reason, trouble: null, left: null, isAsking: false }, []];
}

/** The token of the one who watches is not valid (any more). Others may still be. */
export function revoke(state) {
  const players = state.players.filter((player) => player !== state.pairing);
  const next = { ...initial({ ...state, players }), pairing: null, notice: "revoked" };
  return [{ ...next, screen: players.length ? "who" : "pairing" }, [{ do: "remember", players }]];
}

/** The screen was disconnected, and its tokens with it. */
export function unpair(state) {
  return [initial({ ...state, players: [] }), [{ do: "remember", players: [] }]];
}
