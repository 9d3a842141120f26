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
