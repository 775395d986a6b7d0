/**
 * The lookout: values of single points at which the limits table closes a direction whatever else the device shows.
 *
 * A few comparisons, so that a stop need not wait until everything has been decoded and judged. It says nothing that the
 * judgement does not say too, only sooner, and never opens anything. What trips the asset is left to the judgement, since
 * another sequence is written then.
 */
import type { Permit, PermitReason } from '../../contracts/permit.ts';
import type { Measurand } from '../../contracts/profile.ts';
import type { GuardConfig } from './guard.ts';

type Direction = 'charge' | 'discharge';

/** At `from` and beyond it, seen from the safe side; in °C, %, mV or V as the measurand is. */
export type Lookout = {
  readonly measurand: Measurand;
  readonly side: 'above' | 'below';
  readonly from: number;
  /** Beyond this the asset trips. */
  readonly upTo?: number;
  readonly closes: readonly Direction[];
  readonly reason: PermitReason;
};

/** What a block of values has closed. */
export type Closed = Partial<Readonly<Record<Direction, PermitReason>>>;

/** Of an asset with a battery management system of its own: none, since it is decided later whose value counts. */
export function lookoutsOf({ limits, asset, bms }: Pick<GuardConfig, 'limits' | 'asset' | 'bms'>): readonly Lookout[] {
  if (bms) return [];
  const { temperature: t, cell, soc } = limits;
  const both = ['charge', 'discharge'] as const;
  return [
    { measurand: 'temperatureC', side: 'above', from: t.hotStopC, upTo: t.tripC, closes: both, reason: 'HOT_STOP' },
    { measurand: 'temperatureC', side: 'below', from: t.noChargeC, closes: ['charge'], reason: 'COLD_NO_CHARGE' },
    {
      measurand: 'temperatureC',
      side: 'below',
      from: t.noDischargeC,
      closes: ['discharge'],
      reason: 'COLD_NO_DISCHARGE',
    },
    { measurand: 'cellSpreadMv', side: 'above', from: cell.spreadStopMv, closes: both, reason: 'CELL_SPREAD_STOP' },
    { measurand: 'cellVoltageMaxV', side: 'above', from: cell.maxV, closes: ['charge'], reason: 'CELL_HIGH' },
    { measurand: 'cellVoltageMinV', side: 'below', from: cell.minV, closes: ['discharge'], reason: 'CELL_LOW' },
    { measurand: 'socPct', side: 'below', from: soc.minPct, closes: ['discharge'], reason: 'SOC_LOW' },
    { measurand: 'socPct', side: 'below', from: asset.reserveSocPct, closes: ['discharge'], reason: 'SOC_RESERVE' },
    // Not from `maxPct` on: a calibration charge may go over that.
    {
      measurand: 'socPct',
      side: 'above',
      from: soc.criticalHighPct,
      closes: ['charge'],
      reason: 'SOC_CRITICAL_HIGH',
    },
  ];
}

/** Adds to `closed` what one value closes. */
export function lookOut(closed: Closed, lookouts: readonly Lookout[], value: number): Closed {
  let now = closed;
  for (const { side, from, upTo = Number.POSITIVE_INFINITY, closes, reason } of lookouts) {
    const reached = side === 'above' ? value >= from && value < upTo : value <= from;
    if (reached) for (const direction of closes) now = { ...now, [direction]: now[direction] ?? reason };
  }
  return now;
}

/** The permit without the directions that are closed. */
export function withoutClosed(permit: Permit, closed: Closed): Permit {
  const { charge, discharge } = closed;
  if (charge === undefined && discharge === undefined) return permit;
  const { reasons } = permit;
  return {
    ...permit,
    maxChargeW: charge === undefined ? permit.maxChargeW : 0,
    maxDischargeW: discharge === undefined ? permit.maxDischargeW : 0,
    reasons: {
      charge: charge === undefined ? reasons.charge : [...reasons.charge, charge],
      discharge: discharge === undefined ? reasons.discharge : [...reasons.discharge, discharge],
    },
  };
}
