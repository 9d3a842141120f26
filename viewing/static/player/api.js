/*
 * The service's API, as the child's device may use it.
 *
 * An answer is {status, body, …}; status 0: none came, or nothing that the service would say. A captive portal answers
 * 200 with a page, and a connection that breaks cuts an answer off: neither may end the play or the pairing.
 */

const TIMEOUT_MS = 8000;
const NONE = { status: 0, body: null, retryAfterMs: 0, lockedUntil: null };

/** `pairing` null: a call that needs no token. */
export async function call(pairing, path, { method = "GET", body, keepalive = false, expects = isObject } = {}) {
  const headers = pairing === null ? {} : { Authorization: `Bearer ${pairing.token}` };
  if (body) headers["Content-Type"] = "application/json";
  const abort = window.AbortController ? new AbortController() : { signal: undefined, abort() {} };
  let timer = null;
  const tooLate = new Promise((_resolve, reject) => {
    timer = setTimeout(() => {
      abort.abort();
      reject(new Error("timeout"));
    }, TIMEOUT_MS);
  });
  try {
    const options = {
      method,
      headers,
      body: body && JSON.stringify(body),
      keepalive,
      cache: "no-store",
      credentials: "omit", // a parent's login in this browser is none of the child's business
      signal: abort.signal,
    };
    return await Promise.race([answer(fetch(`/api/v1${path}`, options), expects), tooLate]);
  } catch (_error) {
    return NONE;
  } finally {
    clearTimeout(timer);
  }
}

async function answer(sent, expects) {
  const response = await sent;
  const isEmpty = response.status === 204;
  const body = isEmpty ? null : await response.json().catch(() => null);
  const isOurs = response.ok ? expects(body) : isObject(body) || response.status >= 500;
  if (!isOurs) return NONE;
  return {
    status: response.status,
    body,
    retryAfterMs: 1000 * (Number(response.headers.get("Retry-After")) || 0),
    lockedUntil: response.headers.get("X-Locked-Until"),
  };
}

function isObject(body) {
  return typeof body === "object" && body !== null && !Array.isArray(body);
}

const has = (name) => (body) => isObject(body) && name in body;

export const heartbeat = (pairing, body) =>
  call(pairing, "/viewing-time/heartbeat", { method: "POST", body, expects: has("enforcement") });
export const balance = (pairing) =>
  call(pairing, `/viewing-time/balance/${pairing.profileId}`, { expects: has("remaining_minutes") });
/** Whether the title may begin, or, where there is none, any. */
export const eligibility = (pairing, title) => {
  const query = title === null ? "" : `?title_id=${title.id}`;
  return call(pairing, `/viewing-time/playback-eligible/${pairing.profileId}${query}`, { expects: has("eligible") });
};
/** Every title, and which of them may begin now. */
export const titles = (pairing) =>
  call(pairing, `/catalog/titles?profile_id=${pairing.profileId}`, { expects: Array.isArray });

/** Also as the page goes away: the browser then sends it by itself. */
export const endSession = (pairing, sessionId) =>
  call(pairing, `/viewing-time/session/${sessionId}/end`, { method: "POST", keepalive: true });

/** The child's newest request, and whether another may be made. */
export const requests = (pairing) =>
  call(pairing, `/requests/by/${pairing.profileId}?limit=1`, { expects: has("may_ask_at") });
export const ask = (pairing, body) =>
  call(pairing, `/requests/by/${pairing.profileId}`, { method: "POST", body, expects: has("state") });
export const withdraw = (pairing, requestId) =>
  call(pairing, `/requests/${requestId}`, { method: "DELETE", expects: () => true });

/** {minutes (null: unlimited today), pin, despite_hours}. */
export const grant = (pairing, body) =>
  call(pairing, `/parental-controls/profiles/${pairing.profileId}/viewing-time/grant`, {
    method: "POST",
    body,
    expects: has("remaining_minutes"),
  });

/** A code for this screen to show, and what a parent connected it to (docs/api.md#pairing-by-code). */
export const requestCode = (deviceType) =>
  call(null, "/auth/device/code", { method: "POST", body: { device_type: deviceType }, expects: has("user_code") });
export const fetchPlayers = (deviceCode) =>
  call(null, "/auth/device/token", { method: "POST", body: { device_code: deviceCode }, expects: has("players") });

/** Ends the tokens of all players of this screen. */
export const disconnect = (player, players, pin) =>
  call(player, "/auth/device/disconnect", {
    method: "POST",
    body: { pin, token_ids: players.map((one) => one.tokenId).filter(Boolean) },
    expects: (body) => body === null,
  });
