/* The service's API, as the child's device may use it. An answer is {status, body, …}; status 0: none came. */

const TIMEOUT_MS = 8_000;

export async function call(pairing, path, { method = "GET", body, keepalive = false } = {}) {
  const headers = { Authorization: `Bearer ${pairing.token}` };
  if (body) headers["Content-Type"] = "application/json";
  try {
    const response = await fetch(`/api/v1${path}`, {
      method,
      headers,
      body: body && JSON.stringify(body),
      keepalive,
      cache: "no-store",
      credentials: "omit", // a parent's log-in in this browser is none of the child's business
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return {
      status: response.status,
      body: await response.json().catch(() => null),
      retryAfterMs: 1000 * (Number(response.headers.get("Retry-After")) || 0),
      lockedUntil: response.headers.get("X-Locked-Until"),
    };
  } catch {
    return { status: 0, body: null, retryAfterMs: 0, lockedUntil: null };
  }
}

export const heartbeat = (pairing, body) => call(pairing, "/viewing-time/heartbeat", { method: "POST", body });
export const balance = (pairing) => call(pairing, `/viewing-time/balance/${pairing.profileId}`);
export const eligibility = (pairing) => call(pairing, `/viewing-time/playback-eligible/${pairing.profileId}`);
export const titles = (pairing) => call(pairing, "/catalog/titles");

/** Also as the page goes away: the browser then sends it by itself. */
export const endSession = (pairing, sessionId) =>
  call(pairing, `/viewing-time/session/${sessionId}/end`, { method: "POST", keepalive: true });

/** `minutes` null: unlimited today. */
export const grant = (pairing, minutes, pin) =>
  call(pairing, `/parental-controls/profiles/${pairing.profileId}/viewing-time/grant`, {
    method: "POST",
    body: { minutes, pin },
  });
