/**
 * The cells of a simulated battery: voltage over state of charge, spread, ageing. Pure functions, LFP.
 */
import type { PlantSettings } from './plant-settings.ts';

/** State of charge in % and resting voltage of a cell in V: the flat curve of LFP with its steep ends. */
const RESTING_V: readonly (readonly [number, number])[] = [
  [0, 2.8],
  [5, 3.1],
  [10, 3.2],
  [20, 3.25],
  [40, 3.29],
  [60, 3.31],
  [80, 3.33],
  [90, 3.35],
  [97, 3.4],
  [100, 3.5],
];

/** Of the whole bank at rated power: so much of the resting voltage is lost, or added while charging. */
const SAG_AT_RATED_POWER = 0.015;
/** End of life is 80 % of the first capacity. */
const LIFE_LOSS_PCT = 20;

export type CellVoltages = { readonly max: number; readonly avg: number; readonly min: number };

/** In V, under load; positive `batteryW` pulls it down. */
export function cellVoltages(settings: PlantSettings, socPct: number, batteryW: number): CellVoltages {
  const sag = 1 - (SAG_AT_RATED_POWER * batteryW) / Math.max(settings.ratedW, 1);
  const avg = restingV(socPct) * sag;
  const halfSpread = settings.cellSpreadMv / 2000;
  return { max: avg + halfSpread, avg, min: avg - halfSpread };
}

/** Energy of the full battery at its present age. */
export function usableWh({ capacityWh }: PlantSettings, sohPct: number): number {
  return (capacityWh * sohPct) / 100;
}

/** Health falls in a straight line with what went in and out. */
export function agedSohPct({ sohPct, cycleLife }: PlantSettings, cycles: number): number {
  return Math.max(1, sohPct - (LIFE_LOSS_PCT * cycles) / cycleLife);
}

/** Equivalent full cycles. */
export function fullCycles({ capacityWh }: PlantSettings, chargedWh: number, dischargedWh: number): number {
  return (chargedWh + dischargedWh) / (2 * capacityWh);
}

function restingV(socPct: number): number {
  let [lowerPct, lowerV] = RESTING_V[0] ?? [0, 0];
  for (const [pct, volts] of RESTING_V) {
    if (socPct <= pct) {
      const share = pct === lowerPct ? 0 : (socPct - lowerPct) / (pct - lowerPct);
      return lowerV + (volts - lowerV) * share;
    }
    [lowerPct, lowerV] = [pct, volts];
  }
  return lowerV;
}
