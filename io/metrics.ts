/**
 * The metrics of a site, in the names of the contract, fed by what control reports.
 *
 * Never a made-up number: gauges are written at the moment of the scrape from what is still fresh, so a value that is
 * missing or old is absent. The table of all of them is io/metrics-table.ts.
 */
import type { Clock } from '../contracts/clock.ts';
import type { Report, SiteEvent, TelemetryReport, UplinkReport } from '../contracts/reports.ts';
import type { SiteStatus } from '../contracts/status.ts';
import { watchPermits } from './metrics-permits.ts';
import { createSeries } from './metrics-series.ts';
import type { Series } from './metrics-series.ts';
import { showAlarms, showStatus } from './metrics-status.ts';
import type { SiteView } from './site-view.ts';
import type { DropReason } from './traces.ts';

export type Metrics = {
  readonly note: (report: Report) => void;
  /** An answer of control. */
  readonly noteStatus: (status: SiteStatus) => void;
  /** A part of the north was restarted; those of control come with its heartbeat. */
  readonly countRestart: (child: string) => void;
  readonly countPublishError: () => void;
  /** Spans that a collector took, or why they were dropped. */
  readonly countSpans: (what: 'sent' | DropReason, spans: number) => void;
  /** Prometheus text. */
  readonly scrape: (own?: OwnState) => Promise<string>;
  readonly contentType: string;
  /** Names of everything that can be exported; alert rules and dashboards are checked against it. */
  readonly names: () => readonly string[];
};

/** What only the north knows, at the moment of the scrape. */
export type OwnState = {
  readonly broker?: Pick<SiteStatus['broker'], 'kind' | 'connected'>;
  readonly clockSynchronised?: boolean | undefined;
};

export type MetricsParts = {
  readonly siteId: string;
  readonly version: string;
  readonly view: SiteView;
  readonly clock: Clock;
  readonly assetIds: readonly string[];
  /** Devices that are only read. */
  readonly instrumentIds?: readonly string[];
};

/** Older answers of control are not shown; a scrape asks for a new one. */
const STATUS_FRESH_MS = 5000;

export function createMetrics(parts: MetricsParts): Metrics {
  const { siteId, version, view, clock, assetIds, instrumentIds = [] } = parts;
  const deviceIds = [...assetIds, ...instrumentIds];
  const series = createSeries(siteId, deviceIds);
  const permits = watchPermits(assetIds);
  const restarts = { control: {} as Readonly<Record<string, number>>, north: {} as Record<string, number> };
  const telemetryAtMs = new Map<string, number>();
  let status: { readonly value: SiteStatus; readonly atMs: number } | undefined;
  let heardAtMs = clock.now();
  beginAtZero(series, assetIds, deviceIds);
  series.set('bess_gateway_info', { version }, 1);

  const showRestarts = (): void => {
    // Absolute since the start of the part; a lower figure is its restart, which is what a counter's reset says.
    series.clear('bess_supervisor_restarts_total');
    for (const [child, count] of Object.entries({ ...restarts.control, ...restarts.north }))
      series.inc('bess_supervisor_restarts_total', { child }, count);
  };
  return {
    contentType: series.contentType,
    names: series.names,
    countPublishError: () => series.inc('bess_publish_errors_total', {}),
    countSpans: (outcome, spans) => series.inc('bess_trace_spans_total', { outcome }, spans),
    countRestart: (child) => (restarts.north[child] = (restarts.north[child] ?? 0) + 1),
    noteStatus: (value) => (status = { value, atMs: clock.now() }),
    note(report) {
      const lapsed = permits.note(report, clock.now());
      if (lapsed !== undefined) series.inc('bess_permit_lapses_total', { asset_id: lapsed });
      if (report.type === 'TELEMETRY') telemetryAtMs.set(report.report.asset_id, clock.now());
      if (report.type === 'CYCLE') countCycle(series, report);
      if (report.type === 'EVENT') countEvent(series, report.event);
      if (report.type === 'UPLINK') showUplink(series, report.uplink);
      if (report.type === 'HEARTBEAT') {
        heardAtMs = clock.now();
        restarts.control = report.heartbeat.restarts;
      }
    },
    async scrape(own = {}) {
      const nowMs = clock.now();
      const answer = status && nowMs - status.atMs <= STATUS_FRESH_MS ? status.value : undefined;
      showTelemetry(series, view.fresh());
      showStatus(series, answer);
      showAlarms(series, answer?.alarms ?? view.activeAlarms(), answer !== undefined);
      showRestarts();
      showControl(series, view);
      series.set('bess_control_silence_seconds', {}, (nowMs - heardAtMs) / 1000);
      for (const [asset_id, atMs] of telemetryAtMs)
        series.set('bess_telemetry_age_seconds', { asset_id }, (nowMs - atMs) / 1000);
      for (const [asset_id, ageS] of permits.ageS(nowMs)) series.set('bess_permit_age_seconds', { asset_id }, ageS);
      showOwn(series, own);
      series.set('bess_resident_memory_bytes', {}, process.memoryUsage.rss());
      return await series.text();
    },
  };
}

function showOwn(series: Series, { broker, clockSynchronised }: OwnState): void {
  series.clear('bess_clock_synchronised', 'bess_broker_connected');
  if (clockSynchronised !== undefined) series.set('bess_clock_synchronised', {}, clockSynchronised ? 1 : 0);
  if (!broker) return;
  // The bus in this process is none that anybody else could reach.
  const connected = broker.connected && broker.kind !== 'in_process';
  series.set('bess_broker_connected', { kind: broker.kind }, connected ? 1 : 0);
}

const UPLINK_STATES = ['offline', 'connecting', 'draining', 'online'] as const;

function showUplink(series: Series, { uplink, state, outbox }: UplinkReport): void {
  if (outbox === null) series.remove('bess_outbox_depth', { uplink });
  else series.set('bess_outbox_depth', { uplink }, outbox);
  for (const one of UPLINK_STATES) series.set('bess_uplink_state', { uplink, state: one }, one === state ? 1 : 0);
}

/** A counter that is born with its first event hides that event from `increase`. */
function beginAtZero(series: Series, assetIds: readonly string[], deviceIds: readonly string[]): void {
  series.inc('bess_publish_errors_total', {}, 0);
  for (const asset_id of assetIds) {
    series.inc('bess_permit_lapses_total', { asset_id }, 0);
    series.inc('bess_guard_blocks_total', { asset_id }, 0);
    series.inc('bess_safety_blocks_total', { asset_id, reason: 'OVER_PERMIT' }, 0);
    series.inc('bess_ids_alerts_total', { asset_id, reason: 'FOREIGN_CHANGE' }, 0);
  }
  for (const asset_id of deviceIds) {
    series.inc('bess_cycles_total', { asset_id }, 0);
    series.inc('bess_poll_failures_total', { asset_id }, 0);
    series.inc('bess_modbus_connect_retries_total', { asset_id }, 0);
    series.inc('bess_foreign_changes_total', { asset_id }, 0);
  }
}

function showControl(series: Series, view: SiteView): void {
  const beat = view.silent() ? undefined : view.heartbeat();
  series.clear('bess_event_loop_lag_seconds', 'bess_uptime_seconds', 'bess_estop_latched');
  series.set('bess_event_loop_lag_seconds', {}, beat?.event_loop_lag_s);
  series.set('bess_uptime_seconds', {}, beat?.uptime_s);
  const safety = view.safety();
  // A latch outlives a control thread that is silent; that it is armed has to be said anew.
  if (safety === 'latched' || safety === 'reset_requested') series.set('bess_estop_latched', {}, 1);
  if (safety === 'armed' && !view.silent()) series.set('bess_estop_latched', {}, 0);
}

function showTelemetry(series: Series, reports: readonly TelemetryReport[]): void {
  series.clear(
    'bess_soc_percent',
    'bess_last_soc_percent',
    'bess_power_kw',
    'bess_last_power_kw',
    'bess_battery_power_kw',
    'bess_temperature_c',
  );
  for (const { asset_id, soc_pct, active_power_w, battery_power_w, temperature_c } of reports) {
    const of = { asset_id };
    const powerKw = active_power_w === null ? null : active_power_w / 1000;
    series.set('bess_soc_percent', of, soc_pct);
    series.set('bess_last_soc_percent', of, soc_pct);
    series.set('bess_power_kw', of, powerKw);
    series.set('bess_last_power_kw', of, powerKw);
    series.set('bess_battery_power_kw', of, battery_power_w === null ? null : battery_power_w / 1000);
    series.set('bess_temperature_c', of, temperature_c);
  }
}

function countCycle(series: Series, report: Extract<Report, { type: 'CYCLE' }>): void {
  const { asset_id, duration_s, guard_latency_s } = report;
  series.inc('bess_cycles_total', { asset_id });
  series.set('bess_last_cycle_duration_seconds', { asset_id }, duration_s);
  series.observe('bess_cycle_duration_seconds', { asset_id }, duration_s);
  if (guard_latency_s !== null) series.observe('bess_guard_latency_seconds', { asset_id }, guard_latency_s);
}

const DOUBTS = ['FROZEN', 'IMPLAUSIBLE'];
const IN_USE = ['online', 'stale'];

function countEvent(series: Series, event: SiteEvent): void {
  const { asset_id = '' } = event;
  switch (event.kind) {
    case 'safety_block':
      series.inc('bess_guard_blocks_total', { asset_id });
      for (const reason of reasonsOf(event)) {
        series.inc('bess_safety_blocks_total', { asset_id, reason });
        if (DOUBTS.includes(reason)) series.inc('bess_ids_alerts_total', { asset_id, reason });
      }
      return;
    case 'anomaly':
      for (const reason of reasonsOf(event)) series.inc('bess_ids_alerts_total', { asset_id, reason });
      return;
    case 'foreign_change':
      series.inc('bess_foreign_changes_total', { asset_id });
      series.inc('bess_ids_alerts_total', { asset_id, reason: 'FOREIGN_CHANGE' });
      return;
    case 'transition':
      if (event['to'] !== 'backoff' && event['to'] !== 'lost') return;
      series.inc('bess_modbus_connect_retries_total', { asset_id });
      if (IN_USE.includes(String(event['from']))) series.inc('bess_poll_failures_total', { asset_id });
      return;
    case 'command':
      series.inc('bess_order_phases_total', { asset_id, phase: String(event['phase'] ?? 'unspecified') });
      return;
    case 'trip':
    case 'stopper':
    case 'estop':
    case 'restart':
    case 'ota':
    case 'runtime':
  }
}

/** One event may name several reasons, as a list or with commas between them. */
function reasonsOf(event: SiteEvent): readonly string[] {
  const given = Array.isArray(event['reasons']) ? event['reasons'] : [event['reason']];
  const words = given
    .filter((reason): reason is string => typeof reason === 'string')
    .flatMap((text) => text.split(','));
  return words.length > 0 ? words : ['unspecified'];
}
