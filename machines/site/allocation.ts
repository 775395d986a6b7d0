/**
 * From a requested power to one order per asset: direction, headroom, grid connection, shares, reasons. Pure.
 *
 * Site orders are AC: PV of hybrids counts first, the batteries cover the rest. Σ final = applied, residual = requested −
 * applied, signed.
 */
import type { AssetShare } from '../../contracts/commands.ts';
import type { Limits } from '../../contracts/limits.ts';
import { clampToPermit } from '../device/setpoint.ts';
import type { GridRoom } from './grid-watch.ts';
import { acPerBatteryW, committedAcW, pvAcOf, unitOf } from './headroom.ts';
import type { Seen } from './headroom.ts';
import { roundShares } from './rounding.ts';
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
  /** What the grid connection leaves to all devices together. */
  readonly room: GridRoom;
  /** Every asset that shows itself; those that are not part of the order keep what they have. */
  readonly all: readonly Seen[];
  readonly nowMs: number;
  /** Assets that were left out a while ago because their share was below their least power. */
  readonly resting?: ReadonlySet<string>;
};

/** One asset, at its battery or its AC terminal. */
export function allocateToAsset(input: AllocationInput, target: Seen, reference: 'battery' | 'ac'): Allocation {
  const { requestedW, nowMs, room, all } = input;
  const pv = pvAcOf(target, nowMs);
  const batteryOffset = reference === 'ac' ? pv : 0;
  const reasons = new Set<string>();
  const wantedW = requestedW - batteryOffset;
  const boundedW = boundedByGrid(input, wantedW, pv, othersThan([target], all), [target]);
  // The grid connection may take away from an order; it never turns one round.
  const directed = towardsZero(wantedW + pv, boundedW + pv) - pv;
  if (directed !== wantedW) reasons.add(room.meterLost ? 'METER_LOST' : 'PCC_LIMIT');
  const { roomW } = unitOf(target, input.limits, directed < 0 ? 'charge' : 'discharge', nowMs);
  const batteryW = clampToPermit(directed, { maxChargeW: roomW, maxDischargeW: roomW });
  if (Math.abs(batteryW) < Math.abs(directed)) for (const reason of reasonsOf(target, directed)) reasons.add(reason);
  const { resolutionW = 1 } = target;
  const [steps = 0] = roundShares([{ w: Math.abs(batteryW), roomW, resolutionW }]);
  const finalW = Math.sign(batteryW) * steps + batteryOffset;
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
  const { requestedW, durationS, limits, room, all, nowMs } = input;
  const pvs = targets.map((seen) => pvAcOf(seen, nowMs));
  const pv = pvs.reduce((sum, one) => sum + one, 0);
  const outsiders = othersThan(targets, all);
  const boundedW = towardsZero(requestedW, boundedByGrid(input, requestedW - pv, pv, outsiders, targets) + pv);
  const batteriesW = boundedW - pv;
  const direction = batteriesW < 0 ? 'charge' : 'discharge';
  const sign = batteriesW < 0 ? -1 : 1;
  const units = targets.map((seen) => unitOf(seen, limits, direction, nowMs));
  const rested = share(units, Math.abs(batteriesW), durationS, input.resting);
  // Who rests is woken only when the others cannot do it alone.
  const enough = rested.reduce((sum, { finalW }) => sum + finalW, 0) >= Math.abs(batteriesW) - 1e-6;
  const shares = enough ? rested : share(units, Math.abs(batteriesW), durationS);
  const rounded = roundShares(
    targets.map(({ resolutionW = 1 }, at) => ({
      w: shares[at]?.finalW ?? 0,
      roomW: units[at]?.roomW ?? 0,
      resolutionW,
    })),
  );
  const rows = targets.map((seen, at) => {
    const { rawW = 0, reasons = [] } = shares[at] ?? {};
    const ownPv = pvs[at] ?? 0;
    const why = new Set<string>(reasons.filter((reason) => reason !== 'ROOM'));
    if (reasons.includes('ROOM')) for (const reason of reasonsOf(seen, sign)) why.add(reason);
    if (boundedW !== requestedW) why.add(room.meterLost ? 'METER_LOST' : 'PCC_LIMIT');
    const finalW = sign * (rounded[at] ?? 0) + ownPv;
    return { asset_id: seen.asset.id, raw_w: sign * rawW + ownPv, final_w: finalW, reasons: [...why] };
  });
  const appliedW = rows.reduce((sum, row) => sum + row.final_w, 0);
  return { appliedW, residualW: requestedW - appliedW, reference: 'ac', shares: rows };
}

function othersThan(targets: readonly Seen[], all: readonly Seen[]): readonly Seen[] {
  const mine = new Set(targets.map(({ asset }) => asset.id));
  return all.filter(({ asset }) => !mine.has(asset.id));
}

/** Battery power of the targets together that the grid connection bears beside their PV and all others, W. */
function boundedByGrid(
  { room, nowMs }: AllocationInput,
  wantedW: number,
  pvW: number,
  others: readonly Seen[],
  targets: readonly Seen[],
): number {
  const committed = committedAcW(others, nowMs);
  const lowest = room.min - committed.min - pvW;
  const highest = room.max - committed.max - pvW;
  const worst = Math.max(...targets.map((seen) => acPerBatteryW(seen, -1)));
  // What must be discharged to keep the import opens nothing that the export forbids: it only ends what charges.
  return Math.max(Math.min(0, lowest / worst), Math.min(highest, wantedW));
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
