/* The page's sentences, translated by the server, with what belongs into them. */

import { parts } from "./timeleft.js";

const texts = JSON.parse(document.getElementById("player-texts").textContent);
const language = document.documentElement.lang || "en";
const DAY_MS = 24 * 60 * 60 * 1000;

export const { ideas, calmIdeas } = texts;

export function say(name, values = {}) {
  return texts[name].replace(/\{(\w+)\}/g, (_whole, key) => values[key]);
}

/** "1 h 20 min", "40 min", "4:59". */
export function duration(seconds) {
  const { form, ...values } = parts(seconds);
  return say(form, values);
}

/** "18:05" as on the parents' pages, with the day where it is not today; of the device's own clock and zone. */
export function moment(iso, now) {
  const at = new Date(iso);
  const time = [at.getHours(), at.getMinutes()].map((part) => String(part).padStart(2, "0")).join(":");
  const today = new Date(now);
  if (at.toDateString() === today.toDateString()) return time;
  today.setDate(today.getDate() + 1);
  if (at.toDateString() === today.toDateString()) return say("tomorrow", { time });
  const form = at - now < 6 * DAY_MS ? { weekday: "long" } : { day: "numeric", month: "long" };
  return say("onDay", { day: new Intl.DateTimeFormat(language, form).format(at), time });
}

/** A lockout that only a parent ends has an end thousands of years away (docs/api.md). */
export function isForGood(iso) {
  return new Date(iso).getUTCFullYear() >= 9999;
}
