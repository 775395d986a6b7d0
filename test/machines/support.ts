/** Frames, assets and guard rules with one thing changed at a time, for the tests of the pure core. */
import { readFileSync } from 'node:fs';
import { limitsSchema } from '../../contracts/limits.ts';
import { parseOrThrow } from '../../contracts/parse.ts';
import type { BoundProfile, Measurand, Point } from '../../contracts/profile.ts';
import { profileSchema } from '../../contracts/profile.ts';
import type { Permit } from '../../contracts/permit.ts';
import type { AssetConfig } from '../../contracts/site-config.ts';
import { assetSchema } from '../../contracts/site-config.ts';
import type { Readings, Sample, TelemetryFrame } from '../../contracts/telemetry.ts';
import type { GuardConfig, GuardState, Judgement } from '../../machines/guard/guard.ts';
import { judge, UNJUDGED } from '../../machines/guard/guard.ts';
import { boundAsWritten } from '../../machines/sunspec/bind.ts';

export const lfp = parseOrThrow(limitsSchema, json('../../profiles/limits/lfp.json'), 'lfp');
export const huawei: BoundProfile = boundAsWritten(
  parseOrThrow(profileSchema, json('../../profiles/huawei-sun2000-luna2000.json'), 'huawei'),
);

/** 10 kWh, 10 kW both ways. */
export function asset(more: Partial<AssetConfig> = {}): AssetConfig {
  return {
    ...assetSchema.parse({
      id: 'a',
      profile: 'p',
      modbus: { host: 'h' },
      capacityWh: 10_000,
      maxChargePowerW: 10_000,
      maxDischargePowerW: 10_000,
    }),
    ...more,
  };
}

export const NO_CAPS = {
  chargeW: Number.POSITIVE_INFINITY,
  dischargeW: Number.POSITIVE_INFINITY,
  deadman: { state: 'proven', timeMs: 0, maxW: Number.POSITIVE_INFINITY },
  why: [],
} as const;
export const NO_CEILING = { chargeW: Number.POSITIVE_INFINITY, dischargeW: Number.POSITIVE_INFINITY };
export const ARMED = { epoch: 7, latched: false };

export function guardConfig(more: Partial<GuardConfig> = {}): GuardConfig {
  return {
    asset: asset(),
    limits: lfp,
    caps: NO_CAPS,
    nominalVoltageV: 230,
    voltagePct: [85, 110],
    frequencyHz: [47.5, 51.5],
    ...more,
  };
}

/** Everything that the guard looks at, in the middle of its range: nothing narrows. */
export const CALM = {
  socPct: [50],
  temperatureC: [25],
  cellVoltageMaxV: [3.35],
  cellVoltageMinV: [3.25],
  cellSpreadMv: [20],
  maxChargeNowW: [50_000],
  maxDischargeNowW: [50_000],
  gridVoltageV: [230, 231, 229],
  gridFrequencyHz: [50],
  contactorOpen: [0],
  insulationFault: [0],
  alarms: [0, 0, 0],
  inverterState: [512],
} as const satisfies Partial<Record<Measurand, readonly number[]>>;

export const STALE_AFTER_MS = 8000;

export type Values = Readonly<Partial<Record<Measurand, readonly (number | Sample)[]>>>;

export function sample(value: number, nowMs = 0, more: Partial<Sample> = {}): Sample {
  return { value, quality: 'good', receivedAtMs: nowMs, staleAtMs: nowMs + STALE_AFTER_MS, ...more };
}

/** A calm frame with other values; a measurand given as `[]` is declared and has no sample. */
export function frame(values: Values = {}, nowMs = 0, more: Partial<TelemetryFrame> = {}): TelemetryFrame {
  const readings: Readings = Object.fromEntries(
    Object.entries({ ...CALM, ...values }).map(([measurand, list]) => [
      measurand,
      list.map((value) => (typeof value === 'number' ? sample(value, nowMs) : value)),
    ]),
  );
  return {
    assetId: 'a',
    seq: 1,
    receivedAtMs: nowMs,
    wallMs: 0,
    points: {},
    readings,
    alarms: [],
    inverter: 'running',
    offGrid: false,
    ...more,
  };
}

/** The same frame without a measurand: the device family does not offer it. */
export function without(from: TelemetryFrame, ...measurands: readonly Measurand[]): TelemetryFrame {
  const kept = Object.entries(from.readings).filter(([name]) => !measurands.includes(name as Measurand));
  return { ...from, readings: Object.fromEntries(kept) };
}

/** Judges frames one after the other, a second apart unless a frame says otherwise. */
export function judgeAll(frames: readonly TelemetryFrame[], config = guardConfig(), start = UNJUDGED): Judgement {
  let state: GuardState = start;
  let last: Judgement | undefined;
  for (const one of frames) {
    last = judge(state, one, NO_CEILING, config, ARMED, one.receivedAtMs);
    state = last.state;
  }
  if (!last) throw new Error('no frame was given');
  return last;
}

/** A measurand taking one value after the other, a second apart, all else calm. */
export function series(measurand: Measurand, values: readonly number[]): readonly TelemetryFrame[] {
  return values.map((value, at) => frame({ [measurand]: [value] }, at * 1000));
}

export function permit(more: Partial<Permit> = {}): Permit {
  return {
    assetId: 'a',
    epoch: 7,
    maxChargeW: 5000,
    maxDischargeW: 5000,
    expiresAtMs: 10_000,
    reasons: { charge: [], discharge: [] },
    ...more,
  };
}

export function point(more: Partial<Point> & Pick<Point, 'type'>): Point {
  return { register: 0, gain: 1, unit: '', group: 'fast', ...more };
}

function json(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
}
