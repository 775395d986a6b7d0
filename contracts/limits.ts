/**
 * The limits file (`profiles/limits/*.json`): the numbers of the guard's table, within hard bounds that are code.
 *
 * A file may only narrow the hard bounds. Percentages of power are of min(rating, site maximum); SOC in %, cell
 * voltages in V, spread in mV, temperatures in °C.
 */
import { z } from 'zod';

/** What no file can widen (control rules 3, hard bounds). Cell bounds are those of LFP; NMC has its own upper one. */
export const HARD_BOUNDS = {
  criticalSocPct: { min: 2, max: 20 },
  criticalHighSocPct: { min: 80, max: 98 },
  chargeMinC: 0,
  hottestC: 60,
  staleMs: 30_000,
  cellV: { LFP: { min: 2.5, max: 3.65 }, NMC: { min: 2.5, max: 4.25 } },
} as const;

const pct = z.number().min(0).max(100);
const factor = z.number().min(0).max(1);

export const limitsSchema = z
  .strictObject({
    $schema: z.string().optional(),
    name: z.string(),
    version: z.int().min(1),
    chemistry: z.enum(['LFP', 'NMC']),
    source: z.array(z.string()).min(1),
    soc: z.strictObject({
      criticalLowPct: pct,
      criticalLowReleasePct: pct,
      /** Charging power allowed at critical low, as a multiple of capacity per hour. */
      criticalLowChargeC: z.number().positive().max(0.1),
      minPct: pct,
      minReleaseAbovePct: pct,
      lowDeratePct: pct,
      lowDerateReleasePct: pct,
      lowDerateFactor: factor,
      taperStartPct: pct,
      taperEndFactor: factor,
      maxPct: pct,
      maxReleasePct: pct,
      criticalHighPct: pct,
      criticalHighReleasePct: pct,
    }),
    temperature: z.strictObject({
      noChargeC: z.number(),
      noChargeReleaseC: z.number(),
      chargeTaperEndC: z.number(),
      dischargeDerateC: z.number(),
      dischargeDerateFactor: factor,
      noDischargeC: z.number(),
      coldReleaseC: z.number().positive(),
      hotDerateC: z.number(),
      hotDerateFactor: factor,
      hotDerateReleaseC: z.number(),
      hotStopC: z.number(),
      hotStopReleaseC: z.number(),
      tripC: z.number(),
      tripReleaseC: z.number(),
    }),
    cell: z.strictObject({
      minV: z.number(),
      maxV: z.number(),
      releaseV: z.number().positive(),
      tripAfterMs: z.number().min(0).max(10_000),
      spreadDerateMv: z.number(),
      spreadDerateReleaseMv: z.number(),
      spreadDerateFactor: factor,
      spreadStopMv: z.number(),
      spreadStopReleaseMv: z.number(),
    }),
    grid: z.strictObject({ releaseMs: z.number().min(0) }),
  })
  .superRefine((limits, context) => {
    const { soc, temperature, cell } = limits;
    const must = (holds: boolean, path: string, expected: string): void => {
      if (!holds) context.addIssue({ code: 'custom', path: path.split('.'), message: expected });
    };
    const { criticalSocPct, criticalHighSocPct, chargeMinC, hottestC, cellV } = HARD_BOUNDS;
    const hardCell = cellV[limits.chemistry];
    must(
      soc.criticalLowPct >= criticalSocPct.min && soc.criticalLowPct <= criticalSocPct.max,
      'soc.criticalLowPct',
      `${criticalSocPct.min} to ${criticalSocPct.max} (hard bound)`,
    );
    must(
      soc.criticalHighPct >= criticalHighSocPct.min && soc.criticalHighPct <= criticalHighSocPct.max,
      'soc.criticalHighPct',
      `${criticalHighSocPct.min} to ${criticalHighSocPct.max} (hard bound)`,
    );
    must(soc.criticalLowReleasePct > soc.criticalLowPct, 'soc.criticalLowReleasePct', 'above criticalLowPct');
    must(soc.minPct >= soc.criticalLowPct, 'soc.minPct', 'not below criticalLowPct');
    must(
      soc.lowDeratePct >= soc.minPct && soc.lowDerateReleasePct > soc.lowDeratePct,
      'soc.lowDeratePct',
      'minPct ≤ lowDeratePct < lowDerateReleasePct',
    );
    must(soc.taperStartPct < soc.maxPct, 'soc.taperStartPct', 'below maxPct');
    must(soc.maxPct <= soc.criticalHighPct, 'soc.maxPct', 'not above criticalHighPct');
    must(soc.maxReleasePct < soc.maxPct, 'soc.maxReleasePct', 'below maxPct');
    must(soc.criticalHighReleasePct < soc.criticalHighPct, 'soc.criticalHighReleasePct', 'below criticalHighPct');
    must(
      temperature.noChargeC >= chargeMinC,
      'temperature.noChargeC',
      `at least ${chargeMinC} (hard bound: lithium plating)`,
    );
    must(temperature.noChargeReleaseC > temperature.noChargeC, 'temperature.noChargeReleaseC', 'above noChargeC');
    must(temperature.chargeTaperEndC > temperature.noChargeC, 'temperature.chargeTaperEndC', 'above noChargeC');
    must(temperature.noDischargeC < temperature.dischargeDerateC, 'temperature.noDischargeC', 'below dischargeDerateC');
    must(temperature.hotDerateReleaseC < temperature.hotDerateC, 'temperature.hotDerateReleaseC', 'below hotDerateC');
    must(
      temperature.hotDerateC <= temperature.hotStopC && temperature.hotStopReleaseC < temperature.hotStopC,
      'temperature.hotStopC',
      'not below hotDerateC, its release below it',
    );
    must(
      temperature.hotStopC <= temperature.tripC && temperature.tripC <= hottestC,
      'temperature.tripC',
      `from hotStopC to ${hottestC} (hard bound)`,
    );
    must(temperature.tripReleaseC < temperature.tripC, 'temperature.tripReleaseC', 'below tripC');
    must(
      cell.minV >= hardCell.min && cell.maxV <= hardCell.max && cell.minV < cell.maxV,
      'cell',
      `minV and maxV within ${hardCell.min} to ${hardCell.max} V (hard bound of ${limits.chemistry})`,
    );
    must(
      cell.spreadDerateReleaseMv < cell.spreadDerateMv &&
        cell.spreadStopReleaseMv < cell.spreadStopMv &&
        cell.spreadDerateMv < cell.spreadStopMv,
      'cell.spreadStopMv',
      'above spreadDerateMv, releases below their actions',
    );
  });

export type Limits = z.output<typeof limitsSchema>;
