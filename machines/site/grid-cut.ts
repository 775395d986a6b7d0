/**
 * Standing orders that break a limit of the grid connection are cut, most strained first: nobody gives more than the same
 * part of what he may give. Pure. It only takes away, and never turns an order round.
 */
import type { GridRoom } from './grid-watch.ts';

export type GridUnit = {
  readonly id: string;
  /** PV at its AC terminal, W; not ours to cut. */
  readonly pvW: number;
  /** Battery power that its order asks for within its permit, or that it moves without one, at the AC terminal, W. */
  readonly batteryAcW: number;
  /** What its permit allows without the grid, W. */
  readonly chargeW: number;
  readonly dischargeW: number;
};

/** Battery power at the AC terminal, W, unsigned; only who is cut, in the direction that is cut. */
export type GridCut = { readonly direction: 'charge' | 'discharge'; readonly maxW: number };

export function cutToGrid(units: readonly GridUnit[], { min, max }: GridRoom): ReadonlyMap<string, GridCut> {
  const total = units.reduce((sum, { pvW, batteryAcW }) => sum + pvW + batteryAcW, 0);
  if (total > max) return level(units, 'discharge', total - max);
  if (total < min) return level(units, 'charge', min - total);
  return new Map();
}

function level(
  units: readonly GridUnit[],
  direction: 'charge' | 'discharge',
  excessW: number,
): ReadonlyMap<string, GridCut> {
  const rows = units
    .map(({ id, batteryAcW, chargeW, dischargeW }) => {
      const w = Math.max(0, direction === 'discharge' ? batteryAcW : -batteryAcW);
      // Power beyond any permit is the most strained of all.
      const roomW = Math.max(direction === 'discharge' ? dischargeW : chargeW, 1e-6);
      return { id, w, roomW, strain: w / roomW };
    })
    .toSorted((a, b) => b.strain - a.strain);
  const keptW = Math.max(0, rows.reduce((sum, { w }) => sum + w, 0) - excessW);
  const strain = strainFor(rows, keptW);
  return new Map(
    rows.filter((row) => row.strain > strain).map(({ id, roomW }) => [id, { direction, maxW: strain * roomW }]),
  );
}

/** The strain to which the most strained are brought so that all together keep `keptW`; rows by falling strain. */
function strainFor(
  rows: readonly { readonly w: number; readonly roomW: number; readonly strain: number }[],
  keptW: number,
): number {
  let untouchedW = rows.reduce((sum, { w }) => sum + w, 0);
  let roomW = 0;
  for (const [at, row] of rows.entries()) {
    untouchedW -= row.w;
    roomW += row.roomW;
    const strain = Math.max(0, (keptW - untouchedW) / roomW);
    if (strain >= (rows[at + 1]?.strain ?? 0)) return Math.min(strain, row.strain);
  }
  return 0;
}
