/**
 * A profile's sequence, made concrete: symbols resolved, values bounded, one transaction per step.
 */
import type { Point, Profile, SequenceName, StepValue } from '../../contracts/profile.ts';
import { encode } from './codec.ts';

export type Transaction = {
  readonly register: number;
  readonly words: readonly number[];
  readonly functionCode: 6 | 16;
  /** Values by point, in their units, as they must read back. */
  readonly values: Readonly<Record<string, number>>;
  readonly trigger: boolean;
  /** Survives a reboot of the device; left out while it already holds the value. */
  readonly persistent: boolean;
};

export type SequenceValues = {
  /** Absolute battery power of the order, W. */
  readonly magnitudeW: number;
  /** Values found before bessd wrote the register, by point. */
  readonly originals: Readonly<Record<string, number>>;
  /** Power that the permit allows per direction, W. */
  readonly permit: { readonly charge: number; readonly discharge: number };
  /** Newest values read from the device, by point. */
  readonly found: (point: string) => number | undefined;
  readonly allowShutdown: boolean;
};

export type Expanded =
  | { readonly ok: true; readonly transactions: readonly Transaction[] }
  | { readonly ok: false; readonly missing: string };

export function expandSequence(profile: Profile, name: SequenceName, values: SequenceValues): Expanded {
  const transactions: Transaction[] = [];
  for (const step of profile.control?.sequences[name] ?? []) {
    if (step.requires === 'allowShutdown' && !values.allowShutdown) continue;
    const transaction: { words: number[]; values: Record<string, number>; persistent: boolean } = {
      words: [],
      values: {},
      persistent: false,
    };
    let first: Point | undefined;
    for (const [pointName, wanted] of Object.entries(step.set)) {
      const point = profile.points[pointName];
      const value = point && resolve(pointName, point, wanted, values);
      const words = point && value !== undefined ? encode(point, value, profile.transport.wordOrder) : undefined;
      if (!point || value === undefined || !words) return { ok: false, missing: pointName };
      first ??= point;
      transaction.words.push(...words);
      transaction.values[pointName] = value;
      transaction.persistent ||= point.writable?.persistent ?? false;
    }
    if (!first) continue;
    const functionCode = transaction.words.length > 1 ? 16 : (first.writable?.functionCode ?? 16);
    transactions.push({ register: first.register, functionCode, trigger: step.trigger, ...transaction });
  }
  return { ok: true, transactions };
}

/** The value to write, rounded to what the register can hold; undefined when it is not known. */
function resolve(name: string, point: Point, wanted: StepValue, values: SequenceValues): number | undefined {
  const raw = rawValue(name, point, wanted, values);
  if (raw === undefined || !Number.isFinite(raw)) return undefined;
  const { min = 0, max = Number.POSITIVE_INFINITY, maxFrom } = point.writable ?? {};
  const ceiling = maxFrom === undefined ? max : Math.min(max, values.found(maxFrom) ?? max);
  const bounded = Math.max(min, Math.min(raw, ceiling));
  // Less than the register can hold: more than what was allowed is never written instead.
  if (bounded > raw && typeof wanted !== 'number') return undefined;
  // Downwards, so that rounding never exceeds what was allowed.
  return Math.floor(bounded * point.gain + 1e-9) / point.gain;
}

function rawValue(name: string, point: Point, wanted: StepValue, values: SequenceValues): number | undefined {
  if (typeof wanted === 'number') return wanted;
  if (wanted === 'magnitude') return values.magnitudeW;
  const original = values.originals[name];
  if (wanted === 'original' || original === undefined) return original;
  const direction = point.writable?.limits;
  return direction === undefined ? original : Math.min(original, values.permit[direction]);
}
