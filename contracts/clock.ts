/**
 * The one source of time. Control never reads `Date` or `performance` itself, so that a virtual clock can run a whole
 * site and the same schedule gives the same trace.
 */

export type TimerId = unknown;

export type Clock = {
  /** Monotonic time in ms from an arbitrary start; the only time that intervals and expiries use. */
  readonly now: () => number;
  /** Wall-clock time in ms since 1970 UTC; for display and records only. */
  readonly wall: () => number;
  readonly setTimeout: (run: () => void, delayMs: number) => TimerId;
  readonly clearTimeout: (id: TimerId) => void;
};
