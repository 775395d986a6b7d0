/**
 * What each asset can add to a site order, and what the grid connection leaves room for (control rules 9 and 10). Pure.
 */
import type { Limits } from '../../contracts/limits.ts';
import type { Permit } from '../../contracts/permit.ts';
import type { Measurand } from '../../contracts/profile.ts';
import type { AssetConfig, SiteConfig } from '../../contracts/site-config.ts';
import type { TelemetryFrame } from '../../contracts/telemetry.ts';
import { believe } from '../guard/measurands.ts';
import type { Unit } from './sharing.ts';

export type Seen = {
  readonly asset: AssetConfig;
  readonly hybrid: boolean;
  readonly frame: TelemetryFrame;
  readonly permit: Permit;
};

/** PV at the AC terminal of a hybrid, W; 0 for anything else. The losses of the inverter are no PV. */
export function pvAcOf({ hybrid, frame }: Seen, nowMs: number): number {
  if (!hybrid) return 0;
  const ac = valueOf(frame, 'acPowerW', nowMs);
  const battery = valueOf(frame, 'batteryPowerW', nowMs);
  return ac === undefined || battery === undefined ? 0 : Math.max(0, ac - battery);
}

export function unitOf(seen: Seen, limits: Limits, direction: 'charge' | 'discharge', nowMs: number): Unit {
  const { asset, frame, permit } = seen;
  const oneWay = Math.sqrt(asset.efficiency);
  const soc = believe(frame, 'socPct', nowMs);
  const soh = (valueOf(frame, 'sohPct', nowMs) ?? 100) / 100;
  const floorPct = Math.max(limits.soc.minPct, asset.reserveSocPct);
  const usablePct =
    typeof soc === 'string'
      ? 0
      : direction === 'discharge'
        ? Math.max(0, soc.min - floorPct)
        : Math.max(0, limits.soc.maxPct - soc.max);
  const efficiency = direction === 'discharge' ? oneWay : 1 / oneWay;
  const permitW = direction === 'discharge' ? permit.maxDischargeW : permit.maxChargeW;
  const live = nowMs < permit.expiresAtMs;
  return {
    id: asset.id,
    roomW: live ? Math.min(permitW, acRoom(seen, direction, nowMs)) : 0,
    energyWh: (usablePct / 100) * asset.capacityWh * soh * efficiency,
    minPowerW: asset.minPowerW,
  };
}

/** The inverter carries PV and battery together: √(S² − Q²) − PV discharging, + PV charging. */
function acRoom(seen: Seen, direction: 'charge' | 'discharge', nowMs: number): number {
  const apparent = valueOf(seen.frame, 'apparentRatingVa', nowMs);
  if (apparent === undefined) return Number.POSITIVE_INFINITY;
  const reactive = valueOf(seen.frame, 'reactivePowerVar', nowMs) ?? 0;
  const activeRoom = Math.sqrt(Math.max(0, apparent ** 2 - reactive ** 2));
  const pv = pvAcOf(seen, nowMs);
  return Math.max(0, direction === 'discharge' ? activeRoom - pv : activeRoom + pv);
}

/** Least and most AC power of all devices together that the grid connection allows, W. */
export function gridRoom(
  grid: SiteConfig['grid'],
  seen: readonly Seen[],
  nowMs: number,
): { readonly min: number; readonly max: number; readonly meterLost: boolean } {
  const { maxImportW, maxExportW, meterLostMaxW } = grid;
  if (maxImportW === undefined && maxExportW === undefined)
    return { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY, meterLost: false };
  const meter = seen.find(({ asset }) => asset.id === grid.meter);
  const pcc = meter && valueOf(meter.frame, 'gridPowerW', nowMs);
  const acs = seen.map(({ frame }) => valueOf(frame, 'acPowerW', nowMs));
  if (pcc === undefined || acs.some((ac) => ac === undefined))
    return { min: -meterLostMaxW, max: meterLostMaxW, meterLost: true };
  const load = pcc + acs.reduce<number>((sum, ac) => sum + (ac ?? 0), 0);
  return {
    min: load - (maxImportW ?? Number.POSITIVE_INFINITY),
    max: load + (maxExportW ?? Number.POSITIVE_INFINITY),
    meterLost: false,
  };
}

export function valueOf(frame: TelemetryFrame, measurand: Measurand, nowMs: number): number | undefined {
  const believed = believe(frame, measurand, nowMs);
  return typeof believed === 'string' ? undefined : believed.min;
}
