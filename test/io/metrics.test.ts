import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Report } from '../../contracts/reports.ts';
import { createMetrics } from '../../io/metrics.ts';
import type { Metrics } from '../../io/metrics.ts';
import { createSiteView } from '../../io/site-view.ts';
import type { SiteView } from '../../io/site-view.ts';
import { virtualClock } from '../../supervisor/clock.ts';
import type { VirtualClock } from '../../supervisor/clock.ts';
import { TELEMETRY } from './north-harness.ts';

const PROMISED = [
  'bess_cycles_total',
  'bess_safety_blocks_total',
  'bess_publish_errors_total',
  'bess_modbus_connect_retries_total',
  'bess_last_soc_percent',
  'bess_last_power_kw',
  'bess_last_cycle_duration_seconds',
  'bess_gateway_info',
  'bess_soc_percent',
  'bess_temperature_c',
  'bess_power_kw',
  'bess_cycle_duration_seconds',
  'bess_guard_latency_seconds',
  'bess_supervisor_restarts_total',
  'bess_estop_latched',
  'bess_outbox_depth',
  'bess_event_loop_lag_seconds',
  'bess_ids_alerts_total',
];

function site(): { metrics: Metrics; view: SiteView; clock: VirtualClock; note: (report: Report) => void } {
  const clock = virtualClock();
  const view = createSiteView({ siteId: 'S', assetIds: ['bess-1'], pollIntervalMs: 1000, clock });
  const metrics = createMetrics('S', '0.1.0', view);
  return { clock, view, metrics, note: (report) => [view.note, metrics.note].forEach((take) => take(report)) };
}

test('every name of the contract that applies to a site can be exported', () => {
  const names = site().metrics.names();
  assert.equal(
    PROMISED.filter((name) => !names.includes(name)),
    [],
  );
});

test('a site that has heard nothing shows no value that could be taken for a measurement', async () => {
  const values = (await site().metrics.scrape()).split('\n').filter((line) => line && !line.startsWith('#'));
  assert.equal(values.toSorted(), [
    'bess_gateway_info{version="0.1.0",site_id="S"} 1',
    'bess_publish_errors_total{site_id="S"} 0',
  ]);
});

test('power and charge of an asset are shown in their units while they are fresh, and vanish when they are old', async () => {
  const { metrics, clock, note } = site();
  note({ type: 'TELEMETRY', report: { ...TELEMETRY, temperature_c: null } });
  const fresh = await metrics.scrape();
  assert.match(fresh, /bess_power_kw\{asset_id="bess-1",site_id="S"\} -1\n/);
  assert.match(fresh, /bess_last_soc_percent\{asset_id="bess-1",site_id="S"\} 55\.5\n/);
  assert.not.match(fresh, /bess_temperature_c\{/);
  await clock.advance(6000);
  assert.not.match(await metrics.scrape(), /bess_(power|soc|last_power|last_soc)_\w+\{/);
});

test('cycles, blocks, retries and restarts are counted where they belong', async () => {
  const { metrics, view, note } = site();
  const event = { ts: '', seq: 1, asset_id: 'bess-1' };
  note({ type: 'CYCLE', asset_id: 'bess-1', duration_s: 0.2, guard_latency_s: 0.0004 });
  note({ type: 'EVENT', event: { ...event, kind: 'safety_block', reason: 'SOC_LOW,HOT_STOP' } });
  note({ type: 'EVENT', event: { ...event, kind: 'transition', to: 'backoff' } });
  note({ type: 'EVENT', event: { ...event, kind: 'transition', to: 'online' } });
  for (const count of [2, 3]) {
    note({
      type: 'HEARTBEAT',
      heartbeat: { uptime_s: 1, last_cycle_ts: null, event_loop_lag_s: 0.002, restarts: { guard: count } },
    });
  }
  metrics.countPublishError();
  view.noteSafety('latched');
  const text = await metrics.scrape();
  for (const line of [
    'bess_cycles_total{asset_id="bess-1",site_id="S"} 1',
    'bess_safety_blocks_total{asset_id="bess-1",reason="SOC_LOW",site_id="S"} 1',
    'bess_safety_blocks_total{asset_id="bess-1",reason="HOT_STOP",site_id="S"} 1',
    'bess_modbus_connect_retries_total{asset_id="bess-1",site_id="S"} 1',
    'bess_supervisor_restarts_total{child="guard",site_id="S"} 3',
    'bess_publish_errors_total{site_id="S"} 1',
    'bess_estop_latched{site_id="S"} 1',
    'bess_event_loop_lag_seconds{site_id="S"} 0.002',
    'bess_cycle_duration_seconds_count{site_id="S",asset_id="bess-1"} 1',
    'bess_guard_latency_seconds_count{site_id="S",asset_id="bess-1"} 1',
    'bess_last_cycle_duration_seconds{asset_id="bess-1",site_id="S"} 0.2',
  ])
    assert.ok(text.includes(`${line}\n`), line);
});

test('the delay of a control thread that has fallen silent is not repeated', async () => {
  const { metrics, clock, note } = site();
  note({ type: 'HEARTBEAT', heartbeat: { uptime_s: 1, last_cycle_ts: null, event_loop_lag_s: 0.002, restarts: {} } });
  await clock.advance(3500);
  assert.not.match(await metrics.scrape(), /bess_event_loop_lag_seconds\{/);
});

test.run();
