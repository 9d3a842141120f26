/* A parent is here: how much more time, and the PIN that allows it. */

import { grant } from "./api.js";
import { closeDialog, openDialog } from "./dialogs.js";
import { complaint, makePinPad } from "./pinpad.js";

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

  async function send(digits) {
    const answer = await grant(pairing(), { minutes, pin: digits, despite_hours: isClosed() });
    if (answer.status !== 200 && answer.status !== 401) return complaint(answer, "noPin");
    closeDialog(dialog);
    if (answer.status === 200) onGranted(answer.body);
    else onRevoked();
    return null;
  }

  const pinPad = makePinPad(pad, send, showAmounts);

  function showAmounts() {
    pad.hidden = true;
    amounts.hidden = false;
    amounts.querySelector("button").focus();
  }

  amounts.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-minutes]");
    if (!button) return;
    minutes = button.dataset.minutes ? Number(button.dataset.minutes) : null;
    $("pin-for").textContent = button.textContent.trim();
    amounts.hidden = true;
    pinPad.open();
  });
  for (const button of dialog.querySelectorAll("[data-close]")) button.addEventListener("click", () => closeDialog(dialog));

  function open() {
    openDialog(dialog);
    showAmounts();
  }

  return { open, close: () => closeDialog(dialog) };
}
