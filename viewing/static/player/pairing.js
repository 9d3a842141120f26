/* The pairing of this browser with a child, {profileId, token}: kept on this device (docs/api.md#pairing-link). */

const KEY = "sandglass.pairing";
const DEVICE_KEY = "sandglass.device";
const SEQUENCE_KEY = "sandglass.sequence";
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;
const TOKEN = /sgp_[A-Za-z0-9_-]{20,200}/;

/** From a pairing link, its fragment, or the code in it; null where there is no child's id and token in the text. */
export function read(text) {
  const profileId = text.match(UUID);
  const token = text.match(TOKEN);
  return profileId && token ? { profileId: profileId[0].toLowerCase(), token: token[0] } : null;
}

/** From the address, which is cleared immediately: a token must not stay in the history or in a screenshot. */
export function takeFromAddress() {
  const found = read(location.hash);
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  return found;
}

export function recall() {
  return read(stored(KEY) || "");
}

export function remember({ profileId, token }) {
  store(KEY, `${profileId}.${token}`);
}

export function clear() {
  try {
    localStorage.removeItem(KEY);
  } catch (_error) {
    // a browser that keeps nothing has nothing to clear
  }
}

/** The number of the last beat that this browser sent, 0 where none is known. */
export function lastSequence() {
  return Number(stored(SEQUENCE_KEY)) || 0;
}

export function rememberSequence(sequence) {
  store(SEQUENCE_KEY, String(sequence));
}

/** This device, for the service's records: {id, type}. */
export function device() {
  const id = stored(DEVICE_KEY) || `${browser()}-${crypto.getRandomValues(new Uint16Array(1))[0]}`;
  store(DEVICE_KEY, id);
  return { id, type: deviceType() };
}

/** Parents see it next to what is playing. */
function browser() {
  return (navigator.userAgent.match(/Edg|Firefox|Chrome|Safari/) || ["Browser"])[0];
}

function deviceType() {
  if (/\b(TV|SmartTV|Tizen|Web0S|webOS|HbbTV|BRAVIA|AFT[A-Z])/i.test(navigator.userAgent)) return "tv";
  if (!matchMedia("(pointer: coarse)").matches) return "web";
  return Math.min(screen.width, screen.height) < 600 ? "mobile" : "tablet";
}

function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch (_error) {
    return null; // private windows may refuse; then the pairing lasts as long as the page
  }
}

function store(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch (_error) {
    // see stored()
  }
}
