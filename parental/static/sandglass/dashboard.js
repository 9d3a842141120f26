/*
 * Keeps the dashboard true while somebody looks at it; without it the page is as good as when it was loaded.
 *
 * A card waits to be replaced only while a finger is down on it or a fold is open. The focus moves to the same control
 * of the fresh card, so a link that has it holds nothing up.
 */

const EVERY_MS = 20_000;
const SECTION = "#today";
let isLeaving = false;

let isPointerDown = false;
let seenAt = new Date();
for (const [type, isDown] of [["pointerdown", true], ["pointerup", false], ["pointercancel", false]]) {
  document.addEventListener(type, () => {
    isPointerDown = isDown;
  });
}

function isBusy(section) {
  return isLeaving || isPointerDown || section.querySelector("details[open]") !== null;
}

/** A control by what it does: its fresh copy has the same. */
function nameOf(element) {
  const form = element.closest("form");
  return [element.id, element.tagName, element.getAttribute("href"), form && form.getAttribute("action"), element.value].join("|");
}

function replace(section, fresh) {
  const focused = section.contains(document.activeElement) ? nameOf(document.activeElement) : null;
  section.replaceWith(fresh);
  if (focused === null) return;
  const same = [...fresh.querySelectorAll("a, button, summary, [tabindex]")].find((one) => nameOf(one) === focused);
  if (same) same.focus({ preventScroll: true });
}

/** Says since when the page is old; `isStale` false: it is not. */
function showStale(isStale) {
  const note = document.getElementById("stale");
  note.hidden = !isStale;
  if (!isStale) return;
  const time = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" }).format(seenAt);
  note.textContent = note.dataset.text.replace("{time}", time);
}

async function refresh() {
  const section = document.querySelector(SECTION);
  if (document.visibilityState !== "visible" || isBusy(section)) return;
  let answer;
  try {
    answer = await fetch(location.pathname, { headers: { Accept: "text/html" }, cache: "no-store" });
  } catch {
    showStale(true); // no network: the next try comes
    return;
  }
  if (answer.redirected) {
    location.reload(); // logged out in the meantime
    return;
  }
  showStale(!answer.ok);
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(SECTION);
  if (!fresh || isBusy(section)) return;
  seenAt = new Date();
  replace(section, fresh);
}

document.addEventListener("submit", (event) => {
  if (navigator.onLine) {
    // A second tap while a form is on its way must send the same form: a fresh one would give the time again.
    isLeaving = true;
    return;
  }
  // Without a network a tap would end in the browser's own page of errors.
  event.preventDefault();
  showStale(true);
});
window.addEventListener("pageshow", () => { isLeaving = false; });
setInterval(refresh, EVERY_MS);
document.addEventListener("visibilitychange", refresh);
window.addEventListener("offline", () => showStale(true));
window.addEventListener("online", refresh);
document.addEventListener("sandglass:changed", refresh); // live.js
