/* What the child may ask for, and what became of it. Pure: no DOM, no clock; `now` in ms of the service's calendar. */

/** Of an answer of `GET /requests/by/…`: {open, last, mayAskAt}, each null where there is none. */
export function latest(body) {
  return { open: body.open, last: body.requests[0] || null, mayAskAt: body.may_ask_at };
}

/** What to offer: {may, isOpen, minutes, declined, until}. `requests` null: not known yet. */
export function offer(requests, now) {
  const nothing = { may: false, isOpen: false, minutes: null, declined: null, until: null };
  if (requests === null) return nothing;
  if (requests.open !== null) return { ...nothing, isOpen: true, minutes: requests.open.minutes };
  const waits = requests.mayAskAt !== null && Date.parse(requests.mayAskAt) > now;
  if (!waits) return { ...nothing, may: true };
  const declined = requests.last !== null && requests.last.state === "declined" ? requests.last : null;
  return { ...nothing, declined, until: requests.mayAskAt };
}

/** The request that was open before and is over now; null where there is no news. */
export function news(before, after) {
  if (before === null || before.open === null || after.last === null) return null;
  const isOver = after.open === null || after.open.id !== before.open.id;
  return isOver && after.last.id === before.open.id ? after.last : null;
}
