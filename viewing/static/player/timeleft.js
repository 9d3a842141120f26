/*
 * The time that is left, between two answers. Pure: no DOM, no clock; `now` in ms.
 *
 * The server alone knows what is left. From its answer the display runs on while the film does, but by no more than the
 * one beat that the next answer will charge, so that it never shows less, or runs longer, than will prove true.
 *
 * A `left` is {seconds: what the last answer said, null: nothing limits; ran: ms shown to have run since;
 * since: when it began to run, null while it stands still}.
 */

export const BEAT_MS = 30000;
export const AMBER_SECONDS = 30 * 60;
export const RED_SECONDS = 15 * 60;

export function answered(minutes) {
  return { seconds: minutes === null ? null : Math.round(minutes * 60), ran: 0, since: null };
}

function ran(left, now, speed) {
  const running = left.since === null ? 0 : Math.max(0, now - left.since) * speed;
  return Math.min(left.ran + running, BEAT_MS);
}

/** The same time left, running from now on or standing still. */
export function setRunning(left, isRunning, now, speed) {
  if (left === null) return null;
  return { ...left, ran: ran(left, now, speed), since: isRunning ? now : null };
}

/** Whole seconds to show; null: nothing limits, or nothing is known yet. */
export function shownSeconds(left, now, speed) {
  if (left === null || left.seconds === null) return null;
  return Math.max(0, Math.ceil(left.seconds - ran(left, now, speed) / 1000));
}

/** plenty, amber (under 30 min) or red (under 15). */
export function tone(seconds) {
  if (seconds === null || seconds >= AMBER_SECONDS) return "plenty";
  return seconds < RED_SECONDS ? "red" : "amber";
}

/** As a child reads it: hours and minutes, and by the second once it is short. */
export function parts(seconds) {
  if (seconds >= 3600) {
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
    return { form: minutes ? "hours" : "fullHours", hours, minutes };
  }
  if (seconds >= RED_SECONDS) return { form: "minutes", minutes: Math.floor(seconds / 60) };
  return { form: "clock", clock: `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}` };
}
