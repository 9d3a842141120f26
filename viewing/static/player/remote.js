/* Arrow keys, as a TV's remote control sends them: go to the nearest control in that direction. Enter presses it. */

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const CONTROLS = "button, a[href], input, summary, [tabindex='0']";
const BACK_KEYS = ["GoBack", "BrowserBack", "XF86Back", "Escape"];
const BACK_CODES = [461, 10009]; // webOS and Tizen, which name the key otherwise or not at all
// Where engines name the media keys by numbers only.
const MEDIA_CODES = { 19: "MediaPause", 179: "MediaPlayPause", 413: "MediaStop", 415: "MediaPlay", 10252: "MediaPlayPause" };

function centre(element) {
  const box = element.getBoundingClientRect();
  return [box.left + box.width / 2, box.top + box.height / 2];
}

function controls() {
  const scope = document.querySelector("dialog[open]") || document;
  const isHere = (element) => !element.disabled && !element.matches(".skip") && element.getClientRects().length > 0;
  return [...scope.querySelectorAll(CONTROLS)].filter(isHere);
}

/** To the left and right what is in the same row comes first, however wide it is. */
function inRow(from, candidates, dx) {
  const { top, bottom } = from.getBoundingClientRect();
  const [x] = centre(from);
  return candidates.filter((candidate) => {
    const box = candidate.getBoundingClientRect();
    return box.top < bottom && box.bottom > top && (centre(candidate)[0] - x) * dx > 4;
  });
}

/** The nearest in a direction; what lies aside is farther than what lies ahead. */
export function nearest(from, all, [dx, dy]) {
  const row = dx === 0 ? [] : inRow(from, all, dx);
  const candidates = row.length > 0 ? row : all;
  const [x, y] = centre(from);
  let best = null;
  let least = Infinity;
  for (const candidate of candidates) {
    const [cx, cy] = centre(candidate);
    const ahead = (cx - x) * dx + (cy - y) * dy;
    const aside = Math.abs((cx - x) * dy) + Math.abs((cy - y) * dx);
    if (candidate === from || ahead <= 4 || ahead + 3 * aside >= least) continue;
    least = ahead + 3 * aside;
    best = candidate;
  }
  return best;
}

/** `onBack()` goes one step up and says whether there was one; `onMedia(key)` gets the film's keys by their names. */
export function listen({ onBack, onMedia }) {
  document.addEventListener("keydown", (event) => {
    const isBack = BACK_KEYS.includes(event.key) || BACK_CODES.includes(event.keyCode);
    if (isBack && onBack()) event.preventDefault();
    const media = event.key.startsWith("Media") ? event.key : MEDIA_CODES[event.keyCode];
    if (media) onMedia(media);
    const step = STEPS[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    const focused = document.activeElement;
    // In a text these keys move the cursor, among radio buttons the choice.
    if (focused.matches("input") && step[1] === 0) return;
    const all = controls();
    const isFocused = all.includes(focused);
    const next = isFocused ? nearest(focused, all, step) : all.find((one) => one.closest("main, dialog")) || all[0];
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  });
}
