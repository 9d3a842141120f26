/* Brings it all together: events into the machine, effects out of it, one timer, and the DOM. */

import * as api from "./api.js";
import { makeAsking } from "./asking.js";
import { MAX_TIMER_MS, now } from "./clock.js";
import { goBackInDialog } from "./dialogs.js";
import { isWaiting, reduce, wakesAt } from "./machine.js";
import { makeLive } from "./live.js";
import { makeMoreTime } from "./moretime.js";
import { makeByCode } from "./bycode.js";
import { chime, isSoundOn, setSound } from "./sound.js";
import * as pairings from "./pairing.js";
import * as remote from "./remote.js";
import { render, showCode, showIdeas, showTimeLeft, toast } from "./screens.js";
import { initial } from "./states.js";
import { say } from "./texts.js";
import { makeThisScreen } from "./thisscreen.js";
import { makeWaiting } from "./waiting.js";

const $ = (id) => document.getElementById(id);

let state = initial({
  players: pairings.recall(),
  device: pairings.device(),
  // Rises over reloads of the page as well, even when the device's clock was set back: a first beat with the number of
  // an earlier one would be taken for its repetition (docs/api.md#retries-and-sequence).
  sequence: Math.max(Date.now(), pairings.lastSequence() + 1),
  speed: 1,
});
let timer = null;
const waiting = makeWaiting(
  () => api.eligibility(state.pairing, state.title),
  (answer) => dispatch({ type: "eligibility", ...answer }),
);

const byCode = makeByCode({
  deviceType: state.device.type,
  show(code) {
    const isOver = ["offline", "busy"].includes(state.notice); // what else is said is no trouble that a code ends
    dispatch({ type: "codeNotice", notice: isOver ? null : state.notice });
    showCode(code);
  },
  complain: (notice) => dispatch({ type: "codeNotice", notice }),
  onPlayers: (players) => dispatch({ type: "paired", players: pairings.fromAnswer(players) }),
});

function dispatch(event) {
  const [next, effects] = reduce(state, event, now());
  state = next;
  for (const effect of effects) perform(effect);
  clearTimeout(timer);
  const at = wakesAt(state);
  timer = at === null ? null : setTimeout(dispatch, Math.min(Math.max(0, at - now()), MAX_TIMER_MS), { type: "wake" });
  waiting.set(isWaiting(state));
  byCode.set(state.screen === "pairing" && !state.isChecking);
  if (state.screen !== "locked") moreTime.close(); // what it asks for has come
  render(state);
  asking.set(state);
  live.follow();
}

// Beats and ends leave one after the other: two that are under way together could arrive in the wrong order.
let line = Promise.resolve();

function inLine(send, then = () => {}) {
  // An error of ours is reported as any other, and what comes next is sent all the same.
  line = line.then(send).then(then).catch((error) => setTimeout(() => { throw error; }));
}

const doers = {
  beat({ body }, pairing) {
    const onAnswer = (answer) => dispatch({ type: "beatAnswered", sequence: body.sequence, ...answer });
    pairings.rememberSequence(body.sequence);
    inLine(() => api.heartbeat(pairing, body), onAnswer);
  },
  end({ sessionId }, pairing) {
    inLine(() => api.endSession(pairing, sessionId));
  },
  async load(_effect, pairing) {
    const [titles, balance] = await Promise.all([api.titles(pairing), api.balance(pairing)]);
    if (state.pairing !== pairing) return;
    dispatch({ type: "titles", ...titles });
    if (state.pairing === pairing) dispatch({ type: "balance", ...balance });
  },
  async check({ pairing }) {
    dispatch({ type: "checked", pairing, ...(await api.balance(pairing)) });
  },
  remember: ({ players }) => pairings.remember(players),
  ask: () => Promise.resolve().then(() => waiting.askNow()), // once it waits
  chime: ({ threshold }) => chime(threshold),
  toast: ({ text, minutes }) => toast(say(text, { minutes: minutes && Math.ceil(minutes) })),
};

let pairing = null; // also of an end that belongs to a pairing just given up

function perform(effect) {
  pairing = state.pairing || pairing;
  doers[effect.do](effect, pairing);
}

// What the child does ------------------------------------------------------------------------------------------------

const moreTime = makeMoreTime({
  pairing: () => state.pairing,
  isClosed: () => state.screen === "locked" && state.refusal.reason === "outside_hours",
  onGranted: (body) => dispatch({ type: "granted", body }),
  onRevoked: () => dispatch({ type: "balance", status: 401 }),
});

const thisScreen = makeThisScreen({
  players: () => state.players,
  current: () => state.pairing,
  onDisconnected: () => dispatch({ type: "unpair" }),
});
const asking = makeAsking({ pairing: () => state.pairing, toast });
const live = makeLive({
  pairing: () => state.pairing,
  onBalance(body) {
    dispatch({ type: "stateReceived", body });
    waiting.askNow();
  },
  onRequest: () => asking.look(),
  onRefused: () => dispatch({ type: "balance", status: 401 }),
});

const actions = {
  "warning-seen": () => dispatch({ type: "warningSeen" }),
  pause: () => dispatch({ type: "togglePause" }),
  stop: () => dispatch({ type: "stop" }),
  "full-screen": () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()),
  "ask-parent": () => moreTime.open(),
  "more-ideas": () => showIdeas(),
  "go-on": () => dispatch({ type: "goOn" }),
  "other-after-grant": () => dispatch({ type: "stop" }),
  "play-here": () => dispatch({ type: "playHere" }),
  "other-after-drop": () => dispatch({ type: "stop" }),
  "about-device": () => thisScreen.open(),
  "switch-player": () => dispatch({ type: "switchPlayer" }),
  "look-around": () => dispatch({ type: "browse" }),
};
for (const [id, act] of Object.entries(actions)) $(id).addEventListener("click", act);

$("pairing-form").addEventListener("submit", (event) => {
  event.preventDefault();
  dispatch({ type: "pair", pairing: pairings.read($("code").value) });
  $("code").value = "";
});

$("players").addEventListener("click", (event) => {
  const card = event.target.closest("button");
  if (card) dispatch({ type: "choosePlayer", profileId: card.dataset.profileId });
});

$("titles").addEventListener("click", (event) => {
  const card = event.target.closest("button");
  if (card && card.getAttribute("aria-disabled") !== "true") dispatch({ type: "pick", title: state.titles.find((title) => title.id === card.dataset.titleId) });
});

$("full-screen").hidden = !document.fullscreenEnabled;
$("sound").checked = isSoundOn();
$("sound").addEventListener("change", () => setSound($("sound").checked));

for (const radio of document.querySelectorAll("input[name=speed]")) {
  radio.addEventListener("change", () => dispatch({ type: "speed", speed: Number(radio.value) }));
}

/** One step up, as the remote's own key asks for. Whether there was one; else the key is the TV's. */
function goBack() {
  if (goBackInDialog()) return true;
  if (["playing", "unlocked", "dropped"].includes(state.screen) || state.isBrowsing) dispatch({ type: "stop" });
  else if (["choosing", "locked"].includes(state.screen) && state.players.length > 1) dispatch({ type: "switchPlayer" });
  else return false;
  return true;
}

const mediaKeys = {
  MediaPlayPause: () => ({ type: "togglePause" }),
  MediaPlay: () => state.isPaused && { type: "togglePause" },
  MediaPause: () => !state.isPaused && { type: "togglePause" },
  MediaStop: () => ({ type: "stop" }),
};

remote.listen({
  onBack: goBack,
  onMedia(key) {
    const event = state.screen === "playing" && key in mediaKeys && mediaKeys[key]();
    if (event) dispatch(event);
  },
});

// What the browser does ----------------------------------------------------------------------------------------------

function openLink() {
  const linked = pairings.takeFromAddress();
  if (linked) dispatch({ type: "pair", pairing: linked });
  return linked !== null;
}

window.addEventListener("hashchange", openLink);
window.addEventListener("offline", () => dispatch({ type: "networkLost" }));
window.addEventListener("online", () => {
  dispatch({ type: "networkBack" });
  waiting.askNow();
});
document.addEventListener("visibilitychange", () => document.hidden && dispatch({ type: "hidden" }));
window.addEventListener("pagehide", () => {
  if (state.sessionId !== null) api.endSession(state.pairing, state.sessionId);
});
// Back from the browser's memory, with a session that has ended.
window.addEventListener("pageshow", (event) => event.persisted && location.reload());

if (!openLink()) dispatch({ type: "opened" });
setInterval(() => showTimeLeft(state), 250);
