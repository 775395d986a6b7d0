/**
 * When a device is polled: every period, each device of a site at its own place in it, so that they do not all come at once.
 *
 * The place follows from the device's number among all, and holds on the monotonic clock: it is the same after every
 * reconnection, whoever else was late.
 */

export type Rhythm = {
  readonly pollIntervalMs: number;
  /** Place in the period, ms. Without it the period is counted from the first poll of a connection. */
  readonly pollPhaseMs?: number | undefined;
};

/** The place of device `index` of `count`. */
export function phaseOf(index: number, count: number, pollIntervalMs: number): number {
  return Math.round((index * pollIntervalMs) / count);
}

/** After the first poll of a connection, which comes as soon as it can. */
export function secondPollAt(firstAtMs: number, { pollIntervalMs, pollPhaseMs }: Rhythm): number {
  if (pollPhaseMs === undefined) return firstAtMs + pollIntervalMs;
  return slotAfter(firstAtMs + pollIntervalMs / 2, pollIntervalMs, pollPhaseMs);
}

/** After a poll that was due at `dueAtMs` and began at `beganAtMs`; one that took too long is not made up for. */
export function nextPollAt(dueAtMs: number, beganAtMs: number, { pollIntervalMs, pollPhaseMs }: Rhythm): number {
  const nextMs = dueAtMs + pollIntervalMs;
  if (nextMs > beganAtMs) return nextMs;
  return pollPhaseMs === undefined ? beganAtMs + 1 : slotAfter(beganAtMs, pollIntervalMs, pollPhaseMs);
}

function slotAfter(atMs: number, intervalMs: number, phaseMs: number): number {
  return phaseMs + (Math.floor((atMs - phaseMs) / intervalMs) + 1) * intervalMs;
}
