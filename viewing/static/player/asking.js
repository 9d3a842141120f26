/* Asking the parents for more time: from the lock screen, and when the time is almost over. The answer comes here. */

import * as api from "./api.js";
import { closeDialog, openDialog } from "./dialogs.js";
import { news, offer, latest } from "./requests.js";
import { moment, say } from "./texts.js";

const EVERY_MS = 5000;
const $ = (id) => document.getElementById(id);

/** `pairing()` gives the present one, `toast(text)` says a word. {set(state), look()}. */
export function makeAsking({ pairing, toast }) {
  let whose = null; // the pairing of the child whose requests these are
  let requests = null;
  let place = null; // where the child may ask now: locked, playing
  let turn = 0; // an answer that arrives after another was asked for is dropped
  let timer = null;
  let minutes = null;
  let isSending = false;

  /** The child may ask when nothing is left, or at the last warning. */
  function set({ screen, warned }) {
    const next = screen === "locked" ? "locked" : screen === "playing" && warned === 5 ? "playing" : null;
    const isAnother = pairing() !== whose;
    if (isAnother) requests = null;
    whose = pairing();
    if (next === place && !isAnother) return;
    place = next;
    if (place !== null) look();
    else if ($("ask-dialog").hasAttribute("open")) closeDialog($("ask-dialog"));
    render();
  }

  async function look() {
    turn += 1;
    clearTimeout(timer);
    timer = null;
    const [mine, asked] = [turn, pairing()];
    if (asked === null) return;
    const answer = await api.requests(asked);
    if (mine !== turn || pairing() !== asked) return;
    if (answer.status === 200) hear(latest(answer.body));
    if ((requests === null && place !== null) || (requests !== null && requests.open !== null)) {
      timer = setTimeout(look, EVERY_MS);
    }
  }

  function hear(next) {
    const answered = news(requests, next);
    requests = next;
    if (answered !== null) toast(inWords(answered));
    $("unlocked-note").textContent = next.last !== null && next.last.state === "granted" ? inWords(next.last) : "";
    render();
  }

  function inWords({ state, granted_minutes: granted, note }) {
    const sentence = state === "granted"
      ? granted === null ? say("saidUnlimited") : say("saidYes", { minutes: granted })
      : say(state === "declined" ? "saidNo" : "noAnswer");
    return note ? say("withNote", { sentence, note }) : sentence;
  }

  function render() {
    const { may, isOpen, minutes: asked, declined, until } = offer(requests, Date.now());
    $("ask").hidden = !may;
    $("ask-now").hidden = !may || place !== "playing";
    $("withdraw").hidden = !isOpen;
    $("ask-text").textContent = isOpen
      ? say("youAsked", { minutes: asked })
      : [declined ? inWords(declined) : "", until ? say("askAgain", { time: moment(until, Date.now()) }) : ""].join(" ").trim();
  }

  function show(step) {
    $("ask-amounts").hidden = step !== "amounts";
    $("ask-reasons").hidden = step !== "reasons";
    $(step === "amounts" ? "ask-amounts" : "ask-reasons").querySelector("button").focus();
  }

  function open() {
    $("ask-message").textContent = "";
    openDialog($("ask-dialog"));
    show("amounts");
  }

  async function send(reason) {
    if (isSending) return;
    isSending = true;
    const answer = await api.ask(pairing(), { minutes, reason });
    isSending = false;
    if (answer.status === 201 || answer.status === 200 || answer.status === 409 || answer.status === 429) {
      closeDialog($("ask-dialog"));
      if (answer.status === 201 && place === "playing") toast(say("youAsked", { minutes }));
      if (answer.status === 429) toast(say("askLater"));
      look();
    } else {
      $("ask-message").textContent = say(answer.status === 0 ? "offline" : "busy");
    }
  }

  async function withdraw() {
    if (requests === null || requests.open === null) return;
    await api.withdraw(pairing(), requests.open.id);
    requests = null; // what the child did needs no word
    look();
  }

  for (const id of ["ask", "ask-now"]) $(id).addEventListener("click", open);
  $("withdraw").addEventListener("click", withdraw);
  $("ask-amounts").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    minutes = Number(button.dataset.minutes);
    show("reasons");
  });
  $("ask-reasons").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) send(button.dataset.reason);
  });
  $("ask-dialog").addEventListener("keydown", (event) => {
    if (!["GoBack", "BrowserBack", "Escape"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation(); // the remote's Back also leaves the film
    if ($("ask-reasons").hidden) closeDialog($("ask-dialog"));
    else show("amounts");
  });
  for (const button of $("ask-dialog").querySelectorAll("[data-close]")) {
    button.addEventListener("click", () => closeDialog($("ask-dialog")));
  }

  return { set, look };
}
