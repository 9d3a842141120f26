/* Updates the dashboard within a second of a change; without a stream it refreshes itself as before. */

import { makeStream } from "./stream.js";

const SETTLE_MS = 500;
const BALANCE_MS = 20_000;

let timer = null;
let refreshedAt = 0;

function refresh() {
  timer = null;
  refreshedAt = performance.now();
  document.dispatchEvent(new Event("sandglass:changed"));
}

function soon(ms) {
  if (timer === null) timer = setTimeout(refresh, ms);
}

const token = () => document.getElementById("today").dataset.streamToken;
const stream = makeStream({
  url: () => "/api/v1/viewing-time/events",
  token,
  // While a child watches, the balance changes every half minute.
  onEvent(name) {
    if (name === "balance") soon(Math.max(SETTLE_MS, refreshedAt + BALANCE_MS - performance.now()));
    else if (name !== "state") soon(SETTLE_MS);
  },
  poll() {}, // dashboard.js does
  pollMs: BALANCE_MS,
  onRefused: () => soon(SETTLE_MS), // logged out, or the token is too old: the fresh section has another
});

function follow() {
  if (document.visibilityState === "visible" && token()) stream.start();
  else stream.stop();
}

document.addEventListener("visibilitychange", follow);
window.addEventListener("pageshow", follow);
