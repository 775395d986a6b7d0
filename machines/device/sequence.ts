/**
 * A profile's sequence, made concrete: symbols resolved, values bounded, one transaction per step.
 */
import type { BoundProfile, Point, ScaleFactor, SequenceName, StepValue } from '../../contracts/profile.ts';
import { encode } from './codec.ts';

export type Transaction = {
  readonly register: number;
  readonly words: readonly number[];
  readonly functionCode: 6 | 16;
  /** Values by point, in their units, as they must read back. */
  readonly values: Readonly<Record<string, number>>;
  readonly trigger: boolean;
  /** An order writes the same: from here on the device does what other registers say, so none of those may still be wrong. */
  readonly engages: boolean;
  /** Survives a reboot of the device. */
  readonly persistent: boolean;
  /** Left out while the device already holds the value. */
  readonly onChange: boolean;
  /** Scale factors that the values depend on; they must be known to be unchanged when this is written. */
  readonly scales: readonly ScaleFactor[];
};

export type SequenceValues = {
  /** Power of the order, W, signed. */
  readonly powerW: number;
  /** Another number for each sequence; a device that watches it knows that bessd lives. */
  readonly heartbeat: number;
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

export function expandSequence(profile: BoundProfile, name: SequenceName, values: SequenceValues): Expanded {
  const steps = profile.control?.sequences[name];
  if (!steps) return { ok: false, missing: name };
  const transactions: Transaction[] = [];
  for (const step of steps) {
    if (step.requires === 'allowShutdown' && !values.allowShutdown) continue;
    const transaction = constantsOf(profile).get(step) ?? transactionOf(profile, step, values);
    if (typeof transaction === 'string') return { ok: false, missing: transaction };
    if (transaction) transactions.push(transaction);
  }
  return { ok: true, transactions };
}

/** One step; a text is the name of a point whose value is not known, undefined a step that sets nothing. */
function transactionOf(profile: BoundProfile, step: Step, values: SequenceValues): Transaction | string | undefined {
  const transaction = {
    words: [] as number[],
    values: {} as Record<string, number>,
    persistent: false,
    onChange: false,
    scales: [] as ScaleFactor[],
  };
  let first: Point | undefined;
  for (const [pointName, wanted] of Object.entries(step.set)) {
    const point = profile.points[pointName];
    const value = point && resolve(pointName, point, wanted, values);
    const words = point && value !== undefined ? encode(point, value, profile.transport.wordOrder) : undefined;
    if (!point || value === undefined || !words) return pointName;
    first ??= point;
    transaction.words.push(...words);
    transaction.values[pointName] = value;
    const { persistent = false, writeOnChange = persistent } = point.writable ?? {};
    transaction.persistent ||= persistent;
    transaction.onChange ||= writeOnChange || persistent;
    transaction.scales.push(...scalesOf(point, wanted, value, profile));
  }
  if (!first) return undefined;
  const functionCode = transaction.words.length > 1 ? 16 : (first.writable?.functionCode ?? 16);
  return {
    register: first.register,
    functionCode,
    trigger: step.trigger,
    engages: engages(profile, step),
    ...transaction,
  };
}

/** Steps that come out the same whatever is known of the device: those of a stop, which nobody should have to wait for. */
function constantsOf(profile: BoundProfile): ReadonlyMap<Step, Transaction> {
  const before = CONSTANTS.get(profile);
  if (before) return before;
  const constants = new Map<Step, Transaction>();
  for (const step of Object.values(profile.control?.sequences ?? {}).flatMap((steps) => steps ?? [])) {
    const transaction = isConstant(profile, step) ? transactionOf(profile, step, NOTHING_KNOWN) : undefined;
    if (typeof transaction === 'object') constants.set(step, transaction);
  }
  CONSTANTS.set(profile, constants);
  return constants;
}

/** Of each profile as it is bound to a device, which never changes. */
const CONSTANTS = new WeakMap<BoundProfile, ReadonlyMap<Step, Transaction>>();

const NOTHING_KNOWN: SequenceValues = {
  powerW: Number.NaN,
  heartbeat: Number.NaN,
  originals: {},
  permit: { charge: 0, discharge: 0 },
  found: () => undefined,
  allowShutdown: false,
};

/** No ceiling that the device shows can lower a value that is the least one already. */
function isConstant({ points }: BoundProfile, { set }: Step): boolean {
  return Object.entries(set).every(([name, wanted]) => {
    const { min = 0, maxFrom } = points[name]?.writable ?? {};
    return typeof wanted === 'number' && (maxFrom === undefined || wanted <= min);
  });
}

/** Whether a step of the power sequences writes all that this one writes. */
function engages({ control }: BoundProfile, step: Step): boolean {
  const before = ENGAGING.get(step);
  if (before !== undefined) return before;
  const { charge = [], discharge = [] } = control?.sequences ?? {};
  const found = [...charge, ...discharge].some(({ set }) =>
    Object.entries(step.set).every(([name, wanted]) => typeof wanted === 'number' && set[name] === wanted),
  );
  ENGAGING.set(step, found);
  return found;
}

type Step = NonNullable<NonNullable<BoundProfile['control']>['sequences'][SequenceName]>[number];

/** Of each step, which never changes. */
const ENGAGING = new WeakMap<Step, boolean>();

/** Zero is zero under every scale. */
function scalesOf(
  { scale, writable }: Point,
  wanted: StepValue,
  value: number,
  { points }: BoundProfile,
): readonly ScaleFactor[] {
  if (value === 0) return [];
  const others = [writable?.maxFrom, typeof wanted === 'object' ? wanted.percentOf : undefined];
  const scales = [scale, ...others.map((name) => (name === undefined ? undefined : points[name]?.scale))];
  return scales.filter((one) => one !== undefined);
}

/** The value to write, rounded to what the register can hold; undefined when it is not known. */
function resolve(name: string, point: Point, wanted: StepValue, values: SequenceValues): number | undefined {
  const raw = rawValue(name, point, wanted, values);
  if (raw === undefined || !Number.isFinite(raw)) return undefined;
  const { min = 0, max = Number.POSITIVE_INFINITY, maxFrom } = point.writable ?? {};
  const ceiling = maxFrom === undefined ? max : Math.min(max, values.found(maxFrom) ?? max);
  // Zero instead of a direction that the register does not have would look like an order carried out.
  if (isSigned(wanted) && raw < 0 && min >= 0) return undefined;
  // A ceiling bounds the power in both directions.
  const bounded = Math.max(min, isSigned(wanted) && raw < 0 ? Math.max(raw, -ceiling) : Math.min(raw, ceiling));
  // Less than the register can hold: more than what was allowed is never written instead.
  if (bounded > raw && typeof wanted !== 'number' && !(raw < 0 && bounded <= 0)) return undefined;
  // Towards zero, so that rounding never exceeds what was allowed.
  const steps = Math.floor(Math.abs(bounded) * point.gain + 1e-9) * Math.sign(bounded);
  return Number((steps / point.gain).toPrecision(15));
}

function isSigned(wanted: StepValue): boolean {
  return wanted === 'signed' || (typeof wanted === 'object' && wanted.of === 'signed');
}

function rawValue(name: string, point: Point, wanted: StepValue, values: SequenceValues): number | undefined {
  if (typeof wanted === 'number') return wanted;
  if (wanted === 'magnitude') return Math.abs(values.powerW);
  if (wanted === 'signed') return values.powerW;
  if (wanted === 'heartbeat') return values.heartbeat;
  if (typeof wanted === 'object') {
    const whole = values.found(wanted.percentOf);
    const power = wanted.of === 'magnitude' ? Math.abs(values.powerW) : values.powerW;
    return whole !== undefined && whole > 0 ? (100 * power) / whole : undefined;
  }
  const original = values.originals[name];
  if (wanted === 'original' || original === undefined) return original;
  const direction = point.writable?.limits;
  return direction === undefined ? original : Math.min(original, values.permit[direction]);
}
