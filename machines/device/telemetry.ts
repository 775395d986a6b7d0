/**
 * From decoded points to the frame that the guard judges: measurands gathered, alarm bits named, states translated.
 */
import type { BoundProfile, InverterState, Measurand, Point } from '../../contracts/profile.ts';
import { INVERTER_STATES } from '../../contracts/profile.ts';
import type { DeviceAlarm, PointValue, Sample, TelemetryFrame } from '../../contracts/telemetry.ts';
import type { WordOrder } from '../../contracts/profile-point.ts';
import { decodeAt } from './codec.ts';
import type { BlockRead } from './read-plan.ts';

export type Samples = Readonly<Record<string, Sample>>;

/** After how long a value of each poll group is stale, ms. */
export type StaleAfter = Readonly<Record<Point['group'], number>>;

/** The samples of one block; undefined words mean that the device refused the block. */
export function sampleBlock(
  block: Pick<BlockRead, 'points'>,
  words: readonly number[] | undefined,
  receivedAtMs: number,
  staleAfter: StaleAfter,
  order: WordOrder,
): Samples {
  const samples: Record<string, Sample> = {};
  for (const { name, point, offset } of block.points) {
    const value = words && decodeAt(point, words, offset, order);
    samples[name] = {
      value,
      quality: value === undefined ? 'missing' : 'good',
      receivedAtMs,
      staleAtMs: receivedAtMs + staleAfter[point.group],
    };
  }
  return samples;
}

export type FrameIdentity = {
  readonly assetId: string;
  readonly seq: number;
  readonly receivedAtMs: number;
  readonly wallMs: number;
};

const NEVER_READ: Sample = {
  value: undefined,
  quality: 'missing',
  receivedAtMs: Number.NEGATIVE_INFINITY,
  staleAtMs: Number.NEGATIVE_INFINITY,
};

/** What adds up other points: as old as the oldest of them, and missing where one is. */
export function sumSamples(sums: BoundProfile['sums'], samples: Samples): Samples {
  return Object.fromEntries(
    Object.entries(sums).map(([name, { of, range }]) => {
      const parts = of.map((part) => samples[part] ?? NEVER_READ);
      const value = parts.reduce<number>(
        (sum, part) => sum + (typeof part.value === 'number' ? part.value : Number.NaN),
        0,
      );
      const [low, high] = range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
      const good = value >= low && value <= high && parts.length > 0;
      return [
        name,
        {
          value: good ? value : undefined,
          quality: good ? 'good' : 'missing',
          receivedAtMs: Math.min(...parts.map(({ receivedAtMs }) => receivedAtMs)),
          staleAtMs: Math.min(...parts.map(({ staleAtMs }) => staleAtMs)),
        } satisfies Sample,
      ];
    }),
  );
}

/** What a frame needs to know of a point. */
export type Meaning = Pick<Point, 'measures' | 'values' | 'bits' | 'active'>;

/** A frame from the newest sample of every installed point. Points not read yet are absent; the guard calls that missing. */
export function frameOf(
  identity: FrameIdentity,
  points: ReadonlyMap<string, Meaning>,
  samples: Samples,
): TelemetryFrame {
  const readings: Partial<Record<Measurand, Sample[]>> = {};
  const alarms: DeviceAlarm[] = [];
  let inverter: InverterState | undefined;
  let offGrid = false;
  for (const { name, point, measures } of measuringOf(points)) {
    const found = samples[name] ?? NEVER_READ;
    const sample = point.active ? yesOrNo(found, point.active) : found;
    const others = readings[measures];
    if (others) others.push(sample);
    else readings[measures] = [sample];
    if (measures === 'inverterState') {
      const named = nameOf(point, found.value);
      inverter = INVERTER_STATES.find((state) => named === state || named === `${state}_off_grid`);
      offGrid = named?.endsWith('_off_grid') ?? false;
    }
    if (point.bits && typeof found.value === 'number' && found.value !== 0)
      alarms.push(...alarmsOf(point.bits, found.value));
  }
  return { ...identity, points: samples, readings, alarms, inverter, offGrid };
}

type Measuring = { readonly name: string; readonly point: Meaning; readonly measures: Measurand };

/** Of each binding, which never changes: those of its points that measure what a frame gathers. */
const MEASURING = new WeakMap<ReadonlyMap<string, Meaning>, readonly Measuring[]>();

function measuringOf(points: ReadonlyMap<string, Meaning>): readonly Measuring[] {
  const before = MEASURING.get(points);
  if (before) return before;
  const measuring = [...points].flatMap(([name, point]) =>
    point.measures ? [{ name, point, measures: point.measures }] : [],
  );
  MEASURING.set(points, measuring);
  return measuring;
}

/** 1 for the values that mean yes, 0 for all others. */
function yesOrNo(sample: Sample, active: readonly number[]): Sample {
  return typeof sample.value === 'number' ? { ...sample, value: active.includes(sample.value) ? 1 : 0 } : sample;
}

function nameOf(point: Meaning, value: PointValue | undefined): string | undefined {
  return value === undefined ? undefined : point.values?.[String(value)];
}

function alarmsOf(bits: NonNullable<Point['bits']>, word: number): DeviceAlarm[] {
  return Object.entries(bits)
    .filter(([bit]) => Math.floor(word / 2 ** Number(bit)) % 2 === 1)
    .map(([, { name, severity, effect }]) => ({ name, severity, effect }));
}
