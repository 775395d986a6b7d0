/**
 * How much of the backlog goes into one batch: as much as the link acknowledges in half a second, since live data waits
 * that long behind it. A faster link gets more from batch to batch, a slower one at once less.
 */

/** Of the backlog, whatever the link. */
export const FIRST_BATCH = 50;
const GOAL_MS = 500;
const GROWTH = 2;

/** `size` messages took `tookMs`; `most` is what the site file allows. */
export function nextBatch(size: number, tookMs: number, most: number): number {
  const fits = Math.floor((size * GOAL_MS) / Math.max(1, tookMs));
  return Math.max(1, Math.min(fits, size * GROWTH, most));
}
