/**
 * How long a child waits before it is started again: growing pauses between restarts, growing delays in quarantine.
 */
import type { Backoff } from './spec.ts';

const PARKING_MS = { first: 5000, longest: 300_000 };

/** `failures`: of this child within the window, the present one included; `random`: 0 to 1. */
export function pauseMsAfter(failures: number, backoff: Backoff | undefined, random: () => number): number {
  if (!backoff) return 0;
  const { firstMs, longestMs, jitter = 0 } = backoff;
  const pauseMs = Math.min(firstMs * 2 ** Math.max(0, failures - 1), longestMs);
  return jitter === 0 ? pauseMs : pauseMs * (1 + jitter * (2 * random() - 1));
}

/** `parkings`: how often it was parked before, without having recovered since. */
export function parkingMsAfter(parkings: number): number {
  return Math.min(PARKING_MS.first * 2 ** parkings, PARKING_MS.longest);
}
