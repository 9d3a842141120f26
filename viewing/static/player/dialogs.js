/* Dialogs, also in engines that do not know them: there they are part of the page while they are open. */

export function openDialog(dialog) {
  if (dialog.showModal) dialog.showModal();
  else dialog.setAttribute("open", "");
}

export function closeDialog(dialog) {
  if (!dialog.hasAttribute("open")) return;
  if (dialog.close) dialog.close();
  else dialog.removeAttribute("open");
}

/** One step back in the dialog that is open, from its PIN pad or out of it. Whether there was one. */
export function goBackInDialog() {
  const dialog = document.querySelector("dialog[open]");
  if (!dialog) return false;
  const back = dialog.querySelector(".pin-pad:not([hidden]) [data-back]");
  if (back) back.click();
  else closeDialog(dialog);
  return true;
}
