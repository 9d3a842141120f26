/* "This screen": a parent disconnects it with the PIN; a child must not. */

import { disconnect } from "./api.js";
import { closeDialog, openDialog } from "./dialogs.js";
import { complaint, makePinPad } from "./pinpad.js";

const $ = (id) => document.getElementById(id);

/** `players()` gives those of the screen, `current()` the one that watches; `onDisconnected()` is called when it is done. */
export function makeThisScreen({ players, current, onDisconnected }) {
  const dialog = $("device");
  const first = $("device-about");
  const pad = $("device-pin");

  async function send(digits) {
    // Any of the screen's tokens will do: one that was revoked proves nothing.
    for (const player of [current() || players()[0], ...players()]) {
      const answer = await disconnect(player, players(), digits);
      if (answer.status === 401) continue;
      if (answer.status !== 204) return complaint(answer, "noPinToDisconnect");
      break;
    }
    closeDialog(dialog);
    onDisconnected();
    return null;
  }

  const pinPad = makePinPad(pad, send, showFirst);

  function showFirst() {
    pad.hidden = true;
    first.hidden = false;
    $("keep-paired").focus();
  }

  $("keep-paired").addEventListener("click", () => closeDialog(dialog));
  $("unpair").addEventListener("click", () => {
    first.hidden = true;
    pinPad.open();
  });

  return {
    open() {
      openDialog(dialog);
      showFirst();
    },
  };
}
