/* Live events on the child's screen: what a parent decides shows within a second. Polling goes on where it must. */

import { makeStream } from "../sandglass/stream.js";

const POLL_MS = 20000;

/**
 * `pairing()` gives the present one. `onBalance(body)` and `onRequest()` hear of changes, `onRefused()` of a token that
 * is no more. {follow()}: call it when the pairing may have changed.
 */
export function makeLive({ pairing, onBalance, onRequest, onRefused }) {
  let followed = null;
  const stream = makeStream({
    url: () => `/api/v1/viewing-time/events/${followed.profileId}`,
    token: () => followed.token,
    onEvent(name, data) {
      if (name === "state") {
        onBalance(data.profiles[0].balance);
        onRequest();
      } else if (name === "balance") onBalance(data);
      else if (name === "grant") onBalance(data.balance);
      else if (name === "request") onRequest();
    },
    poll: onRequest,
    pollMs: POLL_MS,
    onRefused,
  });

  function follow() {
    const present = pairing();
    if (present === followed) return;
    followed = present;
    if (followed === null) stream.stop();
    else stream.start();
  }

  // A device that slept has a socket that nobody writes to.
  document.addEventListener("visibilitychange", () => document.hidden || followed === null || stream.start());
  window.addEventListener("pageshow", () => followed !== null && stream.start());

  return { follow };
}
