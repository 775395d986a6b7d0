/**
 * What is latched, tripped and tagged out, by what was asked, answered and shown. Moments of a doubt (a process that died in
 * between) leave it open, and are settled by asking bessd itself.
 */
import type { At } from './schedule.ts';

export type LatchReference = {
  /** Since when for sure; Infinity: not, or in doubt. */
  readonly latchedSinceMs: () => number;
  readonly trippedSinceMs: (at: At) => number;
  readonly taggedSinceMs: (at: At) => number;
  readonly latch: (sinceMs: number | undefined) => void;
  readonly trip: (at: At, sinceMs: number | undefined) => void;
  readonly tag: (at: At, sinceMs: number | undefined) => void;
};

export function latchReference(): LatchReference {
  let latched = Infinity;
  const tripped: [number, number] = [Infinity, Infinity];
  const tagged: [number, number] = [Infinity, Infinity];
  return {
    latchedSinceMs: () => latched,
    trippedSinceMs: (at) => tripped[at],
    taggedSinceMs: (at) => tagged[at],
    latch: (sinceMs = Infinity) => (latched = sinceMs),
    trip: (at, sinceMs = Infinity) => (tripped[at] = sinceMs),
    tag: (at, sinceMs = Infinity) => (tagged[at] = sinceMs),
  };
}
