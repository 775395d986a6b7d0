/**
 * Caps that hold while nobody may be there to stop the battery (control rules 2 and 6), computed once per asset.
 *
 * If bessd falls silent at full power, the battery goes on until the stale limit, the device's own dead-man and the stop
 * have run their time T. In that time it must not get from its limit to its critical limit.
 */
import type { AssetConfig } from '../../contracts/site-config.ts';
import type { Limits } from '../../contracts/limits.ts';
import { JUDGED_MEASURANDS } from '../../contracts/profile.ts';
import type { Measurand, Profile } from '../../contracts/profile.ts';

export type Deadman = { readonly state: 'unproven' | 'proven' | 'failed'; readonly timeMs: number };

export type Caps = {
  readonly chargeW: number;
  readonly dischargeW: number;
  readonly deadman: Deadman & { readonly maxW: number };
  readonly why: readonly { readonly what: string; readonly why: string }[];
};

/** What a dead-man counts that the device does not have or that failed its drill. */
const NO_DEADMAN_MS = 3_600_000;
/** Allowance for one request and its reply when a budget is computed. */
const EXCHANGE_MS = 250;

/** What a drill found on the very device counts before what its profile declares. */
export function deadmanOf(profile: Profile, proof?: Proof): Deadman {
  if (proof) return { state: proof.state, timeMs: proof.state === 'proven' ? proof.timeMs : NO_DEADMAN_MS };
  const declared = profile.control?.deadman;
  return declared ? { state: 'unproven', timeMs: declared.timeoutMs } : { state: 'failed', timeMs: NO_DEADMAN_MS };
}

/** Time within which the `estop` sequence of a profile brings the battery to zero: writes, gaps, actuator. */
export function estopBudgetMs({ control, transport }: Profile): number {
  if (!control) return 0;
  return control.sequences.estop.length * (transport.requestGapMs + EXCHANGE_MS) + control.actuator.latencyMs;
}

/** Of a device that is only read. */
export const NO_POWER: Caps = {
  chargeW: 0,
  dischargeW: 0,
  deadman: { state: 'failed', timeMs: NO_DEADMAN_MS, maxW: 0 },
  why: [],
};

export type CapsOptions = {
  /** State of health as a fraction, 1 where unknown. */
  readonly soh?: number;
  /** What a battery management system of its own measures beside the inverter. */
  readonly offers?: ReadonlySet<Measurand>;
  /** What a drill found. */
  readonly proof?: Proof | undefined;
};

export type Proof = { readonly state: 'proven' | 'failed'; readonly timeMs: number };

/** The caps of an asset, with what a drill found on it. */
export type CapsWith = (proof: Proof | undefined) => Caps;

export function capsOf(
  asset: AssetConfig,
  profile: Profile,
  limits: Limits,
  staleAfterMs: number,
  { soh = 1, offers = new Set(), proof }: CapsOptions = {},
): Caps {
  const deadman = deadmanOf(profile, proof);
  const seconds = (staleAfterMs + deadman.timeMs + estopBudgetMs(profile)) / 1000;
  const oneWay = Math.sqrt(asset.efficiency);
  const energyPerPct = 36 * asset.capacityWh * soh;
  const unattendedDischargeW = (energyPerPct * (limits.soc.minPct - limits.soc.criticalLowPct) * oneWay) / seconds;
  const unattendedChargeW = (energyPerPct * (limits.soc.criticalHighPct - limits.soc.maxPct)) / oneWay / seconds;
  const unprovenW =
    deadman.state === 'proven'
      ? Number.POSITIVE_INFINITY
      : (asset.unprovenDeadmanMaxW ?? Math.min(asset.maxChargePowerW, asset.maxDischargePowerW) / 2);

  const why: { what: string; why: string }[] = [];
  if (unprovenW < Math.max(asset.maxChargePowerW, asset.maxDischargePowerW)) {
    why.push({ what: `power ≤ ${Math.round(unprovenW)} W`, why: `the dead-man of the device is ${deadman.state}` });
  }
  if (unattendedDischargeW < asset.maxDischargePowerW)
    why.push({
      what: `discharge ≤ ${Math.round(unattendedDischargeW)} W`,
      why: `${Math.round(seconds)} s may pass until an unattended device stops`,
    });
  if (unattendedChargeW < asset.maxChargePowerW)
    why.push({
      what: `charge ≤ ${Math.round(unattendedChargeW)} W`,
      why: `${Math.round(seconds)} s may pass until an unattended device stops`,
    });
  for (const measurand of profile.cannot) {
    if (JUDGED_MEASURANDS.includes(measurand) && !offers.has(measurand))
      why.push({ what: `no limits on ${measurand}`, why: `${profile.name} does not offer it` });
  }
  return {
    chargeW: Math.min(unprovenW, unattendedChargeW),
    dischargeW: Math.min(unprovenW, unattendedDischargeW),
    deadman: { ...deadman, maxW: Math.min(unprovenW, asset.maxChargePowerW, asset.maxDischargePowerW) },
    why,
  };
}
