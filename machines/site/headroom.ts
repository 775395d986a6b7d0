/**
 * What each asset can add to a site order, and what the grid connection leaves room for (control rules 9 and 10). Pure.
 */
import type { Limits } from '../../contracts/limits.ts';
import type { Permit } from '../../contracts/permit.ts';
import type { Measurand } from '../../contracts/profile.ts';
import type { AssetConfig } from '../../contracts/site-config.ts';
import type { TelemetryFrame } from '../../contracts/telemetry.ts';
import { believe } from '../guard/measurands.ts';
import type { Unit } from './sharing.ts';

export type Seen = {
  readonly asset: AssetConfig;
  readonly hybrid: boolean;
  readonly frame: TelemetryFrame;
  /** Without the limits of the grid connection, which the room of the whole site has. */
  readonly permit: Permit;
  /** Its setpoint is the power at the AC terminal, so that losses are inside. */
  readonly acSetpoint?: boolean;
  /** AC power of the order that it is on its way to, W. */
  readonly orderedAcW?: number | undefined;
  /** What its setpoint can be told apart by, W. */
  readonly resolutionW?: number;
};

/**
 * PV at the AC terminal of a hybrid, W; 0 for anything else. The losses of the inverter are no PV, and where the panels are
 * measured it is never more than they give: AC and battery are not read at the same moment.
 */
export function pvAcOf({ hybrid, frame }: Pick<Seen, 'hybrid' | 'frame'>, nowMs: number): number {
  if (!hybrid) return 0;
  const ac = valueOf(frame, 'acPowerW', nowMs);
  const battery = valueOf(frame, 'batteryPowerW', nowMs);
  const panels = valueOf(frame, 'pvPowerW', nowMs) ?? Number.POSITIVE_INFINITY;
  return ac === undefined || battery === undefined ? 0 : Math.min(Math.max(0, ac - battery), Math.max(0, panels));
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

/** AC power of those who are not part of an order, W: what each has or is on its way to, whichever is worse. */
export function committedAcW(others: readonly Seen[], nowMs: number): { readonly min: number; readonly max: number } {
  let [min, max] = [0, 0];
  for (const { frame, orderedAcW } of others) {
    const measured = valueOf(frame, 'acPowerW', nowMs);
    // Where nobody can see it, the meter does: it is part of the load.
    if (measured === undefined) continue;
    min += Math.min(measured, orderedAcW ?? measured);
    max += Math.max(measured, orderedAcW ?? measured);
  }
  return { min, max };
}

/** AC power for one watt at the battery: charging takes the losses from the grid as well. */
export function acPerBatteryW({ asset, acSetpoint = false }: Seen, batteryW: number): number {
  return batteryW < 0 && !acSetpoint ? 1 / Math.sqrt(asset.efficiency) : 1;
}

export function valueOf(frame: TelemetryFrame, measurand: Measurand, nowMs: number): number | undefined {
  const believed = believe(frame, measurand, nowMs);
  return typeof believed === 'string' ? undefined : believed.min;
}
