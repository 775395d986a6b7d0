/** The language of the operation machine and of orders on their way to a driver. */

/** An order as a driver carries it out. Times are monotonic. */
export type Order = {
  readonly id: string;
  /** W, signed: positive = discharge. At the battery, or at the AC terminal. */
  readonly w: number;
  readonly reference: 'battery' | 'ac';
  readonly expiresAtMs: number;
  readonly expiresAtWallMs: number;
  readonly epoch: number;
  readonly issuer: string;
  /** W3C traceparent of the command, where it is traced. */
  readonly trace?: string | undefined;
};

export type OperationInput = {
  readonly assetId: string;
  /** Longest time an orderly stop may take before it holds at once. */
  readonly stopTimeoutMs: number;
};

export type OperationContext = OperationInput & {
  readonly order: Order | undefined;
  /** Hold until the next order, whatever the idle state of the asset is. */
  readonly holding: boolean;
  readonly estopped: boolean;
  readonly trip: string | undefined;
  readonly fault: string | undefined;
  readonly maintenance: string | undefined;
};

type OrderGiven = { readonly type: 'ORDER'; readonly order: Order };
type OrderEnded = { readonly type: 'ORDER_ENDED'; readonly id: string };
/** The setpoint of the order under way is still moving, is what was ordered, or is all that the permit allows. */
type SetpointMoving = { readonly type: 'SETPOINT_MOVING' };
type SetpointReached = { readonly type: 'SETPOINT_REACHED' };
type SetpointLimited = { readonly type: 'SETPOINT_LIMITED' };
type Stop = { readonly type: 'STOP' };
type Held = { readonly type: 'HELD' };
type Estop = { readonly type: 'ESTOP' };
type EstopReset = { readonly type: 'ESTOP_RESET' };
type Trip = { readonly type: 'TRIP'; readonly cause: string };
type TripReset = { readonly type: 'TRIP_RESET' };
type DeviceFault = { readonly type: 'FAULT'; readonly cause: string };
type MaintenanceOn = { readonly type: 'MAINTENANCE_ON'; readonly tag: string };
type MaintenanceOff = { readonly type: 'MAINTENANCE_OFF' };

export type OperationEvent =
  | OrderGiven
  | OrderEnded
  | SetpointMoving
  | SetpointReached
  | SetpointLimited
  | Stop
  | Held
  | Estop
  | EstopReset
  | Trip
  | TripReset
  | DeviceFault
  | MaintenanceOn
  | MaintenanceOff;
