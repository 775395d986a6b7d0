/** The answer to `bess.<site>.status` and `GET /api/v1/status`. Wire form. */
import type { AlarmReport, TelemetryReport } from './reports.ts';
import type { SetpointState } from './telemetry.ts';
import type { SiteMode } from './site-mode.ts';

export type AssetStatus = {
  readonly asset_id: string;
  readonly connection: string;
  readonly operation: string;
  /** Of the order under way: `ramping`, `steady`, or `limited` by the permit. */
  readonly setpoint_state: SetpointState | null;
  readonly inverter: string | null;
  readonly quality: string;
  readonly soc_pct: number | null;
  readonly active_power_w: number | null;
  readonly battery_power_w: number | null;
  readonly temperature_c: number | null;
  readonly permit: TelemetryReport['permit'];
  readonly trip: { readonly cause: string; readonly since: string } | null;
  readonly local: boolean;
  readonly maintenance: { readonly tag: string; readonly reason: string; readonly issuer: string } | null;
  readonly deadman: {
    /** `armed`: never drilled, but seen to count down and to start again; `not_counting`: seen not to. */
    readonly state: 'unproven' | 'armed' | 'not_counting' | 'proven' | 'failed';
    readonly time_s: number;
    readonly max_w: number;
    /** A drill that is under way. */
    readonly drill?: 'forcing' | 'silent' | 'stopping';
    /** The drill that found the state. */
    readonly proof?: {
      readonly at: string;
      readonly by: string;
      readonly mechanism: string;
      readonly resulting_w: number | null;
      readonly firmware: string;
    };
  };
  readonly firmware: string | null;
  readonly order: { readonly id: string; readonly w: number; readonly expires_at: string } | null;
  /** Every cap below the rating, and rows that are off because the device cannot measure: `{what, why}`. */
  readonly caps: readonly { readonly what: string; readonly why: string }[];
  /** The battery management system of its own, where the asset has one. */
  readonly bms?: BmsStatus;
};

/** A device that is only read, beside an asset or at the point of common coupling. */
export type InstrumentStatus = {
  readonly connection: string;
  readonly quality: string;
  readonly firmware: string | null;
};

export type MeterStatus = InstrumentStatus & {
  readonly meter_id: string;
  /** It measures the point of common coupling. */
  readonly pcc: boolean;
  /** Positive = import. */
  readonly grid_power_w: number | null;
  readonly voltage_v: number | null;
  readonly frequency_hz: number | null;
};

export type BmsStatus = InstrumentStatus & {
  readonly device_id: string;
  readonly soc_pct: number | null;
  readonly temperature_c: number | null;
  /** What it should measure and does not; each blocks the direction that it protects. */
  readonly missing: readonly string[];
};

export type TreeNode = {
  readonly id: string;
  readonly type: 'supervisor' | 'worker';
  readonly status: 'running' | 'restarting' | 'stopped' | 'quarantined';
  readonly restarts: number;
  readonly last_reason: string | null;
  /** Where it runs, when not in the loop of its supervisor. */
  readonly placement?: 'thread' | 'process';
  /** Restarts that a supervisor may still make in its present window. */
  readonly restarts_left?: number;
  readonly mailbox_depth?: number;
  /** Messages that a full mailbox refused or dropped. */
  readonly mailbox_lost?: number;
  readonly children?: readonly TreeNode[];
};

export type SiteStatus = {
  readonly site: string;
  readonly uptime_s: number;
  readonly mode: SiteMode;
  readonly read_only: boolean;
  readonly estop: {
    readonly state: 'armed' | 'latched' | 'reset_requested';
    readonly since: string | null;
    readonly reason: string | null;
    readonly reset: 'two_person' | 'local_one_person';
    readonly epoch: number;
  };
  readonly assets: readonly AssetStatus[];
  readonly meters: readonly MeterStatus[];
  readonly supervisor: TreeNode;
  readonly alarms: readonly AlarmReport[];
  /** Returned without an acknowledgement, shelved, suppressed, out of service. */
  readonly alarms_aside?: readonly AlarmReport[];
  readonly limits_hash: string;
  /** Filled in by the north, which knows its own connection. */
  readonly broker: {
    readonly kind: 'external' | 'child' | 'in_process';
    readonly connected: boolean;
    readonly url: string | null;
    readonly version: string | null;
  };
};
