/**
 * Telemetry: what a driver measured in one poll, with a quality for each value. What is missing is `undefined`.
 *
 * Signs: battery and AC power positive = discharge, out of the device; grid power positive = import.
 */
import type { InverterState, Measurand } from './profile.ts';

export type Quality = 'good' | 'stale' | 'suspect' | 'missing';

export type PointValue = number | string;

/** One decoded point. Times are monotonic; from `staleAtMs` on the value counts as missing. */
export type Sample = {
  readonly value: PointValue | undefined;
  readonly quality: Quality;
  readonly receivedAtMs: number;
  readonly staleAtMs: number;
};

/** One alarm bit that the device shows. */
export type DeviceAlarm = {
  readonly name: string;
  readonly severity: 'P1' | 'P2' | 'P3' | 'P4';
  readonly effect: 'none' | 'stop';
};

/** All values of one measurand; the guard takes the worst. Empty: declared but missing. */
export type Readings = Readonly<Partial<Record<Measurand, readonly Sample[]>>>;

/** One poll of one device. */
export type TelemetryFrame = {
  readonly assetId: string;
  readonly seq: number;
  /** Monotonic time at which the last answer of this poll came in. */
  readonly receivedAtMs: number;
  readonly wallMs: number;
  readonly points: Readonly<Record<string, Sample>>;
  readonly readings: Readings;
  readonly alarms: readonly DeviceAlarm[];
  readonly inverter: InverterState | undefined;
  /** The device says that it feeds a backup island, so the grid window does not apply. */
  readonly offGrid: boolean;
};

export type ConnectionState = 'connecting' | 'identifying' | 'online' | 'stale' | 'backoff' | 'lost';
/** How the setpoint of the order under way stands: still moving, as ordered, or cut to what the permit allows. */
export type SetpointState = 'ramping' | 'steady' | 'limited';
export type OperationState = 'standby' | 'charging' | 'discharging' | 'stopping' | 'fault' | 'tripped' | 'maintenance';
