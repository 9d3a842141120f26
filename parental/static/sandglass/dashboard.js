/* Keeps the dashboard true while somebody looks at it; without it the page is as good as when it was loaded. */

const EVERY_MS = 20_000;
const SECTION = "#today";
let isLeaving = false;

function isBusy(section) {
  // Do not replace what someone is about to press.
  const busy = "a:focus, button:focus, summary:focus, details[open]";
  return isLeaving || section.matches(":active") || section.querySelector(busy) !== null;
}

async function refresh() {
  const section = document.querySelector(SECTION);
  if (document.visibilityState !== "visible" || isBusy(section)) return;
  let answer;
  try {
    answer = await fetch(location.pathname, { headers: { Accept: "text/html" }, cache: "no-store" });
  } catch {
    return; // no network: the next try comes
  }
  if (answer.redirected) {
    location.reload(); // logged out in the meantime
    return;
  }
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(SECTION);
  if (!fresh || isBusy(section)) return;
  const focused = document.activeElement?.id; // the card that the address names
  section.replaceWith(fresh);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

// A second tap while a form is on its way must send the same form: a fresh one would give the time again.
document.addEventListener("submit", () => { isLeaving = true; });
window.addEventListener("pageshow", () => { isLeaving = false; });
setInterval(refresh, EVERY_MS);
document.addEventListener("visibilitychange", refresh);
