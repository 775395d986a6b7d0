/**
 * How long a child has been silent, counted only while this process could have heard it.
 *
 * After a stall of our own (stopped, starved, a machine that slept) timers run before what the child said meanwhile is read.
 * Invariant: a child that spoke is not condemned for a time in which nobody listened.
 */
import type { Clock } from '../contracts/clock.ts';

export type Silence = {
  readonly heard: () => void;
  /** To be asked every `everyMs`: for how long nothing was heard, ms. */
  readonly look: () => number;
};

export function createSilence(clock: Pick<Clock, 'now'>, everyMs: number): Silence {
  let heardAtMs = clock.now();
  let lookedAtMs = heardAtMs;
  return {
    heard() {
      heardAtMs = clock.now();
    },
    look() {
      const nowMs = clock.now();
      const stalledMs = Math.max(0, nowMs - lookedAtMs - everyMs);
      lookedAtMs = nowMs;
      heardAtMs = Math.min(nowMs, heardAtMs + stalledMs);
      return nowMs - heardAtMs;
    },
  };
}
