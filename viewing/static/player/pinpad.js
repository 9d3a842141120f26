/* The pad on which a parent enters the PIN: by touch, by arrow keys, by a keyboard. */

import { isForGood, moment, say } from "./texts.js";

const LENGTH = 4;

/** `send(digits)` returns a promise: of null when it is done, else of what to complain about. {open, isOpen}. */
export function makePinPad(pad, send, onBack) {
  const find = (name) => pad.querySelector(`[data-${name}]`);
  let digits = "";
  let isSending = false;

  function complain(text) {
    find("message").textContent = text;
    pad.classList.remove("wrong");
    if (text) requestAnimationFrame(() => pad.classList.add("wrong"));
  }

  function setDigits(text) {
    digits = text.slice(0, LENGTH);
    [...find("dots").children].forEach((dot, n) => dot.classList.toggle("filled", n < digits.length));
    find("count").textContent = digits ? say("digits", { count: digits.length }) : "";
    if (digits.length === LENGTH) finish();
  }

  async function finish() {
    isSending = true;
    pad.setAttribute("aria-busy", "true");
    const complaint = await send(digits);
    isSending = false;
    pad.removeAttribute("aria-busy");
    setDigits("");
    if (complaint !== null) complain(complaint);
  }

  function press(digit) {
    if (isSending) return;
    complain("");
    setDigits(digits + digit);
  }

  function erase() {
    if (!isSending) setDigits(digits.slice(0, -1));
  }

  function open() {
    complain("");
    setDigits("");
    pad.hidden = false;
    pad.querySelector("[data-digit]").focus();
  }

  pad.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.digit) press(button.dataset.digit);
    else if ("erase" in button.dataset) erase();
    else if ("back" in button.dataset) onBack();
  });
  pad.closest("dialog").addEventListener("keydown", (event) => {
    if (pad.hidden) return;
    if (/^[0-9]$/.test(event.key)) press(event.key);
    else if (event.key === "Backspace") erase();
  });

  return { open };
}

/** What to complain about where a PIN was refused; `noPin` names the sentence for a family without one. */
export function complaint({ status, lockedUntil }, noPin) {
  if (status === 0) return say("offline");
  if (lockedUntil !== null) {
    if (isForGood(lockedUntil)) return say("pinLockedForGood");
    return say("pinLocked", { time: moment(lockedUntil, Date.now()) });
  }
  if (status === 400) return say(noPin);
  return say(status === 403 ? "wrongPin" : "busy");
}
