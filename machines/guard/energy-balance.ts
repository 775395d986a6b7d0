/**
 * The state of charge against the energy that flowed (control rules 3, last row). Pure.
 *
 * From an anchor on, battery power is integrated; the change of the state of charge must go with it within what measurement
 * errors, losses and the resolution allow. A state of charge that does not move at all while energy flows is frozen.
 */
import type { AssetConfig } from '../../contracts/site-config.ts';

export type Counted = {
  readonly atMs: number | undefined;
  readonly powerW: number | undefined;
  /** Mean of the units at the anchor, and when that was. */
  readonly anchorPct: number | undefined;
  readonly anchorAtMs: number;
  /** Out of the battery since the anchor, signed, and in either direction together. */
  readonly netWh: number;
  readonly grossWh: number;
  /** The state of charge as it last changed, and the net energy since. */
  readonly lastPct: number | undefined;
  readonly sinceChangeWh: number;
};

export const NOTHING_COUNTED: Counted = {
  atMs: undefined,
  powerW: undefined,
  anchorPct: undefined,
  anchorAtMs: 0,
  netWh: 0,
  grossWh: 0,
  lastPct: undefined,
  sinceChangeWh: 0,
};

/** In % of capacity; of what flowed (capacity that is not as rated, losses); of the rating for the time (offset of the meter). */
const TOLERANCE = { slackPct: 3, ofThroughput: 0.25, ofRating: 0.02 };
/** After this the errors of the sum outgrow what it shows, and it begins anew. */
const WINDOW_MS = 2 * 3_600_000;
/** Between two samples further apart nobody knows what flowed. */
const LONGEST_GAP_MS = 30_000;
const FROZEN_PCT = 3;

export type EnergyLook = {
  readonly nowMs: number;
  readonly powerW: number | undefined;
  readonly socPct: readonly (number | undefined)[];
  /** A jump is judged by itself, and begins a new sum. */
  readonly jumped: boolean;
};

export function countEnergy(
  before: Counted,
  { nowMs, powerW, socPct, jumped }: EnergyLook,
  asset: Pick<AssetConfig, 'capacityWh' | 'maxChargePowerW' | 'maxDischargePowerW'>,
): { readonly counted: Counted; readonly off: boolean; readonly frozen: boolean } {
  const pct = meanOf(socPct);
  if (pct === undefined) return { counted: before, off: false, frozen: isFrozen(before, asset) };
  if (before.atMs === nowMs) return { counted: before, off: false, frozen: isFrozen(before, asset) };
  const elapsedMs = nowMs - (before.atMs ?? nowMs);
  const known = before.anchorPct !== undefined && powerW !== undefined && before.powerW !== undefined;
  if (!known || jumped || elapsedMs > LONGEST_GAP_MS || nowMs - before.anchorAtMs > WINDOW_MS) {
    const moved = pct !== before.lastPct;
    const counted = { ...anchored(pct, powerW, nowMs), sinceChangeWh: moved ? 0 : before.sinceChangeWh };
    return { counted, off: false, frozen: isFrozen(counted, asset) };
  }
  const flowedWh = (((powerW + (before.powerW ?? 0)) / 2) * elapsedMs) / 3_600_000;
  const counted: Counted = {
    ...before,
    atMs: nowMs,
    powerW,
    netWh: before.netWh + flowedWh,
    grossWh: before.grossWh + Math.abs(flowedWh),
    lastPct: pct,
    sinceChangeWh: pct === before.lastPct ? before.sinceChangeWh + flowedWh : 0,
  };
  const off = Math.abs(residualPct(counted, pct, asset)) > tolerancePct(counted, nowMs, asset);
  return { counted: off ? anchored(pct, powerW, nowMs) : counted, off, frozen: isFrozen(counted, asset) };
}

/** By how much the state of charge is higher than the energy says, % of capacity. */
function residualPct({ anchorPct = 0, netWh }: Counted, pct: number, { capacityWh }: { capacityWh: number }): number {
  return pct - anchorPct + (100 * netWh) / capacityWh;
}

function tolerancePct(
  { grossWh, anchorAtMs }: Counted,
  nowMs: number,
  { capacityWh, maxChargePowerW, maxDischargePowerW }: Parameters<typeof countEnergy>[2],
): number {
  const offsetWh =
    (TOLERANCE.ofRating * Math.max(maxChargePowerW, maxDischargePowerW) * (nowMs - anchorAtMs)) / 3_600_000;
  return TOLERANCE.slackPct + (100 * (TOLERANCE.ofThroughput * grossWh + offsetWh)) / capacityWh;
}

function isFrozen({ sinceChangeWh }: Counted, { capacityWh }: { capacityWh: number }): boolean {
  return (100 * Math.abs(sinceChangeWh)) / capacityWh > FROZEN_PCT;
}

function anchored(pct: number, powerW: number | undefined, nowMs: number): Counted {
  return { ...NOTHING_COUNTED, atMs: nowMs, powerW, anchorPct: pct, anchorAtMs: nowMs, lastPct: pct };
}

function meanOf(values: readonly (number | undefined)[]): number | undefined {
  const sum = values.reduce<number>((total, value) => total + (value ?? Number.NaN), 0);
  return values.length > 0 && Number.isFinite(sum) ? sum / values.length : undefined;
}
