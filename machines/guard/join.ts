/**
 * An asset whose battery has a management system of its own: the frames of both, joined for the guard. Pure.
 *
 * The guard takes the worst of all samples of a measurand, and one that is missing makes it missing. So joining is adding:
 * hottest, coldest, worst state of charge, smallest limit and all alarms of both count, and what the management system
 * should measure and does not blocks what it protects.
 */
import type { Measurand } from '../../contracts/profile.ts';
import type { Sample, TelemetryFrame } from '../../contracts/telemetry.ts';
import { believe } from './measurands.ts';

export type BmsPlan = {
  /** The device, as alarms and telemetry name it. */
  readonly id: string;
  /** What its profile measures. */
  readonly offers: ReadonlySet<Measurand>;
};

export type Joined = {
  readonly frame: TelemetryFrame;
  /** What the management system should measure and does not at this moment. */
  readonly silent: readonly Measurand[];
};

/** What both may say; the worst counts. */
const PROTECTING: readonly Measurand[] = [
  'socPct',
  'sohPct',
  'temperatureC',
  'cellVoltageMaxV',
  'cellVoltageMinV',
  'cellSpreadMv',
  'maxChargeNowW',
  'maxDischargeNowW',
  'contactorOpen',
  'insulationFault',
  'alarms',
];
/** What flows is the inverter's to say; the management system speaks where the inverter does not. */
const FLOWING: readonly Measurand[] = ['batteryPowerW', 'voltageV', 'currentA'];

const MISSING: Sample = {
  value: undefined,
  quality: 'missing',
  receivedAtMs: Number.NEGATIVE_INFINITY,
  staleAtMs: Number.NEGATIVE_INFINITY,
};

export function joinBms(
  own: TelemetryFrame,
  bms: TelemetryFrame | undefined,
  { offers }: BmsPlan,
  nowMs: number,
): Joined {
  const readings: Partial<Record<Measurand, readonly Sample[]>> = { ...own.readings };
  for (const measurand of [...PROTECTING, ...FLOWING]) {
    if (!offers.has(measurand)) continue;
    const mine = own.readings[measurand] ?? [];
    if (FLOWING.includes(measurand) && mine.length > 0) continue;
    const theirs = bms?.readings[measurand] ?? [];
    readings[measurand] = [...mine, ...(theirs.length > 0 ? theirs : [MISSING])];
  }
  return {
    frame: { ...own, readings, alarms: [...own.alarms, ...(bms?.alarms ?? [])] },
    silent: silentOf(bms, offers, nowMs),
  };
}

/** Missing, stale or not a number. */
export function silentOf(
  bms: TelemetryFrame | undefined,
  offers: ReadonlySet<Measurand>,
  nowMs: number,
): readonly Measurand[] {
  return PROTECTING.filter(
    (measurand) => offers.has(measurand) && (!bms || typeof believe(bms, measurand, nowMs) === 'string'),
  );
}
