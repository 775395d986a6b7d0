/**
 * Values that cannot be true: a state of charge that jumps or does not go with the energy that flowed, and values that
 * stand still although they must move.
 *
 * A doubted value counts as missing until the series has settled again; a single implausible sample changes nothing for
 * the better. Nothing here ever improves a value.
 */
import type { PermitReason } from '../../contracts/permit.ts';
import type { AssetConfig } from '../../contracts/site-config.ts';
import type { Sample, TelemetryFrame } from '../../contracts/telemetry.ts';
import { countEnergy, NOTHING_COUNTED } from './energy-balance.ts';
import type { Counted } from './energy-balance.ts';

export type Seen = {
  /** One a unit. */
  readonly socPct: readonly (number | undefined)[];
  readonly atMs: number;
  /** Frames since the last implausible one; below SETTLED the SOC is doubted. */
  readonly settled: number;
  /** After a doubt that one frame cannot clear: not before this moment. */
  readonly doubtedUntilMs: number;
  /** Readings that a living device cannot keep exactly equal while power flows, and since when they are. */
  readonly fingerprint: string;
  readonly sameSinceMs: number;
  readonly counted: Counted;
  readonly power: PowerSeen;
};

/** The measured power as it last changed, and what was ordered then. */
type PowerSeen = {
  readonly w: number | undefined;
  readonly orderedW: number;
  /** Since when the order is another one than that. */
  readonly ignoredSinceMs: number | undefined;
};

export const NOTHING_SEEN: Seen = {
  socPct: [],
  atMs: 0,
  settled: 3,
  doubtedUntilMs: Number.NEGATIVE_INFINITY,
  fingerprint: '',
  sameSinceMs: 0,
  counted: NOTHING_COUNTED,
  power: { w: undefined, orderedW: 0, ignoredSinceMs: undefined },
};

/** A jump is a change that full power for the elapsed time, three times over, and the resolution cannot explain. */
const JUMP = { powerFactor: 3, slackPct: 1.5 };
const SETTLED = 3;
/** Identical to the last digit while this much energy flowed, in % of capacity: the values are frozen. */
const FROZEN_PCT = 1;
/** A balance that did not add up is not believed again at once. */
const BALANCE_PAUSE_MS = 60_000;
/** Longer than any actuator takes: a power that has not moved by a digit since its order changed is frozen. */
const POWER_FROZEN_MS = 60_000;

export function plausible(
  before: Seen,
  frame: TelemetryFrame,
  asset: AssetConfig,
  orderedW = 0,
): { seen: Seen; doubts: readonly PermitReason[] } {
  const { receivedAtMs, readings } = frame;
  // The same frame judged again (the latch changed) is no second witness.
  const again = receivedAtMs === before.atMs;
  const socPct = (readings.socPct ?? []).map(numberOf);
  const step = largestStep(asset, receivedAtMs - before.atMs);
  const jumped = socPct.some((soc, at) => Math.abs((soc ?? Number.NaN) - (before.socPct[at] ?? Number.NaN)) > step);
  const fingerprint = fingerprintOf(frame);
  const sameSinceMs = fingerprint === before.fingerprint ? before.sameSinceMs : receivedAtMs;
  const powerW = numberOf(readings.batteryPowerW?.[0]);
  const flowedWh = (Math.abs(powerW ?? 0) * (receivedAtMs - sameSinceMs)) / 3_600_000;
  const energy = countEnergy(before.counted, { nowMs: receivedAtMs, powerW, socPct, jumped }, asset);
  const power = again ? before.power : followPower(before.power, powerW, orderedW, receivedAtMs, asset);
  const frozen =
    (100 * flowedWh) / asset.capacityWh >= FROZEN_PCT ||
    energy.frozen ||
    (power.ignoredSinceMs !== undefined && receivedAtMs - power.ignoredSinceMs >= POWER_FROZEN_MS);
  // A missing value settles nothing, and a device that was frozen has to show a series again.
  const missing = socPct.length === 0 || socPct.includes(undefined);
  const unshown = again || (readings.socPct !== undefined && missing);
  const settled = jumped || frozen || energy.off ? 0 : unshown ? before.settled : Math.min(SETTLED, before.settled + 1);
  const doubtedUntilMs = energy.off ? receivedAtMs + BALANCE_PAUSE_MS : before.doubtedUntilMs;
  const doubts: PermitReason[] = [];
  if (frozen) doubts.push('FROZEN');
  else if (settled < SETTLED || receivedAtMs < doubtedUntilMs) doubts.push('IMPLAUSIBLE');
  return {
    seen: {
      socPct: socPct.map((soc, at) => soc ?? before.socPct[at]),
      atMs: receivedAtMs,
      settled,
      doubtedUntilMs,
      fingerprint,
      sameSinceMs,
      counted: energy.counted,
      power,
    },
    doubts,
  };
}

function largestStep({ capacityWh, maxChargePowerW, maxDischargePowerW }: AssetConfig, elapsedMs: number): number {
  const hours = Math.max(0, elapsedMs) / 3_600_000;
  return JUMP.slackPct + (100 * JUMP.powerFactor * Math.max(maxChargePowerW, maxDischargePowerW) * hours) / capacityWh;
}

/** A power that shows the same digits although another one was ordered, for how long already. */
function followPower(
  before: PowerSeen,
  w: number | undefined,
  orderedW: number,
  nowMs: number,
  { maxChargePowerW, maxDischargePowerW }: AssetConfig,
): PowerSeen {
  if (w === undefined || w !== before.w) return { w, orderedW, ignoredSinceMs: undefined };
  const stepW = Math.max(500, 0.05 * Math.max(maxChargePowerW, maxDischargePowerW));
  // Power that is where the order wants it need not move.
  const ignored = Math.abs(orderedW - before.orderedW) > stepW && Math.abs(orderedW - w) > stepW;
  return { ...before, ignoredSinceMs: ignored ? (before.ignoredSinceMs ?? nowMs) : undefined };
}

/** Everything that moves in a battery that moves; equal to the last digit it is suspicious once energy has flowed. */
function fingerprintOf({ readings }: TelemetryFrame): string {
  const live = [
    readings.socPct,
    readings.batteryPowerW,
    readings.voltageV,
    readings.currentA,
    readings.gridVoltageV,
    readings.gridFrequencyHz,
    readings.acPowerW,
  ];
  return live.flatMap((samples) => samples?.map(({ value }) => value) ?? []).join(' ');
}

function numberOf(sample: Sample | undefined): number | undefined {
  const value = sample?.value;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
