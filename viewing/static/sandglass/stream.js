/*
 * Server-sent events by `fetch`, which unlike EventSource sends a header and shows the status (docs/contract.md#live-events).
 * Where a stream does not come through, it polls instead and tries again later.
 */

const WATCHDOG_MS = 45000; // phones kill sockets without a word
const FIRST_BYTE_MS = 10000; // longer: a proxy holds the bytes back
const TRY_AGAIN_MS = 10 * 60 * 1000;
const MAX_FAILURES = 3;
const MAX_LINE = 65536;
const NEVER_AGAIN = ["revoked", "gone"];

/** `feed(text)` in pieces of any size; `onEvent(name, data)` for each whole event, "retry" included. */
export function makeParser(onEvent) {
  let rest = "";
  let isAfterReturn = false; // the line feed that may follow belongs to it
  let isFirst = true;
  let name = "";
  let data = [];

  function take(line) {
    if (line === "") {
      if (data.length > 0) onEvent(name || "message", data.join("\n"));
      name = "";
      data = [];
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") name = value;
    else if (field === "data") data.push(value);
    else if (field === "retry" && /^[0-9]+$/.test(value)) onEvent("retry", value);
  }

  return function feed(text) {
    if (text === "") return;
    let from = isFirst && text.charCodeAt(0) === 0xfeff ? 1 : 0;
    isFirst = false;
    if (isAfterReturn && text[from] === "\n") from += 1;
    isAfterReturn = false;
    rest += text.slice(from);
    for (let end = rest.search(/[\r\n]/); end >= 0; end = rest.search(/[\r\n]/)) {
      const isReturn = rest[end] === "\r";
      take(rest.slice(0, end));
      isAfterReturn = isReturn && end === rest.length - 1;
      rest = rest.slice(end + (isReturn && rest[end + 1] === "\n" ? 2 : 1));
    }
    if (rest.length > MAX_LINE) throw new Error("A line of the stream is too long.");
  };
}

/**
 * Follow a stream. `token()` gives the present one; `onEvent(name, data)`; `poll()` is called every `pollMs` while there
 * is no stream; `onRefused()` when the token is not valid. {start(), stop()}.
 */
export function makeStream({ url, token, onEvent, poll, pollMs, onRefused }) {
  let turn = 0; // what belongs to an older turn is over
  let failures = 0;
  let retryMs = 3000;
  let reader = null;
  let timers = [];
  let polling = null;

  const later = (run, ms) => timers.push(setTimeout(run, ms));

  function start() {
    stop();
    connect(turn);
  }

  function stop() {
    turn += 1;
    timers.forEach(clearTimeout);
    timers = [];
    if (reader !== null) reader.cancel().catch(() => {});
    reader = null;
    setPolling(false);
  }

  function setPolling(isOn) {
    if (isOn === (polling !== null)) return;
    if (!isOn) clearInterval(polling);
    polling = isOn ? setInterval(poll, pollMs) : null;
  }

  async function connect(mine) {
    let answer;
    try {
      const headers = { Authorization: `Bearer ${token()}`, Accept: "text/event-stream" };
      answer = await fetch(url(), { headers, cache: "no-store", credentials: "omit" });
    } catch (_error) {
      return failed(mine);
    }
    if (mine !== turn) return;
    if (answer.status === 401 || answer.status === 403) return onRefused();
    if (answer.status !== 200 || !answer.body || !answer.body.getReader) {
      return failed(mine, 1000 * (Number(answer.headers.get("Retry-After")) || 0));
    }
    reader = answer.body.getReader();
    await read(mine, reader).catch(() => failed(mine));
  }

  async function read(mine, from) {
    const decoder = new TextDecoder("utf-8");
    let isOver = false;
    let watchdog = setTimeout(() => held(mine), FIRST_BYTE_MS);
    const feed = makeParser((name, data) => {
      if (name === "retry") retryMs = Number(data);
      else if (name === "bye") isOver = bye(mine, JSON.parse(data).reason);
      else if (mine === turn) onEvent(name, JSON.parse(data));
    });
    try {
      for (;;) {
        const { done, value } = await from.read();
        if (mine !== turn) return;
        if (done) break;
        clearTimeout(watchdog);
        watchdog = setTimeout(() => mine === turn && start(), WATCHDOG_MS);
        failures = 0;
        setPolling(false);
        feed(decoder.decode(value, { stream: true }));
        if (isOver) return;
      }
    } finally {
      clearTimeout(watchdog);
    }
    failed(mine);
  }

  /** Nothing came through: poll, and try the stream again much later. */
  function held(mine) {
    if (mine !== turn) return;
    stop();
    setPolling(true);
    later(start, TRY_AGAIN_MS);
  }

  function bye(mine, reason) {
    if (mine !== turn) return true;
    stop();
    if (NEVER_AGAIN.includes(reason)) onRefused();
    else if (reason === "too_many") {
      setPolling(true);
      later(start, TRY_AGAIN_MS);
    } else later(start, reason === "restart" ? retryMs : 0);
    return true;
  }

  function failed(mine, atLeastMs = 0) {
    if (mine !== turn) return;
    failures += 1;
    const backOff = Math.min(1000 * 2 ** (failures - 1), 30000) * (0.5 + Math.random());
    const isPolling = failures >= MAX_FAILURES;
    stop();
    setPolling(isPolling);
    later(() => connect(turn), Math.max(backOff, atLeastMs));
  }

  return { start, stop };
}
