/* "Ask a parent": how much more time, and the PIN that allows it. */

import { grant } from "./api.js";
import { closeDialog, openDialog } from "./dialogs.js";
import { isForGood, moment, say } from "./texts.js";

const LENGTH = 4;
const $ = (id) => document.getElementById(id);

/**
 * `pairing()` gives the present one; `isClosed()`: whether hours are closed, so that time is given despite them;
 * `onGranted(body)` hears of a grant, `onRevoked()` of a token that is no more.
 */
export function makeMoreTime({ pairing, isClosed, onGranted, onRevoked }) {
  const dialog = $("more-time");
  const amounts = $("amounts");
  const pad = $("pin-pad");
  let minutes = null;
  let digits = "";
  let isSending = false;

  function show(step) {
    amounts.hidden = step !== "amounts";
    pad.hidden = step !== "pin";
    (step === "pin" ? $("pin-keys").querySelector("button") : amounts.querySelector("button")).focus();
  }

  function complain(text) {
    $("pin-message").textContent = text;
    pad.classList.remove("wrong");
    if (text) requestAnimationFrame(() => pad.classList.add("wrong"));
  }

  function setDigits(text) {
    digits = text.slice(0, LENGTH);
    [...$("pin-dots").children].forEach((dot, n) => dot.classList.toggle("filled", n < digits.length));
    $("pin-count").textContent = digits ? say("digits", { count: digits.length }) : "";
    if (digits.length === LENGTH) send();
  }

  function press(digit) {
    if (isSending) return;
    complain("");
    setDigits(digits + digit);
  }

  function erase() {
    if (!isSending) setDigits(digits.slice(0, -1));
  }

  async function send() {
    isSending = true;
    pad.setAttribute("aria-busy", "true");
    const answer = await grant(pairing(), { minutes, pin: digits, despite_hours: isClosed() });
    isSending = false;
    pad.removeAttribute("aria-busy");
    setDigits("");
    if (answer.status === 200) {
      closeDialog(dialog);
      onGranted(answer.body);
    } else if (answer.status === 401) {
      closeDialog(dialog);
      onRevoked();
    } else {
      complain(refusal(answer));
    }
  }

  function refusal({ status, lockedUntil }) {
    if (status === 0) return say("offline");
    if (lockedUntil !== null) {
      if (isForGood(lockedUntil)) return say("pinLockedForGood");
      return say("pinLocked", { time: moment(lockedUntil, Date.now()) });
    }
    if (status === 400) return say("noPin");
    if (status === 403) return say("wrongPin");
    return say("busy");
  }

  function open() {
    complain("");
    setDigits("");
    openDialog(dialog);
    show("amounts");
  }

  amounts.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-minutes]");
    if (!button) return;
    minutes = button.dataset.minutes ? Number(button.dataset.minutes) : null;
    $("pin-for").textContent = button.textContent.trim();
    show("pin");
  });
  pad.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.digit) press(button.dataset.digit);
    else if (button.id === "pin-erase") erase();
    else if (button.id === "pin-back") show("amounts");
  });
  dialog.addEventListener("keydown", (event) => {
    if (pad.hidden) return;
    if (/^[0-9]$/.test(event.key)) press(event.key);
    else if (event.key === "Backspace") erase();
  });
  for (const button of dialog.querySelectorAll("[data-close]")) button.addEventListener("click", () => closeDialog(dialog));

  return { open, close: () => closeDialog(dialog) };
}
