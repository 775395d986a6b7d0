/**
 * The metrics of a site, in the names of the contract, fed by what control reports.
 *
 * Never a made-up number: gauges are written at the moment of the scrape from telemetry that is still fresh, so a value
 * that is missing or old is absent. All metrics carry `site_id`, those of a device `asset_id`.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Report, SiteEvent, TelemetryReport } from '../contracts/reports.ts';
import type { SiteView } from './site-view.ts';

export type Metrics = {
  readonly note: (report: Report) => void;
  readonly countPublishError: () => void;
  /** Prometheus text. */
  readonly scrape: () => Promise<string>;
  readonly contentType: string;
  /** Names of everything that can be exported; alert rules and dashboards are checked against it. */
  readonly names: () => readonly string[];
};

const CYCLE_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const GUARD_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5];

export function createMetrics(siteId: string, version: string, view: SiteView): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ site_id: siteId });
  const counters = createCounters(registry);
  const gauges = createGauges(registry);
  const histograms = createHistograms(registry);
  gauges.info.set({ version }, 1);

  return {
    contentType: registry.contentType,
    names: () => registry.getMetricsAsArray().map(({ name }) => name),
    countPublishError: () => counters.publishErrors.inc(),
    note(report) {
      if (report.type === 'CYCLE') {
        const { asset_id, duration_s, guard_latency_s } = report;
        counters.cycles.inc({ asset_id });
        gauges.lastCycle.set({ asset_id }, duration_s);
        histograms.cycle.observe({ asset_id }, duration_s);
        if (guard_latency_s !== null) histograms.guard.observe({ asset_id }, guard_latency_s);
      }
      if (report.type === 'EVENT') countEvent(counters, report.event);
      if (report.type === 'UPLINK') {
        const { uplink, outbox } = report.uplink;
        if (outbox === null) gauges.outbox.remove({ uplink });
        else gauges.outbox.set({ uplink }, outbox);
      }
      if (report.type === 'HEARTBEAT') {
        // Absolute since the start of control; a lower figure is its restart, which is what a counter's reset says.
        counters.restarts.reset();
        for (const [child, count] of Object.entries(report.heartbeat.restarts)) counters.restarts.inc({ child }, count);
      }
    },
    async scrape() {
      showTelemetry(gauges, view.fresh());
      const beat = view.silent() ? undefined : view.heartbeat();
      gauges.loopLag.remove();
      if (beat) gauges.loopLag.set(beat.event_loop_lag_s);
      gauges.estop.remove();
      const safety = view.safety();
      if (safety !== 'unknown') gauges.estop.set(safety === 'armed' ? 0 : 1);
      return await registry.metrics();
    },
  };
}

type Counters = ReturnType<typeof createCounters>;
type Gauges = ReturnType<typeof createGauges>;

function createCounters(registry: Registry) {
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> =>
    new Counter({ name, help, labelNames, registers: [registry] });
  return {
    cycles: counter('bess_cycles_total', 'Polls of a device', ['asset_id']),
    safetyBlocks: counter('bess_safety_blocks_total', 'Power cut or refused by the guard', ['asset_id', 'reason']),
    publishErrors: counter('bess_publish_errors_total', 'Messages that the bus did not take'),
    connectRetries: counter('bess_modbus_connect_retries_total', 'Connections to a device that were tried again', [
      'asset_id',
    ]),
    idsAlerts: counter('bess_ids_alerts_total', 'Anomalies that were reported', ['asset_id', 'reason']),
    restarts: counter('bess_supervisor_restarts_total', 'Restarts of a supervised part', ['child']),
  };
}

function createGauges(registry: Registry) {
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  return {
    soc: gauge('bess_soc_percent', 'State of charge', ['asset_id']),
    lastSoc: gauge('bess_last_soc_percent', 'State of charge (name kept for older dashboards)', ['asset_id']),
    power: gauge('bess_power_kw', 'Active power, positive is discharge', ['asset_id']),
    lastPower: gauge('bess_last_power_kw', 'Active power (name kept for older dashboards)', ['asset_id']),
    temperature: gauge('bess_temperature_c', 'Hottest battery temperature', ['asset_id']),
    lastCycle: gauge('bess_last_cycle_duration_seconds', 'Duration of the last poll', ['asset_id']),
    loopLag: gauge('bess_event_loop_lag_seconds', 'Delay of the control thread'),
    estop: gauge('bess_estop_latched', '1 while the emergency stop of the site is latched'),
    outbox: gauge('bess_outbox_depth', 'Messages that wait for an uplink', ['uplink']),
    info: gauge('bess_gateway_info', 'The running version', ['version']),
  };
}

function createHistograms(registry: Registry) {
  const histogram = (name: string, help: string, buckets: number[]): Histogram<'asset_id'> =>
    new Histogram({ name, help, buckets, labelNames: ['asset_id'], registers: [registry] });
  return {
    cycle: histogram('bess_cycle_duration_seconds', 'Duration of one poll', CYCLE_BUCKETS),
    guard: histogram('bess_guard_latency_seconds', 'From telemetry received to permit or stop issued', GUARD_BUCKETS),
  };
}

function showTelemetry(gauges: Gauges, reports: readonly TelemetryReport[]): void {
  for (const gauge of [gauges.soc, gauges.lastSoc, gauges.power, gauges.lastPower, gauges.temperature]) gauge.reset();
  for (const { asset_id, soc_pct, active_power_w, temperature_c } of reports) {
    const show = (gauge: Gauge<'asset_id'>, value: number | null): void => {
      if (value !== null) gauge.set({ asset_id }, value);
    };
    show(gauges.soc, soc_pct);
    show(gauges.lastSoc, soc_pct);
    show(gauges.power, active_power_w === null ? null : active_power_w / 1000);
    show(gauges.lastPower, active_power_w === null ? null : active_power_w / 1000);
    show(gauges.temperature, temperature_c);
  }
}

function countEvent(counters: Counters, event: SiteEvent): void {
  const asset = event.asset_id === undefined ? {} : { asset_id: event.asset_id };
  switch (event.kind) {
    case 'safety_block':
      for (const reason of reasonsOf(event)) counters.safetyBlocks.inc({ ...asset, reason });
      return;
    case 'anomaly':
      for (const reason of reasonsOf(event)) counters.idsAlerts.inc({ ...asset, reason });
      return;
    case 'transition':
      if (event['to'] === 'backoff') counters.connectRetries.inc(asset);
      return;
    case 'foreign_change':
    case 'trip':
    case 'estop':
    case 'restart':
    case 'command':
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
