/*
 * Heartbeats: when one is due, when it is sent again, what its answer does. Pure: no DOM, no clock, no network.
 *
 * This follows docs/api.md#retries-and-sequence and docs/api.md#what-to-do-on-each-response. Every function takes a state
 * and answers [the next state, what must be done], as machine.js does.
 */

import { drop, endsAt, lock, playedMs, revoke, settle, toChoosing, refusal } from "./states.js";
import { answered, BEAT_MS } from "./timeleft.js";

/** An unanswered beat is no longer sent again when a repetition could arrive more than 60 s after the first. */
export const GIVE_UP_MS = 50000;
/** How long the film runs on without an answer to a beat. */
export const STALL_MS = 3000;
/** More are not owed: a device that slept for longer than five minutes did not play in that time. */
export const MAX_OWED_BEATS = 10;
const MAX_POSITION_SECONDS = 86400;
const NIL = "00000000-0000-0000-0000-000000000000";

export function retryDelay(tries, retryAfterMs = 0) {
  return Math.max(Math.min(1000 * 2 ** (tries - 1), 10000), retryAfterMs);
}

export function interval(speed) {
  return BEAT_MS / speed;
}

/** Send the next beat. */
export function beat(state, now) {
  const sequence = state.sequence + 1;
  const body = {
    profile_id: state.pairing.profileId,
    title_id: state.title.id,
    // By its token the parents' pages know the device, and show the name that a parent gave it.
    device_id: state.pairing.tokenId || state.device.id,
    device_type: state.device.type,
    is_paused: state.isPaused,
    position_seconds: Math.min(Math.floor(playedMs(state, now) / 1000), MAX_POSITION_SECONDS),
    sequence,
  };
  if (state.sessionId !== null) body.session_id = state.sessionId;
  const sent = { body, dueAt: state.dueAt === null ? now : state.dueAt, triedAt: now, tries: 1, retryAt: null };
  return [{ ...state, sequence, beat: sent, dueAt: null, isAsking: false }, [{ do: "beat", body }]];
}

/** What time alone brings while a title plays. */
export function tick(state, now) {
  if (isPast(endsAt(state), now)) return end(state, now);
  if (state.beat === null) {
    if (isPast(state.closesAt, now)) return close(state, now);
    return isPast(state.dueAt, now) ? beat(state, now) : [state, []];
  }
  let next = state;
  if (!next.isStalled && now - next.beat.triedAt >= STALL_MS) {
    next = settle({ ...next, isStalled: true, trouble: next.trouble || "offline" }, now);
  }
  if (next.beat.retryAt === null || now < next.beat.retryAt) return [next, []];
  // Whether it counted can no longer be found out by repeating it. Asking costs the child nothing.
  if (now - next.beat.triedAt >= GIVE_UP_MS) return [{ ...next, beat: null, isAsking: true }, []];
  const again = { ...next.beat, tries: next.beat.tries + 1, retryAt: null };
  return [{ ...next, beat: again }, [{ do: "beat", body: again.body }]];
}

function isPast(time, now) {
  return time !== null && now >= time;
}

/** The title is over. */
function end(state, now) {
  const [next, effects] = toChoosing(state, now);
  return [next, [...effects, { do: "toast", text: "theEnd" }]];
}

/**
 * Hours close, or a parent's stop begins: a beat would count 30 s after it, so only a title that may be watched to its
 * end sends one. Any other waits for the answer to a question, which counts nothing.
 */
function close(state, now) {
  const next = { ...state, closesAt: null };
  if (state.ending !== null) return beat(next, now);
  return [settle({ ...next, isStalled: true, isAsking: true, dueAt: null }, now), [{ do: "ask" }]];
}

/** When `tick` has something to do; null: never by itself. */
export function wakesAt(state) {
  const stalls = state.beat === null || state.isStalled ? null : state.beat.triedAt + STALL_MS;
  const own = state.beat === null ? [state.dueAt, state.closesAt] : [stalls, state.beat.retryAt];
  const times = [...own, endsAt(state)].filter((time) => time !== null);
  return times.length ? Math.min(...times) : null;
}

/** An answer: `sequence` of its beat, `status` (0: none came), `body`, `retryAfterMs`. */
export function beatAnswered(state, answer, now) {
  if (state.screen !== "playing" || !state.beat || state.beat.body.sequence !== answer.sequence) return [state, ended(state, answer)];
  const { status, body } = answer;
  if (status === 200 && body.reason !== "unavailable") return obey(state, body, now);
  if (status === 401) return revoke(state);
  if (status === 409) return drop(state, body.reason === "taken_over" ? "taken_over" : "session_ended");
  if (status === 404 || status === 403) return lost(state, status, now);
  if (status >= 400 && status < 500 && status !== 429) return drop(state, "defect");
  return failed(state, answer, now);
}

/** A session that began after all, though the child had left: end it. */
function ended(state, { status, body }) {
  const began = status === 200 && body.session_id !== NIL && body.session_id !== state.sessionId;
  return began ? [{ do: "end", sessionId: body.session_id }] : [];
}

function lost(state, status, now) {
  if (state.sessionId !== null) return drop(state, "session_ended");
  if (status === 403) return revoke(state);
  const [next, effects] = toChoosing(state, now);
  return [next, [...effects, { do: "toast", text: "titleGone" }]];
}

function failed(state, { status, retryAfterMs }, now) {
  const closed = status === 200; // the service fails closed, so the film may not go on
  const retryAt = now + retryDelay(state.beat.tries, retryAfterMs);
  const trouble = status === 0 ? "offline" : "unavailable";
  const isStalled = state.isStalled || closed;
  return [settle({ ...state, isStalled, trouble, beat: { ...state.beat, retryAt } }, now), []];
}

function obey(state, body, now) {
  const isBegun = body.session_id !== NIL;
  const sessionId = isBegun ? body.session_id : state.sessionId;
  if (body.enforcement === "blocked") return lock({ ...state, sessionId }, refusal(body), now);
  const [warned, warning, effects] = warn(state, body);
  const next = {
    ...state,
    sessionId,
    warned,
    warning,
    beat: null,
    trouble: null,
    dueAt: countedUntil(state, now) + interval(state.speed),
    isStalled: false,
    isLearning: body.is_educational,
    isFree: isFree(state, body),
    wasPaused: state.beat.body.is_paused,
    closesAt: closesAt(body, now),
    ending: body.finishing ? "now" : body.can_finish ? "can" : null,
    left: answered(body.remaining_minutes),
  };
  return [settle(next, now), effects];
}

/**
 * When the time that the answered beat covers began. Beats are owed by time played: where timers came late, because
 * a browser slowed them down, the ones that were missed are due now, and each is sent with a number of its own.
 */
function countedUntil(state, now) {
  if (state.isStalled) return now;
  return state.isPaused ? state.beat.triedAt : Math.max(state.beat.dueAt, now - MAX_OWED_BEATS * interval(state.speed));
}

/** Whether this title is seen to use no time: the answers do not say so, but what is left does. */
function isFree(state, body) {
  if (!body.is_educational || body.remaining_minutes === null) return false;
  // Long pauses do not count either.
  if (state.beat.body.is_paused || state.wasPaused) return state.isFree;
  const before = state.left ? state.left.seconds : null;
  return before === null ? state.isFree : Math.round(body.remaining_minutes * 60) >= before;
}

/** When it stops whatever time is left: by the service's own count, for a device's clock may be wrong. */
function closesAt({ closes_at: closes, limited_by: by, remaining_minutes: minutes, finishing }, now) {
  return closes && !finishing && isOfHours(by) ? now + minutes * 60000 : null;
}

function isOfHours(limitedBy) {
  return limitedBy === "hours" || limitedBy === "lock";
}

/**
 * A word at 15 and at 5 minutes, once each; more time makes the later one possible again. It stays until a child says
 * that it was seen: a child who looks away would miss a warning that disappears.
 */
function warn({ warned, warning }, { enforcement, remaining_minutes: minutes, limited_by: by, finishing }) {
  if (enforcement === "allowed") return [null, null, []];
  const threshold = enforcement === "warning_5" ? 5 : 15;
  if (finishing) return [threshold, null, []];
  if (warned !== null && threshold >= warned) return [threshold, warning, []];
  const [at15, at5] = isOfHours(by) ? ["fifteenToClose", "fiveToClose"] : ["fifteenLeft", "fiveLeft"];
  return [threshold, { threshold, text: threshold === 5 ? at5 : at15, minutes }, [{ do: "chime", threshold }]];
}
