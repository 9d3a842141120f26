/*
 * What the player does: a state and an event give the next state and what must be done. Pure: no DOM, no clock, no
 * network; `now` in ms. main.js does the effects and brings their answers back as events.
 */

import * as beating from "./beating.js";
import { initial, lock, NOT_PLAYED, NOT_PLAYING, refusal, revoke, settle, toChoosing, toWho, unpair } from "./states.js";
import { answered } from "./timeleft.js";

const RELOAD_MS = 60000;

const events = {
  opened: (state, _event, now) => (state.pairing ? toChoosing(state, now) : [state, []]),
  pair,
  checked,
  paired,
  choosePlayer,
  switchPlayer: (state) => (state.players.length > 1 ? toWho(state) : [state, []]),
  codeNotice: (state, { notice }) => [{ ...state, notice }, []],
  unpair: (state) => unpair(state),
  browse,
  titles: gotTitles,
  balance: gotBalance,
  pick: (state, { title }, now) => play({ ...state, title, played: NOT_PLAYED }, now),
  togglePause: (state, _event, now) => pause(state, !state.isPaused, now),
  hidden: (state, _event, now) => pause(state, true, now),
  stop: (state, _event, now) => toChoosing(state, now),
  wake: (state, _event, now) => (state.screen === "playing" ? beating.tick(state, now) : reload(state, now)),
  beatAnswered: (state, answer, now) => beating.beatAnswered(state, answer, now),
  eligibility,
  granted,
  warningSeen: (state) => [{ ...state, warning: null }, []],
  goOn: (state, _event, now) => goOn(state, now),
  playHere: (state, _event, now) => play(state, now),
  stateReceived,
  networkLost: (state) => [{ ...state, trouble: state.trouble || "offline" }, []],
  networkBack,
  speed: setSpeed,
};

/** The next state, and a list of {do: …}. */
export function reduce(state, event, now) {
  return events[event.type](state, event, now);
}

/** When a `wake` has something to do, in ms; null: not by time alone. */
export function wakesAt(state) {
  if (state.screen === "playing") return beating.wakesAt(state);
  return state.screen === "choosing" && state.loadedAt !== null ? state.loadedAt + RELOAD_MS : null;
}

/** Whether the service must be asked again and again: for more time, or whether it is there at all. */
export function isWaiting(state) {
  return state.screen === "locked" || state.isAsking;
}

/** A link or code was given, null where it holds none; what is kept already stays until it proves good. */
function pair(state, { pairing }) {
  const end = state.sessionId === null ? [] : [{ do: "end", sessionId: state.sessionId }];
  const fresh = { ...initial({ ...state, players: [] }), isChecking: pairing !== null };
  if (pairing === null) return [{ ...fresh, notice: "badCode" }, end];
  return [fresh, [...end, { do: "check", pairing }]];
}

function checked(state, { status, pairing }, now) {
  const next = { ...state, isChecking: false };
  if (status !== 200) return [{ ...next, notice: status === 0 || status >= 500 ? "offline" : "badCode" }, []];
  const players = [pairing];
  const [choosing, effects] = toChoosing({ ...next, players, pairing, notice: null }, now);
  return [choosing, [{ do: "remember", players }, ...effects]];
}

/** A parent approved the code that the screen showed. */
function paired(state, { players }, now) {
  const next = initial({ ...state, players });
  const [then, effects] = next.pairing === null ? [next, []] : toChoosing(next, now);
  return [then, [{ do: "remember", players }, ...effects]];
}

function choosePlayer(state, { profileId }, now) {
  const pairing = state.players.find((player) => player.profileId === profileId);
  return toChoosing({ ...initial(state), pairing }, now);
}

/** From the lock screen to the titles: to see what there is, and what may still be watched. */
function browse(state, _event, now) {
  const [next, effects] = toChoosing(state, now);
  return [{ ...next, isBrowsing: true }, effects];
}

function play(state, now) {
  // Standing still until the first answer allows it.
  const next = { ...state, ...NOT_PLAYING, screen: "playing", isStalled: true, trouble: null };
  return beating.beat(settle(next, now), now);
}

function goOn(state, now) {
  if (state.title === null) return toChoosing(state, now);
  return beating.beat({ ...state, screen: "playing", isStalled: true, isPaused: false, trouble: null }, now);
}

function pause(state, isPaused, now) {
  return [state.screen === "playing" ? settle({ ...state, isPaused }, now) : state, []];
}

function reload(state, now) {
  const isDue = state.screen === "choosing" && state.loadedAt !== null && now - state.loadedAt >= RELOAD_MS;
  return isDue ? [{ ...state, loadedAt: now }, [{ do: "load" }]] : [state, []];
}

function gotTitles(state, { status, body }) {
  if (status === 401) return revoke(state);
  if (status === 200) return [{ ...state, titles: isSame(body, state.titles) ? state.titles : body }, []];
  return state.screen === "choosing" ? [without(state, status), []] : [state, []];
}

/** Asked for every minute, the titles are mostly the same: what shows them, and the finger on one, is left alone. */
function isSame(titles, others) {
  return JSON.stringify(titles) === JSON.stringify(others);
}

function gotBalance(state, { status, body }, now) {
  if (status === 401 || status === 403) return revoke(state);
  if (state.screen !== "choosing") return [state, []];
  if (status !== 200) return [without(state, status), []];
  if (body.remaining_minutes === 0 && !body.educational_only && !state.isBrowsing) return lock(state, refusal(body), now);
  const isLifted = Boolean(body.is_unlimited_override);
  return [{ ...state, isLifted, left: answered(body.remaining_minutes) }, []];
}

function without(state, status) {
  return { ...state, trouble: status === 0 ? "offline" : "unavailable", isAsking: true };
}

/** What waiting.js brings. */
function eligibility(state, { status, body }, now) {
  if (!isWaiting(state)) return [state, []];
  if (status === 401 || status === 403) return revoke(state);
  if (status !== 200) return [{ ...state, trouble: status === 0 ? "offline" : "unavailable" }, []];
  const next = { ...state, trouble: null, isAsking: false };
  if (!body.eligible) return lock(next, refusal(body), now);
  if (state.screen === "playing") return beating.beat(next, now);
  if (state.screen !== "locked") return toChoosing(next, now);
  return moreTime({ ...next, left: answered(body.remaining_minutes) }, now);
}

/** More time came without anyone here: the film waits, so that it is not used up before an empty sofa. */
function moreTime(state, now) {
  const next = { ...state, warned: null };
  if (state.title !== null) return [{ ...next, screen: "unlocked" }, []];
  const [choosing, effects] = toChoosing(next, now);
  return [choosing, [...effects, { do: "toast", text: "moreTime" }]];
}

/** A parent granted time here, by PIN. */
function granted(state, { body }, now) {
  const left = answered(body.remaining_minutes);
  const minutes = body.granted_minutes;
  const given = minutes === null ? "unlimited" : "granted";
  const toast = { do: "toast", text: body.reason ? "grantedButClosed" : given, minutes };
  const isLifted = body.remaining_minutes === null;
  const next = { ...state, left, isLifted, warned: null, warning: null };
  const mayGoOn = body.remaining_minutes !== 0 && ["locked", "unlocked"].includes(state.screen);
  if (!mayGoOn) return [settle(next, now), [toast]];
  const [went, effects] = goOn(next, now);
  return [went, [...effects, toast]];
}

/** A live event says what is left: a parent may have stopped the screen, or given time. It never starts the film. */
function stateReceived(state, { body }, now) {
  if (state.screen === "choosing") return gotBalance(state, { status: 200, body }, now);
  if (state.screen !== "playing") return [state, []];
  const isOver = body.remaining_minutes === 0 && !(body.educational_only && state.isLearning);
  // At the end of the time without a lock the next heartbeat says so, and whether the film may end.
  if (isOver) return body.locked ? lock(state, refusal(body), now) : [state, []];
  const seconds = body.remaining_minutes === null ? null : Math.round(body.remaining_minutes * 60);
  // What the last heartbeat answered already is no news, and must not stop the display.
  if (state.left === null || state.left.seconds === seconds) return [state, []];
  return [settle({ ...state, left: answered(body.remaining_minutes) }, now), []];
}

function networkBack(state, _event, now) {
  const isWaiting = state.isStalled || state.isAsking || state.screen === "locked";
  const next = isWaiting ? state : { ...state, trouble: null };
  const retries = next.beat !== null && next.beat.retryAt !== null;
  return [retries ? { ...next, beat: { ...next.beat, retryAt: now } } : next, []];
}

function setSpeed(state, { speed }, now) {
  const dueAt = state.dueAt === null ? null : Math.min(state.dueAt, now + beating.interval(speed));
  const settled = settle(state, now); // what ran so far ran at the old speed
  return [{ ...settled, speed, dueAt }, []];
}
