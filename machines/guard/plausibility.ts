/**
 * Values that cannot be true: a state of charge that jumps, and a device that answers but no longer measures.
 *
 * A doubted value counts as missing until the series has settled again; a single implausible sample changes nothing for
 * the better. Nothing here ever improves a value.
 */
import type { PermitReason } from '../../contracts/permit.ts';
import type { AssetConfig } from '../../contracts/site-config.ts';
import type { Sample, TelemetryFrame } from '../../contracts/telemetry.ts';

export type Seen = {
  readonly socPct: number | undefined;
  readonly atMs: number;
  /** Frames since the last implausible one; below SETTLED the SOC is doubted. */
  readonly settled: number;
  /** Readings that a living device cannot keep exactly equal while power flows, and since when they are. */
  readonly fingerprint: string;
  readonly sameSinceMs: number;
};

export const NOTHING_SEEN: Seen = { socPct: undefined, atMs: 0, settled: 3, fingerprint: '', sameSinceMs: 0 };

/** A jump is a change that full power for the elapsed time, three times over, and the resolution cannot explain. */
const JUMP = { powerFactor: 3, slackPct: 1.5 };
const SETTLED = 3;
/** Identical to the last digit while this much energy flowed, in % of capacity: the values are frozen. */
const FROZEN_PCT = 1;

export function plausible(
  before: Seen,
  frame: TelemetryFrame,
  asset: AssetConfig,
): { seen: Seen; doubts: readonly PermitReason[] } {
  const socPct = single(frame.readings.socPct);
  const jumped =
    socPct !== undefined &&
    before.socPct !== undefined &&
    Math.abs(socPct - before.socPct) > largestStep(asset, frame.receivedAtMs - before.atMs);
  // The same frame judged again (the latch changed) is no second witness.
  const again = frame.receivedAtMs === before.atMs;
  const fingerprint = fingerprintOf(frame);
  const sameSinceMs = fingerprint === before.fingerprint ? before.sameSinceMs : frame.receivedAtMs;
  const flowedWh =
    (Math.abs(single(frame.readings.batteryPowerW) ?? 0) * (frame.receivedAtMs - sameSinceMs)) / 3_600_000;
  const frozen = (100 * flowedWh) / asset.capacityWh >= FROZEN_PCT;
  // A missing value settles nothing, and a device that was frozen has to show a series again.
  const unshown = again || (socPct === undefined && frame.readings.socPct !== undefined);
  const settled = jumped || frozen ? 0 : unshown ? before.settled : Math.min(SETTLED, before.settled + 1);
  const doubts: PermitReason[] = [];
  if (frozen) doubts.push('FROZEN');
  else if (settled < SETTLED) doubts.push('IMPLAUSIBLE');
  return {
    seen: { socPct: socPct ?? before.socPct, atMs: frame.receivedAtMs, settled, fingerprint, sameSinceMs },
    doubts,
  };
}

function largestStep({ capacityWh, maxChargePowerW, maxDischargePowerW }: AssetConfig, elapsedMs: number): number {
  const hours = Math.max(0, elapsedMs) / 3_600_000;
  return JUMP.slackPct + (100 * JUMP.powerFactor * Math.max(maxChargePowerW, maxDischargePowerW) * hours) / capacityWh;
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

function single(samples: readonly Sample[] | undefined): number | undefined {
  const value = samples?.[0]?.value;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
