/*
 * What connects this browser with its children: of each a player {profileId, token, tokenId, name}, kept on this device
 * (docs/api.md#pairing-by-code). `tokenId` and `name` are "" where a link did not say them.
 */

const KEY = "sandglass.players";
const OLD_KEY = "sandglass.pairing"; // one child, as "<profile id>.<token>"
const DEVICE_KEY = "sandglass.device";
const SEQUENCE_KEY = "sandglass.sequence";
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;
const MAX_NAME = 100;
const TOKEN = /sgp_[A-Za-z0-9_-]{20,200}/;

/** From a pairing link, its fragment, or the code in it; null where there is no child's id and token in the text. */
export function read(text) {
  const profileId = text.match(UUID);
  const token = text.match(TOKEN);
  if (!profileId || !token) return null;
  return { profileId: profileId[0].toLowerCase(), token: token[0], tokenId: deviceIn(text), name: nameIn(text) };
}

function deviceIn(text) {
  const found = text.match(/[#&]device=([0-9a-f-]{36})/i);
  return found ? found[1].toLowerCase() : "";
}

function nameIn(text) {
  try {
    return decodeURIComponent((text.match(/[#&]name=([^&\s]*)/) || ["", ""])[1]).slice(0, MAX_NAME);
  } catch (_error) {
    return ""; // cut off in the middle of a character
  }
}

/** From the API's answer. */
export function fromAnswer(players) {
  return players.map((one) => ({
    profileId: one.profile_id,
    token: one.player_token,
    tokenId: one.token_id,
    name: one.profile_name,
  }));
}

/** From the address, which is cleared immediately: a token must not stay in the history or in a screenshot. */
export function takeFromAddress() {
  const found = read(location.hash);
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  return found;
}

export function recall() {
  const old = read(stored(OLD_KEY) || "");
  try {
    const players = JSON.parse(stored(KEY)) || [];
    if (players.length) return players.filter((one) => read(`${one.profileId}.${one.token}`) !== null);
  } catch (_error) {
    // not ours
  }
  return old === null ? [] : [old];
}

export function remember(players) {
  clear();
  if (players.length) store(KEY, JSON.stringify(players));
}

function clear() {
  try {
    localStorage.removeItem(KEY);
    localStorage.removeItem(OLD_KEY);
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
