/**
 * From a requested power to one order per asset: direction, headroom, grid connection, shares, reasons. Pure.
 *
 * Site orders are AC: PV of hybrids counts first, the batteries cover the rest. Σ final = applied, residual = requested −
 * applied, signed.
 */
import type { AssetShare } from '../../contracts/commands.ts';
import type { Limits } from '../../contracts/limits.ts';
import type { SiteConfig } from '../../contracts/site-config.ts';
import { clampToPermit } from '../device/setpoint.ts';
import { gridRoom, pvAcOf, unitOf, valueOf } from './headroom.ts';
import type { Seen } from './headroom.ts';
import { share } from './sharing.ts';

export type Allocation = {
  readonly appliedW: number;
  readonly residualW: number;
  readonly reference: 'battery' | 'ac';
  readonly shares: readonly Omit<AssetShare, 'written_w'>[];
};

export type AllocationInput = {
  readonly requestedW: number;
  readonly durationS: number;
  readonly limits: Limits;
  readonly grid: SiteConfig['grid'];
  /** Every asset that shows itself, for the grid balance. */
  readonly all: readonly Seen[];
  readonly nowMs: number;
  /** Assets that were left out a while ago because their share was below their least power. */
  readonly resting?: ReadonlySet<string>;
};

/** One asset, at its battery or its AC terminal. */
export function allocateToAsset(input: AllocationInput, target: Seen, reference: 'battery' | 'ac'): Allocation {
  const { requestedW, nowMs, grid, all } = input;
  const pv = pvAcOf(target, nowMs);
  const batteryOffset = reference === 'ac' ? pv : 0;
  const reasons = new Set<string>();
  const room = gridRoom(grid, all, nowMs);
  const others = all
    .filter((seen) => seen !== target)
    .reduce((sum, { frame }) => sum + (valueOf(frame, 'acPowerW', nowMs) ?? 0), 0);
  const wantedAcW = requestedW - batteryOffset + pv;
  // The grid connection may take away from an order; it never turns one round.
  const acW = towardsZero(wantedAcW, Math.max(room.min - others, Math.min(room.max - others, wantedAcW)));
  if (acW !== wantedAcW) reasons.add(room.meterLost ? 'METER_LOST' : 'PCC_LIMIT');
  const directed = acW - pv;
  const { roomW } = unitOf(target, input.limits, directed < 0 ? 'charge' : 'discharge', nowMs);
  const batteryW = clampToPermit(directed, { maxChargeW: roomW, maxDischargeW: roomW });
  if (Math.abs(batteryW) < Math.abs(acW - pv)) for (const reason of reasonsOf(target, acW - pv)) reasons.add(reason);
  const finalW = batteryW + batteryOffset;
  const applied = sameDirection(requestedW, finalW);
  return {
    appliedW: applied,
    residualW: requestedW - applied,
    reference,
    shares: [{ asset_id: target.asset.id, raw_w: requestedW, final_w: applied, reasons: [...reasons] }],
  };
}

/** All given assets together, at their AC terminals. */
export function allocateToSite(input: AllocationInput, targets: readonly Seen[]): Allocation {
  const { requestedW, durationS, limits, grid, all, nowMs } = input;
  const room = gridRoom(grid, all, nowMs);
  const outsiders = all
    .filter((seen) => !targets.includes(seen))
    .reduce((sum, { frame }) => sum + (valueOf(frame, 'acPowerW', nowMs) ?? 0), 0);
  const boundedW = towardsZero(requestedW, Math.max(room.min - outsiders, Math.min(room.max - outsiders, requestedW)));
  const pvs = targets.map((seen) => pvAcOf(seen, nowMs));
  const batteriesW = boundedW - pvs.reduce((sum, pv) => sum + pv, 0);
  const direction = batteriesW < 0 ? 'charge' : 'discharge';
  const sign = batteriesW < 0 ? -1 : 1;
  const units = targets.map((seen) => unitOf(seen, limits, direction, nowMs));
  const rested = share(units, Math.abs(batteriesW), durationS, input.resting);
  // Who rests is woken only when the others cannot do it alone.
  const enough = rested.reduce((sum, { finalW }) => sum + finalW, 0) >= Math.abs(batteriesW) - 1e-6;
  const shares = enough ? rested : share(units, Math.abs(batteriesW), durationS);
  const rows = targets.map((seen, at) => {
    const { rawW = 0, finalW = 0, reasons = [] } = shares[at] ?? {};
    const pv = pvs[at] ?? 0;
    const why = new Set<string>(reasons.filter((reason) => reason !== 'ROOM'));
    if (reasons.includes('ROOM')) for (const reason of reasonsOf(seen, sign)) why.add(reason);
    if (boundedW !== requestedW) why.add(room.meterLost ? 'METER_LOST' : 'PCC_LIMIT');
    return { asset_id: seen.asset.id, raw_w: sign * rawW + pv, final_w: sign * finalW + pv, reasons: [...why] };
  });
  const appliedW = rows.reduce((sum, row) => sum + row.final_w, 0);
  return { appliedW, residualW: requestedW - appliedW, reference: 'ac', shares: rows };
}

function reasonsOf({ permit }: Seen, towardsW: number): readonly string[] {
  const reasons = towardsW < 0 ? permit.reasons.charge : permit.reasons.discharge;
  return reasons.length > 0 ? reasons : ['RATING'];
}

function towardsZero(wantedW: number, boundedW: number): number {
  if (Math.sign(boundedW) * Math.sign(wantedW) < 0) return 0;
  return Math.abs(boundedW) < Math.abs(wantedW) ? boundedW : wantedW;
}

/** An order to discharge never becomes one to charge, nor the other way round. */
function sameDirection(requestedW: number, finalW: number): number {
  return requestedW === 0 ? 0 : Math.sign(finalW) * Math.sign(requestedW) < 0 ? 0 : finalW;
}
