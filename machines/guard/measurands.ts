/**
 * What the guard believes of a frame: the worst valid value of each measurand, or nothing.
 *
 * Missing, stale, suspect and NaN are all "nothing"; whoever reads it must take the safe limit. One sensor of several
 * that is missing makes the measurand missing, because the silent one may be the hot one.
 */
import type { Measurand } from '../../contracts/profile.ts';
import type { Sample, TelemetryFrame } from '../../contracts/telemetry.ts';

/** `off`: the profile does not have it. `missing`: it should be there and is not. */
export type Believed = { readonly min: number; readonly max: number; readonly staleAtMs: number } | 'missing' | 'off';

export function believe(frame: TelemetryFrame, measurand: Measurand, nowMs: number): Believed {
  const samples = frame.readings[measurand];
  if (!samples) return 'off';
  if (samples.length === 0) return 'missing';
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let staleAtMs = Number.POSITIVE_INFINITY;
  for (const sample of samples) {
    const value = valid(sample, nowMs);
    if (value === undefined) return 'missing';
    min = Math.min(min, value);
    max = Math.max(max, value);
    staleAtMs = Math.min(staleAtMs, sample.staleAtMs);
  }
  return { min, max, staleAtMs };
}

function valid({ value, quality, staleAtMs }: Sample, nowMs: number): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && quality === 'good' && nowMs < staleAtMs
    ? value
    : undefined;
}
