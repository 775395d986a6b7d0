/**
 * What a driver asks of its cockpit: how it stands now, as the rules of posture and door want to know it.
 *
 * Nothing here changes anything.
 */
import type { Order } from '../../contracts/operation.ts';
import type { Permit } from '../../contracts/permit.ts';
import type { Profile } from '../../contracts/profile.ts';
import type { OperationState, SetpointState } from '../../contracts/telemetry.ts';
import { operationOf as stateOf, setpointOf as setpointStateOf } from '../../machines/device/operation.machine.ts';
import type { Situation } from '../../machines/device/posture.ts';
import { leastIntervalMs, powerRestsUntilMs } from './intervals.ts';
import { narrowedByDevice } from './device-ceiling.ts';
import { permitSeen } from './cockpit.ts';
import type { Cockpit, DriverInput } from './cockpit.ts';

/** Control was silent since the order came, so long that the stopper may have taken the device. */
export function hasBeenSilent({ input, gapsAtOrder }: Cockpit): boolean {
  return (input.stopperLine?.gaps() ?? gapsAtOrder) !== gapsAtOrder;
}

export function operationOf({ operation }: Pick<Cockpit, 'operation'>): OperationState {
  return stateOf(operation?.getSnapshot().value ?? 'standby');
}

export function setpointOf({ operation }: Pick<Cockpit, 'operation'>): SetpointState | undefined {
  return setpointStateOf(operation?.getSnapshot().value ?? 'standby');
}

export function ratingOf({ asset }: DriverInput): number {
  return Math.max(asset.maxChargePowerW, asset.maxDischargePowerW);
}

export function firmwareChanged({ firmware, acceptedFirmware }: Cockpit): boolean {
  return firmware !== undefined && acceptedFirmware !== undefined && firmware !== acceptedFirmware;
}

export function situationOf(cockpit: Cockpit): Situation {
  const { input, clock } = cockpit;
  const { asset, profile } = input;
  const nowMs = clock.now();
  const snapshot = cockpit.operation?.getSnapshot();
  if (!snapshot) throw new Error('the operation machine of a driver starts before its session');
  const ending = endingOf(cockpit);
  return {
    nowMs,
    operation: operationOf(cockpit),
    context: ending ? { ...snapshot.context, holding: ending === 'hold' } : snapshot.context,
    epoch: cockpit.epoch,
    permit: permitNow(cockpit),
    idle: ending ?? idleOf(input),
    readOnly: input.readOnly || asset.readOnly || firmwareChanged(cockpit),
    shadow: asset.shadow,
    local: isLocal(cockpit),
    hybrid: profile.kind === 'hybrid',
    batteryW: measured(cockpit, 'batteryPowerW'),
    acW: measured(cockpit, 'acPowerW'),
    pvW: measured(cockpit, 'pvPowerW'),
    forced: isForced(cockpit),
    posture: cockpit.helm.posture,
    effect: cockpit.effect,
    sinceLastPowerWriteMs: nowMs - cockpit.lastPowerWriteAtMs,
    unwritten: snapshot.context.order !== cockpit.writtenFor,
    minWriteIntervalMs: leastIntervalMs(profile),
    restsUntilMs: powerRestsUntilMs(cockpit),
    rampRateWPerS: asset.rampRateWPerS,
    ratingW: ratingOf(input),
    closesDirections: closesDirections(profile),
    foreignControl: isForeignControlled(cockpit),
    releaseBlocked: nowMs < cockpit.releaseBlockedUntilMs,
  };
}

/** The permit, and no more than the device showed since it was given. */
function permitNow(cockpit: Cockpit): Permit | undefined {
  const { bound, samples } = cockpit;
  const permit = permitSeen(cockpit);
  if (!permit || !bound) return permit;
  return narrowedByDevice(permit, bound.profile, (point) => numberAt({ samples }, point));
}

function closesDirections(profile: Profile): boolean {
  const before = CLOSES_DIRECTIONS.get(profile);
  if (before !== undefined) return before;
  const limits = Object.values(profile.points).map(({ writable }) => writable?.limits);
  const closes = limits.includes('charge') && limits.includes('discharge');
  CLOSES_DIRECTIONS.set(profile, closes);
  return closes;
}

/** Of each profile, which never changes: looked up before every exchange. */
const CLOSES_DIRECTIONS = new WeakMap<Profile, boolean>();

/** Power corrections a minute before bessd yields to whoever else writes (control rules 5). */
const MOST_CORRECTIONS = 3;

export function isForeignControlled({ corrections }: Pick<Cockpit, 'corrections'>): boolean {
  return corrections.length > MOST_CORRECTIONS;
}

/** The order under way. */
export function orderOf({ operation }: Cockpit): Order | undefined {
  return operation?.getSnapshot().context.order;
}

/** The value that a register is known to hold: read on this connection, after our last write to it. */
export function knownValue(cockpit: Cockpit, point: string): number | undefined {
  const expectation = cockpit.expectations[point];
  const sample = cockpit.samples[point];
  if (sample === undefined || (expectation && sample.receivedAtMs <= expectation.writtenAtMs)) return undefined;
  return typeof sample.value === 'number' ? sample.value : undefined;
}

export function numberAt({ samples }: Pick<Cockpit, 'samples'>, point: string): number | undefined {
  const value = samples[point]?.value;
  return typeof value === 'number' ? value : undefined;
}

export function measured({ frame }: Cockpit, measurand: 'batteryPowerW' | 'acPowerW' | 'pvPowerW'): number | undefined {
  const value = frame?.readings[measurand]?.[0]?.value;
  return typeof value === 'number' ? value : undefined;
}

/** The power that a setpoint moves, by the profile. */
export function followed(cockpit: Cockpit): number | undefined {
  return measured(cockpit, cockpit.input.profile.control?.follows ?? 'batteryPowerW');
}

export function isForced(cockpit: Cockpit): boolean {
  const forced = cockpit.input.profile.control?.forced;
  const found = forced && numberAt(cockpit, forced.point);
  return found !== undefined && !([forced?.idle].flat() as readonly unknown[]).includes(found);
}

export function isLocal({ frame }: Cockpit): boolean {
  return frame?.readings.localControl?.some(({ value }) => value === 1) ?? false;
}

export function idleOf({ asset, profile }: DriverInput): 'hold' | 'release' {
  return asset.idle ?? profile.control?.idle ?? 'hold';
}

/** How a driver that ends leaves its device; undefined while it goes on. */
function endingOf({ input, exiting, unwatched }: Cockpit): 'hold' | 'release' | undefined {
  if (unwatched) return 'hold';
  return exiting ? (input.asset.onExit ?? input.profile.control?.idle ?? 'hold') : undefined;
}
