/**
 * What control tells the rest of the system: telemetry, events, alarms, audit entries, heartbeat. Wire form (snake_case,
 * `null` for missing), so that the record and the north pass it on without knowing batteries.
 */
import type { AlarmState } from './alarms.ts';
import type { ConnectionState, OperationState, Quality } from './telemetry.ts';
import type { InverterState } from './profile.ts';
import type { TraceStep } from './trace.ts';

export type TelemetryReport = {
  readonly ts: string;
  readonly seq: number;
  readonly asset_id: string;
  readonly quality: Quality;
  readonly connection: ConnectionState;
  readonly operation: OperationState;
  readonly inverter: InverterState | null;
  readonly soc_pct: number | null;
  readonly active_power_w: number | null;
  readonly ac_power_w: number | null;
  readonly battery_power_w: number | null;
  readonly temperature_c: number | null;
  readonly voltage_v: number | null;
  readonly current_a: number | null;
  readonly permit: {
    readonly max_charge_w: number;
    readonly max_discharge_w: number;
    readonly reasons: readonly string[];
  };
  readonly limits_hash: string;
  readonly points: Readonly<Record<string, { readonly value: number | string | null; readonly quality: Quality }>>;
};

export const EVENT_KINDS = [
  'transition',
  'safety_block',
  'foreign_change',
  'trip',
  'estop',
  'restart',
  'command',
  'anomaly',
  'ota',
  'stopper',
  'runtime',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export type SiteEvent = {
  readonly ts: string;
  readonly seq: number;
  readonly kind: EventKind;
  readonly asset_id?: string;
  readonly [field: string]: unknown;
};

export type Severity = 'P1' | 'P2' | 'P3' | 'P4';

export type AlarmReport = {
  readonly ts: string;
  readonly alarm_id: string;
  readonly asset_id: string | null;
  readonly severity: Severity;
  /** Whether the cause is there. */
  readonly state: 'active' | 'returned';
  readonly message: string;
  /** Where it stands in its life; the north's own alarms have none before control has taken them up. */
  readonly lifecycle?: AlarmState;
  /** When its cause came; `ts` is the time of the last change. */
  readonly since?: string;
  readonly acknowledged_by?: string;
  readonly shelved?: { readonly until: string; readonly by: string; readonly reason: string };
};

/** One write to a device, from request to read-back (design law 11). The record adds the hash chain. */
export type AuditEntry = {
  readonly ts: string;
  readonly seq: number;
  readonly asset_id: string;
  readonly kind: 'safe' | 'power';
  readonly sequence: string;
  readonly register: number;
  readonly words: readonly number[];
  readonly requested_w: number | null;
  readonly permitted_w: number | null;
  readonly order_id: string | null;
  readonly outcome: 'written' | 'refused' | 'failed' | 'confirmed' | 'differs';
  readonly reason: string;
  readonly found?: readonly number[];
  /** Of the command that it belongs to, where that is traced. */
  readonly trace_id?: string;
};

/** Proof that the control thread turns, with the figures that only it can measure. */
export type Heartbeat = {
  readonly uptime_s: number;
  readonly last_cycle_ts: string | null;
  readonly event_loop_lag_s: number;
  readonly restarts: Readonly<Record<string, number>>;
};

/** How one uplink fares; a figure of the moment. */
export type UplinkReport = {
  readonly uplink: string;
  readonly state: 'offline' | 'connecting' | 'draining' | 'online';
  /** Reports of the record that the other side has not acknowledged; `null` while nobody counts them. */
  readonly outbox: number | null;
};

export type Report =
  | { readonly type: 'TELEMETRY'; readonly report: TelemetryReport }
  | { readonly type: 'EVENT'; readonly event: SiteEvent }
  | { readonly type: 'ALARM'; readonly alarm: AlarmReport }
  | {
      readonly type: 'AUDIT';
      readonly entry: AuditEntry;
      /** From asking the device to its answer, s; not recorded. */
      readonly took_s?: number;
    }
  | {
      readonly type: 'CYCLE';
      readonly asset_id: string;
      readonly duration_s: number;
      readonly guard_latency_s: number | null;
    }
  | { readonly type: 'HEARTBEAT'; readonly heartbeat: Heartbeat }
  | { readonly type: 'UPLINK'; readonly uplink: UplinkReport }
  /** Of a traced command; for the north alone. */
  | { readonly type: 'TRACE'; readonly step: TraceStep };
