/**
 * The cockpit of one driver: what it knows of its device and what it has been told, and the situation seen from there.
 *
 * Owned by the driver; its session reads and updates it between exchanges. A restarted driver gets a new, empty one.
 */
import type { AnyActorRef, SnapshotFrom } from 'xstate';
import type { Clock } from '../../contracts/clock.ts';
import type { DeadmanRecord } from '../../contracts/latch.ts';
import type { Order } from '../../contracts/operation.ts';
import type { Permit } from '../../contracts/permit.ts';
import type { DeviceAddress, DevicePort, OpenDevice, SyncedFile } from '../../contracts/ports.ts';
import type { BoundProfile, Point, PointRow, Profile } from '../../contracts/profile.ts';
import type { AssetConfig } from '../../contracts/site-config.ts';
import type { Sample, TelemetryFrame } from '../../contracts/telemetry.ts';
import { UNWATCHED } from '../../machines/device/deadman-watch.ts';
import type { DeadmanWatch } from '../../machines/device/deadman-watch.ts';
import type { Drill } from '../../machines/device/drill.ts';
import type { Effect } from '../../machines/device/effect.ts';
import type { HelmState } from '../../machines/device/helm.ts';
import { UNTOUCHED } from '../../machines/device/helm.ts';
import type { Expectations, Watched } from '../../machines/device/read-back.ts';
import type { Meaning, StaleAfter } from '../../machines/device/telemetry.ts';
import type { operationMachine } from '../../machines/device/operation.machine.ts';
import type { CapsWith } from '../../machines/guard/caps.ts';
import type { Lookout } from '../../machines/guard/lookout.ts';
import type { Definitions, FoundModels } from '../../machines/sunspec/bind.ts';
import type { LastWrites } from './intervals.ts';
import type { Lease } from '../../supervisor/process.ts';
import type { Board } from '../board.ts';
import type { StopperLine } from '../stopper-line.ts';
import type { OriginalsMemory } from './originals.ts';

export type DriverInput = {
  readonly asset: AssetConfig;
  readonly profile: Profile;
  /** Rows of the profile that exist on this asset. */
  readonly points: ReadonlyMap<string, PointRow>;
  /** For a profile with SunSpec references: how its models are found and what they mean. */
  readonly discover: DiscoverModels;
  readonly definitions: Definitions;
  readonly staleAfter: StaleAfter;
  readonly pollIntervalMs: number;
  /** See rhythm.ts. */
  readonly pollPhaseMs?: number | undefined;
  readonly capsWith: CapsWith;
  /** See stop-at-once.ts. */
  readonly lookouts: readonly Lookout[];
  /** See ahead.ts; without effect on anything but time. */
  readonly walksAhead: boolean;
  readonly readOnly: boolean;
  readonly limitsHash: string;
  readonly openDevice: OpenDevice;
  readonly originalsFile: SyncedFile;
  readonly originalsMemory: OriginalsMemory;
  readonly openOrderFile: SyncedFile;
  readonly deadmanFile: SyncedFile;
  readonly board: Board;
  /** Where the site has a stopper. */
  readonly stopperLine?: StopperLine | undefined;
  /** Of a management system: the asset whose battery it may disconnect. It is written for nothing else. */
  readonly disconnects?: string | undefined;
};

/** What was found in persistent registers before bessd wrote them, and how far it is saved. */
export type Originals = {
  readonly values: Readonly<Record<string, number>>;
  /** `clean`: the device still holds them. `touched`: bessd may have written over them. `saved`: that too, and on the disk. */
  readonly state: 'unknown' | 'clean' | 'touched' | 'saved';
  /** The record is on its way to the disk. */
  readonly saving: boolean;
  /** The disk was asked then for the first time, and has not taken it. */
  readonly unsavedSinceMs?: number | undefined;
};

/** Finds the models of a SunSpec device, first where they stood `before`; reads the registers of those that are wanted. */
export type DiscoverModels = (
  port: DevicePort,
  wanted: ReadonlySet<number>,
  before?: FoundModels,
) => Promise<FoundModels>;

/** The profile as it fits the device of this connection. */
export type Bound = {
  readonly profile: BoundProfile;
  /** Points that exist on this asset, with their registers. */
  readonly points: ReadonlyMap<string, Point>;
  /** Those points and the sums of them. */
  readonly meanings: ReadonlyMap<string, Meaning>;
};

export type Cockpit = {
  readonly input: DriverInput;
  readonly clock: Clock;
  readonly lease: Lease;
  readonly send: (name: string, message: { readonly type: string }) => boolean;
  /** Told by the driver. */
  operation:
    | {
        readonly send: (event: Parameters<AnyActorRef['send']>[0]) => void;
        readonly getSnapshot: () => SnapshotFrom<typeof operationMachine>;
      }
    | undefined;
  connection: AnyActorRef | undefined;
  permit: Permit | undefined;
  /** What answers have left of that permit, and the order that was under way; the next permit knows it by itself. */
  closed: { readonly permit: Permit; readonly left: Permit; readonly order: Order | undefined } | undefined;
  epoch: number;
  /** Gaps of control when the last order came. */
  gapsAtOrder: number;
  exiting: boolean;
  /** The E-stop's actor has ended: nobody could tell this driver of a press, so its device moves no power any more. */
  unwatched: boolean;
  wake: () => void;
  /** Of this connection; undefined also while the device rests. */
  port: DevicePort | undefined;
  /** Left to others between two polls. */
  resting: boolean;
  /** Counts finished requests, so that a hanging one is told from a busy link. */
  exchanges: number;
  /** A request is on its way, or its answer. */
  awaitsAnswer: boolean;
  /** The device wants no request before. */
  linkRestsUntilMs: number;
  /** Undefined until the device of this connection has shown where its points stand. */
  bound: Bound | undefined;
  identityProven: boolean;
  /** Registers of scale factors that were read last, and the number of exchanges then: no other has come between. */
  scaleProof: { readonly exchanges: number; readonly registers: readonly number[] } | undefined;
  /** The number of exchanges when the serial was seen last; undefined until power is commanded on this connection. */
  serialSeenAt: number | undefined;
  deadman: DeadmanWatch;
  helm: HelmState;
  expectations: Expectations;
  /** The newest of every point, written over by each block that is read; frames have copies. */
  samples: Record<string, Sample>;
  frame: TelemetryFrame | undefined;
  /** A drill of the dead-man that is under way, and what the last one found on this device. */
  drill: Drill | undefined;
  proof: DeadmanRecord | undefined;
  effect: Effect | undefined;
  /** The order whose first write was told to the dispatcher. */
  announced: Order | undefined;
  /** Id of the last order whose first write a living dispatcher heard of, and so answered. */
  answeredOrder: string | undefined;
  /** The order whose own power was written last; that of another one may still stand under the order under way. */
  writtenFor: Order | undefined;
  /** Since when the sequence of an E-stop or trip is complete; zero power is looked for in later polls. */
  stoppedAtMs: number | undefined;
  /** Of this incarnation. */
  serial: string | undefined;
  firmware: string | undefined;
  acceptedFirmware: string | undefined;
  originals: Originals;
  /** Where the SunSpec models stood on the last connection: looked at first on the next one. */
  models: FoundModels | undefined;
  lastPowerWriteAtMs: number;
  /** Counts sequences written for power. */
  heartbeat: number;
  corrections: readonly number[];
  /** What the watched registers showed last, also on an earlier connection or in an earlier run. */
  watched: Watched;
  /** When each persistent register was written in the last 24 hours, by point. */
  wear: Readonly<Record<string, readonly number[]>>;
  /** The last write of each register that has a least interval, and the passage that it belonged to. */
  lastWrites: LastWrites;
  releaseBlockedUntilMs: number;
  /** Since when stops have no effect, and the time for which a disconnection was told already. */
  stuckSinceMs: number | undefined;
  disconnectAskedFor: number | undefined;
  /** Of a management system that was asked to disconnect: why. */
  disconnect: string | undefined;
  seq: number;
  /** When this connection was made; an older frame is not of it. */
  firstPollAtMs: number;
};

export function createCockpit(input: DriverInput, tools: Pick<Cockpit, 'clock' | 'lease' | 'send'>): Cockpit {
  return {
    input,
    ...tools,
    operation: undefined,
    connection: undefined,
    permit: undefined,
    closed: undefined,
    epoch: 0,
    gapsAtOrder: 0,
    exiting: false,
    unwatched: false,
    wake: () => {},
    port: undefined,
    resting: false,
    exchanges: 0,
    awaitsAnswer: false,
    linkRestsUntilMs: Number.NEGATIVE_INFINITY,
    bound: undefined,
    identityProven: false,
    scaleProof: undefined,
    serialSeenAt: undefined,
    deadman: UNWATCHED,
    helm: UNTOUCHED,
    expectations: {},
    samples: {},
    frame: undefined,
    drill: undefined,
    proof: undefined,
    effect: undefined,
    announced: undefined,
    answeredOrder: undefined,
    writtenFor: undefined,
    stoppedAtMs: undefined,
    serial: undefined,
    firmware: undefined,
    acceptedFirmware: undefined,
    originals: { values: {}, state: 'unknown', saving: false },
    models: undefined,
    lastPowerWriteAtMs: Number.NEGATIVE_INFINITY,
    heartbeat: 0,
    corrections: [],
    watched: {},
    wear: {},
    lastWrites: {},
    stuckSinceMs: undefined,
    disconnectAskedFor: undefined,
    disconnect: undefined,
    releaseBlockedUntilMs: 0,
    seq: 0,
    firstPollAtMs: 0,
  };
}

/** The permit, and no more than answers have left of it since it was given. */
export function permitSeen({ permit, closed }: Pick<Cockpit, 'permit' | 'closed'>): Permit | undefined {
  return closed && closed.permit === permit ? closed.left : permit;
}

/** The order that was under way when an answer closed something of the permit that still stands. */
export function orderClosed({ permit, closed }: Pick<Cockpit, 'permit' | 'closed'>): Order | undefined {
  return closed && closed.permit === permit ? closed.order : undefined;
}

/** Nothing that was learned on the last connection is believed on the next one. */
export function forgetConnection(cockpit: Cockpit): void {
  leaveConnection(cockpit);
  cockpit.resting = false;
  cockpit.awaitsAnswer = false;
  cockpit.bound = undefined;
  cockpit.deadman = UNWATCHED;
  cockpit.helm = UNTOUCHED;
  // Whether a write that was not read back has reached the device is not known: finding either value is no change.
  cockpit.watched = Object.fromEntries(
    Object.entries(cockpit.watched).filter(([point]) => cockpit.expectations[point]?.confirmed ?? true),
  );
  cockpit.expectations = {};
  cockpit.samples = {};
  cockpit.effect = undefined;
  cockpit.stoppedAtMs = undefined;
  cockpit.firstPollAtMs = cockpit.clock.now();
}

/** Closed between two polls: who answers next has to show that it is the same device. What was written to it stands. */
export function leaveConnection(cockpit: Cockpit): void {
  cockpit.port = undefined;
  cockpit.resting = true;
  cockpit.identityProven = false;
  cockpit.scaleProof = undefined;
  cockpit.serialSeenAt = undefined;
}

/** What the session works with; there is no exchange with a device before it is bound. */
export function boundOf({ bound }: Cockpit): Bound {
  if (!bound) throw new Error('a device is bound before anything is read or written by its profile');
  return bound;
}

export function addressOf({ asset, profile: { transport } }: DriverInput): DeviceAddress {
  return {
    ...asset.modbus,
    unitId: asset.modbus.unitId ?? transport.unitIds[0] ?? 1,
    timeoutMs: transport.timeoutMs,
    requestGapMs: transport.requestGapMs,
  };
}
