/*
 * The time that deadlines are measured by, in ms since the page opened. Unlike the device's clock, nobody can set it back.
 *
 * No timer runs longer than MAX_TIMER_MS: it wakes up, sees that nothing is due and sleeps again.
 */

export const MAX_TIMER_MS = 30000;

export const now = () => performance.now();
