/**
 * Messages between the actors of control, one tiny type each. In process only: nothing of this goes over the bus.
 */
import type { Code } from './faults.ts';
import type { DeadmanRecord, LatchRecord } from './latch.ts';
import type { CommandMessage } from './links.ts';
import type { Reply } from './commands.ts';
import type { Order } from './operation.ts';
import type { Permit } from './permit.ts';
import type { TelemetryFrame } from './telemetry.ts';

// To a driver
export type GiveOrder = { readonly type: 'GIVE_ORDER'; readonly order: Order };
export type StopAsset = { readonly type: 'STOP_ASSET' };
export type PermitGiven = { readonly type: 'PERMIT'; readonly permit: Permit };
export type LatchState = { readonly type: 'LATCH_STATE'; readonly latch: LatchRecord };
export type AcceptFirmware = { readonly type: 'ACCEPT_FIRMWARE' };
/** An authorised person wants to see what the device does when bessd falls silent. */
export type StartDrill = { readonly type: 'START_DRILL'; readonly by: string; readonly reply: (reply: Reply) => void };
/** The dispatcher begins anew: whoever waited for an answer of the one before was told no. */
export type DispatcherStarted = { readonly type: 'DISPATCHER_STARTED' };
/** A site order has taken the place of that one, and this asset has no share in it. */
export type Superseded = { readonly type: 'SUPERSEDED'; readonly id: string };
/** The stop of an asset has no effect: its management system is to disconnect the battery. */
export type Disconnect = { readonly type: 'DISCONNECT'; readonly epoch: number; readonly cause: string };
export type DriverMessage =
  | GiveOrder
  | StopAsset
  | PermitGiven
  | LatchState
  | AcceptFirmware
  | StartDrill
  | Disconnect
  | DispatcherStarted
  | Superseded;

// To the guard
export type Telemetry = {
  readonly type: 'TELEMETRY';
  readonly frame: TelemetryFrame;
  /** What the limit registers of the device allowed before bessd came, W; nobody widens that. */
  readonly ceiling: { readonly chargeW: number; readonly dischargeW: number };
  /** The order under way. */
  readonly order?: Pick<Order, 'w' | 'reference'> | undefined;
  /** What a drill found on this very device. */
  readonly proof?: Pick<DeadmanRecord, 'state' | 'timeMs'> | undefined;
};
/** An authorised person allows a calibration charge until then (monotonic). */
export type Calibrate = { readonly type: 'CALIBRATE'; readonly assetId: string; readonly untilMs: number };
/** That asset is asked next: what was judged last is judged once more, to no effect, so that the way is warm. */
export type Awaited = { readonly type: 'AWAITED'; readonly assetId: string };
export type GuardMessage = Telemetry | LatchState | Calibrate | Awaited;

// To the E-stop
export type LatchWanted = { readonly type: 'LATCH_WANTED'; readonly from: string };
export type EstopRequested = {
  readonly type: 'ESTOP_REQUESTED';
  /** When it came (monotonic): who asked waits from then on, whoever answers. */
  readonly askedAtMs: number;
  readonly reason: string;
  readonly issuer: string;
  /** W3C traceparent, where it is traced. */
  readonly trace?: string | undefined;
  readonly reply: (reply: Reply) => void;
};
export type TripRequested = {
  readonly type: 'TRIP_REQUESTED';
  readonly assetId: string;
  readonly kind: 'trip' | 'fault';
  readonly cause: string;
};
export type StopProgress = {
  readonly type: 'STOP_PROGRESS';
  readonly assetId: string;
  readonly stage: 'written' | 'zero' | 'refused';
  readonly code?: Code;
};
/** A command that the E-stop answers: resets and maintenance. */
export type LatchCommand = {
  readonly type: 'LATCH_COMMAND';
  readonly message: CommandMessage;
  readonly reply: (reply: Reply) => void;
};
export type EstopMessage = LatchWanted | EstopRequested | TripRequested | StopProgress | LatchCommand;

// To the dispatcher
export type CommandCame = {
  readonly type: 'COMMAND_CAME';
  readonly message: CommandMessage;
  readonly reply: (reply: Reply) => void;
};
/** How an order fares on one asset; `written` and `refused` come first, the rest as events. */
export type OrderPhase = {
  readonly type: 'ORDER_PHASE';
  readonly assetId: string;
  readonly id: string;
  readonly phase:
    | 'written'
    | 'refused'
    | 'verified'
    | 'not_following'
    | 'superseded'
    | 'expired'
    | 'stopped'
    | 'failed';
  readonly code?: Code;
  readonly writtenW?: number;
  readonly measuredW?: number;
  readonly verified?: boolean;
};
export type AssetSeen = {
  readonly type: 'ASSET_SEEN';
  readonly frame: TelemetryFrame;
  /** Without the limits of the grid connection. */
  readonly permit: Permit;
  /** What those limits leave to all devices together, AC W. */
  readonly room: { readonly min: number; readonly max: number; readonly meterLost: boolean };
};
/** A driver begins anew, and knows of no order; the one before could not tell what became of its own. */
export type DriverStarted = { readonly type: 'DRIVER_STARTED'; readonly assetId: string };
export type DispatcherMessage = CommandCame | OrderPhase | AssetSeen | LatchState | DriverStarted;
