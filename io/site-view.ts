/**
 * What the north knows of the site without asking control: the newest telemetry, the alarms, the last heartbeat. Fed by
 * reports; read by health, metrics and the alarm list.
 *
 * Invariant: `health` never says more than was heard, and a control thread that is silent for 3 s is an error.
 */
import type { Clock } from '../contracts/clock.ts';
import type { AlarmReport, Heartbeat, Report, TelemetryReport } from '../contracts/reports.ts';
import type { SiteStatus } from '../contracts/status.ts';

export type Health = {
  readonly status: 'healthy' | 'degraded' | 'error';
  readonly site_id: string;
  readonly uptime_s: number | null;
  readonly last_cycle_ts: string | null;
  readonly safety_status: SiteStatus['estop']['state'] | 'unknown';
  /** Why it is not healthy, and what is worth knowing although it is. */
  readonly reasons: readonly string[];
};

export type SiteView = {
  readonly note: (report: Report) => void;
  readonly noteSafety: (state: SiteStatus['estop']['state']) => void;
  /** A state of the north itself. */
  readonly noteOwn: (alarm: AlarmReport) => void;
  /** Telemetry young enough to be shown as present. */
  readonly fresh: () => readonly TelemetryReport[];
  readonly activeAlarms: () => readonly AlarmReport[];
  readonly ownAlarms: () => readonly AlarmReport[];
  readonly recentAlarms: () => readonly AlarmReport[];
  /** Returned without an acknowledgement, shelved, suppressed, out of service. */
  readonly alarmsAside: () => readonly AlarmReport[];
  readonly heartbeat: () => Heartbeat | undefined;
  readonly silent: () => boolean;
  readonly safety: () => Health['safety_status'];
  readonly health: (broker: SiteStatus['broker']) => Health;
};

export type SiteViewOptions = {
  readonly siteId: string;
  readonly assetIds: readonly string[];
  readonly pollIntervalMs: number;
  readonly clock: Clock;
};

const SILENT_AFTER_MS = 3000;
const RETURNED_KEPT = 200;

type Heard<T> = { readonly value: T; readonly atMs: number };

export function createSiteView({ siteId, assetIds, pollIntervalMs, clock }: SiteViewOptions): SiteView {
  const freshForMs = Math.max(5 * pollIntervalMs, 5000);
  const telemetry = new Map<string, Heard<TelemetryReport>>();
  const active = new Map<string, AlarmReport>();
  const aside = new Map<string, AlarmReport>();
  const own = new Map<string, AlarmReport>();
  const returned: AlarmReport[] = [];
  let beat: Heard<Heartbeat> | undefined;
  let safety: Health['safety_status'] = 'unknown';
  // Before the first heartbeat the thread has the same time to say something.
  const startedMs = clock.now();

  const silent = (): boolean => clock.now() - (beat?.atMs ?? startedMs) > SILENT_AFTER_MS;
  const isFresh = ({ atMs }: Heard<TelemetryReport>): boolean => clock.now() - atMs <= freshForMs;
  const noteAlarm = (alarm: AlarmReport): void => {
    const key = `${alarm.alarm_id}\n${alarm.asset_id ?? ''}`;
    const before = active.get(key) ?? aside.get(key);
    const { lifecycle = alarm.state } = alarm;
    active.delete(key);
    aside.delete(key);
    if (lifecycle === 'unacknowledged' || lifecycle === 'acknowledged' || lifecycle === 'active')
      return void active.set(key, alarm);
    if (lifecycle !== 'normal') aside.set(key, alarm);
    // Told once, when the cause went, and not again when somebody acknowledges that.
    if (alarm.state === 'active' || (before && before.state === 'returned')) return;
    returned.push(alarm);
    if (returned.length > RETURNED_KEPT) returned.shift();
  };
  const activeAlarms = (): readonly AlarmReport[] => {
    const ours = [...own.values()].filter(
      ({ alarm_id }) => !active.has(`${alarm_id}\n`) && !aside.has(`${alarm_id}\n`),
    );
    return [...active.values(), ...ours];
  };

  const troubles = (broker: SiteStatus['broker']): readonly string[] => [
    ...assetIds.flatMap((id) => troublesOf(id, telemetry.get(id), isFresh)),
    ...(broker.connected ? [] : ['the bus is down']),
    ...activeAlarms()
      .filter(({ severity }) => severity === 'P1' || severity === 'P2')
      .map(({ alarm_id, asset_id, message }) => `${alarm_id}${asset_id === null ? '' : ` of ${asset_id}`}: ${message}`),
  ];

  return {
    note(report) {
      switch (report.type) {
        case 'TELEMETRY':
          return void telemetry.set(report.report.asset_id, { value: report.report, atMs: clock.now() });
        case 'ALARM':
          return noteAlarm(report.alarm);
        case 'HEARTBEAT':
          beat = { value: report.heartbeat, atMs: clock.now() };
          return;
        case 'EVENT':
        case 'AUDIT':
        case 'CYCLE':
        case 'TRACE':
        case 'UPLINK':
      }
    },
    noteSafety: (state) => (safety = state),
    noteOwn(alarm) {
      if (alarm.state === 'active') own.set(alarm.alarm_id, alarm);
      else own.delete(alarm.alarm_id);
    },
    fresh: () => [...telemetry.values()].filter(isFresh).map(({ value }) => value),
    activeAlarms,
    ownAlarms: () => [...own.values()],
    recentAlarms: () => returned.toReversed(),
    alarmsAside: () => [...aside.values()],
    heartbeat: () => beat?.value,
    silent,
    safety: () => safety,
    health(broker) {
      const found = troubles(broker);
      const status = silent() ? 'error' : found.length > 0 || safety !== 'armed' ? 'degraded' : 'healthy';
      const notes = [
        ...(silent() ? ['the control thread is silent'] : []),
        ...(safety === 'latched' || safety === 'reset_requested' ? ['the emergency stop is latched'] : []),
        ...(safety === 'unknown' ? ['the state of the emergency stop is not known'] : []),
        ...found,
        ...(broker.kind === 'in_process' ? ['there is no broker: commands come by HTTP and the Unix socket only'] : []),
      ];
      return {
        status,
        site_id: siteId,
        uptime_s: beat?.value.uptime_s ?? null,
        last_cycle_ts: beat?.value.last_cycle_ts ?? null,
        safety_status: safety,
        reasons: notes,
      };
    },
  };
}

function troublesOf(
  id: string,
  heard: Heard<TelemetryReport> | undefined,
  isFresh: (heard: Heard<TelemetryReport>) => boolean,
): readonly string[] {
  if (!heard) return [`${id}: no telemetry yet`];
  if (!isFresh(heard)) return [`${id}: no telemetry since ${heard.value.ts}`];
  const { connection, quality } = heard.value;
  return [
    ...(connection === 'online' ? [] : [`${id}: connection ${connection}`]),
    ...(quality === 'good' ? [] : [`${id}: quality ${quality}`]),
  ];
}
