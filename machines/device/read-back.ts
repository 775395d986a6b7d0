/**
 * What the device must show of our writes, and what it shows: confirmed, or changed by somebody else.
 */
import type { PointValue, Sample } from '../../contracts/telemetry.ts';

export type Expectation = {
  readonly value: number;
  /** Half a step of the register, in the unit of the point: closer than this is equal. */
  readonly resolution: number;
  readonly writtenAtMs: number;
  readonly confirmed: boolean;
};
export type Expectations = Readonly<Record<string, Expectation>>;

export type Difference = { readonly point: string; readonly expected: PointValue; readonly found: PointValue };

export function expectValues(
  before: Expectations,
  values: Readonly<Record<string, number>>,
  nowMs: number,
  resolutionOf: (point: string) => number = () => 0.5,
): Expectations {
  const fresh = Object.entries(values).map(
    ([point, value]) =>
      [point, { value, resolution: resolutionOf(point), writtenAtMs: nowMs, confirmed: false }] as const,
  );
  return { ...before, ...Object.fromEntries(fresh) };
}

/** What registers that others may change showed last, by point. */
export type Watched = Readonly<Record<string, PointValue>>;

/**
 * Changes of watched registers that are not ours: what we wrote is judged by its expectation. Seen on one connection and
 * found changed on a later one is a change too.
 */
export function watchChanges(
  before: Watched,
  names: readonly string[],
  samples: Readonly<Record<string, Sample>>,
  expectations: Expectations,
): { watched: Watched; differences: readonly Difference[] } {
  const watched: Record<string, PointValue> = { ...before };
  const differences: Difference[] = [];
  for (const point of names) {
    const found = samples[point]?.value;
    if (found === undefined) continue;
    const expected = before[point];
    if (expected !== undefined && expected !== found && !expectations[point])
      differences.push({ point, expected, found });
    watched[point] = found;
  }
  return { watched, differences };
}

/** Judges every expectation by a sample that was read after the write; older samples and missing ones say nothing. */
export function readBack(
  expectations: Expectations,
  samples: Readonly<Record<string, Sample>>,
): { expectations: Expectations; confirmed: readonly string[]; differences: readonly Difference[] } {
  const next: Record<string, Expectation> = {};
  const confirmed: string[] = [];
  const differences: Difference[] = [];
  for (const [point, expectation] of Object.entries(expectations)) {
    next[point] = expectation;
    const sample = samples[point];
    if (sample?.value === undefined || sample.receivedAtMs <= expectation.writtenAtMs) continue;
    if (typeof sample.value === 'number' && Math.abs(sample.value - expectation.value) < expectation.resolution) {
      if (!expectation.confirmed) confirmed.push(point);
      next[point] = { ...expectation, confirmed: true };
    } else {
      differences.push({ point, expected: expectation.value, found: sample.value });
    }
  }
  return { expectations: next, confirmed, differences };
}
