/**
 * Durations as prose: `period: seconds(5)` instead of a bare number.
 *
 * Every other quantity of bessd carries its unit as a suffix of its name (`targetW`, `socPct`, `staleAfterMs`).
 */

/** A span of time in milliseconds. */
export type Duration = number;

export function seconds(count: number): Duration {
  return count * 1000;
}

export function minutes(count: number): Duration {
  return count * 60_000;
}
