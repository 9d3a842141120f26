/* What the page shows of a state. Writes to the DOM what differs, and moves the focus when the screen changes. */

import { now } from "./clock.js";
import { isFilmRunning } from "./states.js";
import { draw } from "./scene.js";
import { calmIdeas, duration, ideas, moment, say } from "./texts.js";
import { AMBER_SECONDS, shownSeconds, tone } from "./timeleft.js";
import { showPlayers, showWhose } from "./whose.js";

const $ = (id) => document.getElementById(id);
const SAND_FULL_SECONDS = 2 * 60 * 60;
const seen = {};

/** Whether the value is another than at the last call with this name. */
function changed(name, value) {
  const differs = seen[name] !== value;
  seen[name] = value;
  return differs;
}

function write(id, text) {
  if (changed(id, text)) $(id).textContent = text;
}

function fill(element, children) {
  element.textContent = "";
  element.append(...children);
}

export function render(state) {
  showScreen(state);
  write("trouble-text", troubleText(state));
  $("trouble").hidden = state.trouble === null;
  showTimeLeft(state);
  showWhose(state);
  if (state.screen === "pairing") showPairing(state);
  if (state.screen === "who") showWho(state);
  if (changed("titles", state.titles)) showTitles(state.titles || []);
  if (state.screen === "choosing") focusFirst("choosing", $("titles"));
  $("loading").hidden = state.titles !== null;
  if (state.title !== null && state.screen === "playing") showFilm(state);
  showWarning(state.warning);
  if (state.screen === "locked") showLocked(state);
  if (state.screen === "dropped") showDropped(state);
}

function showScreen({ screen, players }) {
  document.body.dataset.paired = String(players.length > 0);
  if (!changed("screen", screen)) return;
  document.body.dataset.screen = screen;
  for (const section of document.querySelectorAll("[data-screen-name]")) {
    section.hidden = section.dataset.screenName !== screen;
  }
  const heading = document.querySelector(`[data-screen-name="${screen}"] h1`);
  document.title = say("pageTitle", { screen: heading.textContent.trim() });
  (document.querySelector(`[data-screen-name="${screen}"] [data-focus]`) || heading).focus();
  window.scrollTo(0, 0);
}

/** From the heading, where a new screen begins, on to what can be chosen: else a remote control lights nothing at first. */
function focusFirst(screen, list) {
  const heading = document.querySelector(`[data-screen-name="${screen}"] h1`);
  const first = list.querySelector("button");
  if (first && document.activeElement === heading) first.focus();
}

function troubleText({ trouble, screen, isStalled }) {
  if (trouble === null) return "";
  const doesFilmWait = screen === "playing" && isStalled;
  if (doesFilmWait) return say(trouble === "offline" ? "offlineFilmWaits" : "unavailableFilmWaits");
  return say(trouble);
}

/** Called many times a second as well: the display runs on between two answers. */
export function showTimeLeft(state) {
  const seconds = shownSeconds(state.left, now(), state.speed);
  const isLimited = seconds !== null || state.isLifted;
  const isKnown = state.left !== null && isLimited && !["pairing", "who", "locked"].includes(state.screen);
  $("time-left").hidden = !isKnown;
  if (!isKnown) return;
  write("time-left-value", seconds === null ? say("noLimit") : duration(seconds));
  if (changed("tone", tone(seconds))) $("time-left").dataset.tone = tone(seconds);
  write("time-left-hint", seconds !== null && seconds < AMBER_SECONDS ? say(seconds === 0 ? "none" : "soonOver") : "");
  const share = seconds === null ? 1 : Math.min(1, seconds / SAND_FULL_SECONDS);
  if (changed("sand", share.toFixed(3))) showSand(share);
}

/** The sand above runs down into the sand below. */
function showSand(share) {
  $("sand-above").setAttribute("y", String(4 + 8 * (1 - share)));
  $("sand-above").setAttribute("height", String(8 * share));
  $("sand-below").setAttribute("y", String(12 + 8 * share));
  $("sand-below").setAttribute("height", String(8 * (1 - share)));
}

function showPairing({ notice, isChecking }) {
  write("pairing-notice", notice ? say(notice) : "");
  $("pairing-notice").hidden = notice === null;
  $("pair").disabled = isChecking;
  $("code").setAttribute("aria-invalid", String(notice === "badCode"));
}

function showWho({ players, notice }) {
  if (changed("players", players)) showPlayers(players);
  write("who-notice", notice ? say(notice === "revoked" ? "oneRevoked" : notice) : "");
  $("who-notice").hidden = notice === null;
  focusFirst("who", $("players"));
}

/** The code to connect this screen by, and its QR code. */
export function showCode({ code, address }) {
  $("pairing-code").textContent = code;
  $("pairing-address").textContent = address;
  const picture = $("pairing-qr");
  picture.src = `/player/qr?code=${encodeURIComponent(code)}`;
  picture.alt = say("qr", { code, address });
  $("by-code").hidden = false;
  $("no-code").hidden = true;
}

function showTitles(titles) {
  const cards = titles.map((title) => {
    const card = $("title-card").content.firstElementChild.cloneNode(true);
    card.querySelector("[data-name]").textContent = title.name;
    card.querySelector("[data-badge]").hidden = !title.is_educational;
    const button = card.querySelector("button");
    button.dataset.titleId = title.id;
    // Not `disabled`: a remote control could not reach it, and nobody would read why.
    if (title.may_begin === false) button.setAttribute("aria-disabled", "true");
    card.querySelector("[data-hint]").textContent = hint(title);
    button.prepend(draw(title.name));
    return card;
  });
  const focused = document.activeElement.dataset.titleId;
  fill($("titles"), cards);
  const same = focused && $("titles").querySelector(`[data-title-id="${focused}"]`);
  if (same) same.focus();
  $("no-titles").hidden = seen.titles === null || titles.length > 0;
}

/** What a child should know before a title begins. */
function hint(title) {
  if (title.may_begin === false) return say("notNow");
  return title.fits === false ? say("tooLong") : "";
}

function showWarning(warning) {
  const text = warning === null ? "" : say(warning.text, { minutes: Math.ceil(warning.minutes) });
  if (!changed("warning", text)) return;
  const hadFocus = $("warning").contains(document.activeElement);
  $("warning-text").textContent = text;
  $("warning").hidden = warning === null;
  if (warning !== null) $("warning").dataset.threshold = String(warning.threshold);
  // On a TV it would take a way round the film to get there.
  if (warning !== null && $("pause") === document.activeElement) $("warning-seen").focus();
  else if (hadFocus) $("pause").focus();
}

function showFilm(state) {
  const { title, isPaused, isFree } = state;
  if (changed("film", title.id)) fill($("film-picture"), [draw(title.name)]);
  write("film-title", title.name);
  $("film-badge").hidden = !title.is_educational;
  $("film-free").hidden = !isFree;
  write("film-ending", state.ending === null ? "" : say(state.ending === "now" ? "finishing" : "canFinish"));
  $("film-ending").hidden = state.ending === null;
  $("film").classList.toggle("running", isFilmRunning(state));
  if (changed("paused", isPaused)) {
    $("pause").dataset.paused = String(isPaused);
    $("pause-text").textContent = say(isPaused ? "resume" : "pause");
  }
  const starts = state.sessionId === null && state.trouble === null;
  write("film-state", starts ? say("starting") : state.isStalled ? say("waiting") : isPaused ? say("paused") : "");
  $("film-state").hidden = seen["film-state"] === "";
}

const HEADINGS = { locked: "lockedHeading", week_limit_reached: "weekHeading", limit_reached: "limitHeading" };
const HOURS = { bedtime: "bedtimeHeading", school: "schoolHeading" };

function showLocked({ refusal }) {
  if (!changed("locked", JSON.stringify(refusal))) return;
  const { reason, kind, note, sentence, until } = refusal;
  const isClosed = reason === "outside_hours";
  const heading = say(isClosed ? HOURS[kind] || "closedHeading" : HEADINGS[reason] || "limitHeading");
  write("locked-heading", heading);
  const isDay = reason === "locked" || (isClosed && kind !== "bedtime");
  document.querySelector("[data-screen-name=locked]").dataset.picture = isDay ? "day" : "night";
  document.title = say("pageTitle", { screen: heading });
  write("locked-note", note);
  $("locked-note").hidden = !note;
  // The sentence says until when, except of time that is used up.
  const isSaid = sentence && (isClosed || reason === "locked");
  write("next-time", isSaid ? sentence : until ? say("nextTime", { time: moment(until, Date.now()) }) : "");
  const fitting = isClosed && kind === "bedtime" ? calmIdeas : ideas;
  if (changed("ideas", fitting)) showIdeas();
}

let nextIdea = Math.floor(Math.random() * ideas.length);

/** Three others each time. */
export function showIdeas() {
  const fitting = seen.ideas || ideas;
  const three = [0, 1, 2].map((n) => fitting[(nextIdea + n) % fitting.length]);
  nextIdea += 3;
  const items = three.map((idea) => Object.assign(document.createElement("li"), { textContent: idea }));
  fill($("ideas"), items);
}

function showDropped({ reason, title }) {
  if (!changed("dropped", reason)) return;
  write("dropped-heading", say(`${reason}Heading`));
  write("dropped-text", say(`${reason}Text`));
  $("play-here").hidden = title === null;
  document.title = say("pageTitle", { screen: say(`${reason}Heading`) });
}

/** A word that goes away by itself; a screen reader reads it out. */
export function toast(text) {
  const item = Object.assign(document.createElement("p"), { className: "toast", textContent: text });
  $("toasts").append(item);
  setTimeout(() => item.remove(), 8000);
}
