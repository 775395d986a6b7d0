import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Report } from '../../contracts/reports.ts';
import { createMetrics } from '../../io/metrics.ts';
import type { Metrics } from '../../io/metrics.ts';
import { createSiteView } from '../../io/site-view.ts';
import type { SiteView } from '../../io/site-view.ts';
import { virtualClock } from '../../supervisor/clock.ts';
import type { VirtualClock } from '../../supervisor/clock.ts';
import { STATUS, TELEMETRY } from './north-harness.ts';

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
  const metrics = createMetrics({
    siteId: 'S',
    version: '0.1.0',
    view,
    clock,
    assetIds: ['bess-1'],
    instrumentIds: ['meter-1'],
  });
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
  assert.equal(
    values.filter((line) => !line.endsWith(' 0') && !line.startsWith('bess_resident_memory_bytes')),
    ['bess_gateway_info{version="0.1.0",site_id="S"} 1'],
  );
  const zeros = values.filter((line) => line.endsWith(' 0')).map((line) => line.split('{')[0] ?? '');
  assert.equal(
    zeros.filter((name) => !name.endsWith('_total')),
    ['bess_control_silence_seconds'],
  );
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
    'bess_guard_blocks_total{asset_id="bess-1",site_id="S"} 1',
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

test('what only control knows is shown from its last answer, and not beyond five seconds', async () => {
  const { metrics, clock } = site();
  const [asset] = STATUS.assets;
  const alarm = { ts: '', asset_id: 'bess-1', state: 'active', message: '' } as const;
  metrics.noteStatus({
    ...STATUS,
    assets: asset ? [{ ...asset, connection: 'stale', order: { id: 'o', w: -5000, expires_at: '' } }] : [],
    alarms: [{ ...alarm, alarm_id: 'bess-1.link-down', severity: 'P2' }],
  });
  const text = await metrics.scrape({ broker: { kind: 'child', connected: true }, clockSynchronised: false });
  for (const line of [
    'bess_connection_state{asset_id="bess-1",state="stale",site_id="S"} 1',
    'bess_connection_state{asset_id="bess-1",state="online",site_id="S"} 0',
    'bess_permit_charge_kw{asset_id="bess-1",site_id="S"} 50',
    'bess_order_kw{asset_id="bess-1",site_id="S"} -5',
    'bess_alarms_active{severity="P1",site_id="S"} 0',
    'bess_alarms_active{severity="P2",site_id="S"} 1',
    'bess_alarm_active{alarm="link-down",asset_id="bess-1",severity="P2",site_id="S"} 1',
    'bess_broker_connected{kind="child",site_id="S"} 1',
    'bess_clock_synchronised{site_id="S"} 0',
  ])
    assert.ok(text.includes(`${line}\n`), line);
  await clock.advance(5001);
  assert.not.match(
    await metrics.scrape(),
    /^bess_(connection_state|permit_\w+_kw|order_kw|alarms?_active|clock)\w*\{/m,
  );
});

test('a permit that expires while the device answers is one lapse, however often it is seen', async () => {
  const { metrics, note } = site();
  const seen = (...reasons: string[]): void =>
    note({ type: 'TELEMETRY', report: { ...TELEMETRY, permit: { ...TELEMETRY.permit, reasons } } });
  const lapses = async (): Promise<string | undefined> =>
    /bess_permit_lapses_total\{.*\} (\d+)/.exec(await metrics.scrape())?.[1];
  seen('NO_TELEMETRY');
  seen('STALE');
  assert.is(await lapses(), '0', 'there was no permit to lapse');
  seen('RATING');
  note({
    type: 'EVENT',
    event: { ts: '', seq: 1, kind: 'command', asset_id: 'bess-1', phase: 'stopped', reason: 'PERMIT_LAPSED' },
  });
  seen('STALE');
  seen('STALE');
  assert.is(await lapses(), '1');
  seen('RATING');
  seen('STALE');
  assert.is(await lapses(), '2');
});

test('the age of the last permit grows while the guard is away, and starts anew with its next permit', async () => {
  const { metrics, clock, note } = site();
  const age = async (): Promise<string | undefined> =>
    /bess_permit_age_seconds\{.*\} ([\d.]+)/.exec(await metrics.scrape())?.[1];
  const polled = (guard_latency_s: number | null): void =>
    note({ type: 'CYCLE', asset_id: 'bess-1', duration_s: 0.1, guard_latency_s });
  assert.is(await age(), undefined);
  polled(null);
  await clock.advance(3000);
  polled(null);
  assert.is(await age(), '3');
  polled(0.001);
  assert.is(await age(), '0');
});

test('a connection that is lost in use is a poll failure, one that cannot be made only a retry', async () => {
  const { metrics, note } = site();
  const moved = (from: string, to: string): void =>
    note({ type: 'EVENT', event: { ts: '', seq: 1, kind: 'transition', asset_id: 'bess-1', from, to } });
  moved('online', 'backoff');
  moved('connecting', 'backoff');
  moved('connecting', 'lost');
  const text = await metrics.scrape();
  assert.match(text, /bess_poll_failures_total\{asset_id="bess-1",site_id="S"\} 1\n/);
  assert.match(text, /bess_modbus_connect_retries_total\{asset_id="bess-1",site_id="S"\} 3\n/);
});

test('what others change and what the guard doubts is an anomaly; a battery that is full is none', async () => {
  const { metrics, note } = site();
  const event = { ts: '', seq: 1, asset_id: 'bess-1' };
  note({ type: 'EVENT', event: { ...event, kind: 'foreign_change', point: 'mode' } });
  note({ type: 'EVENT', event: { ...event, kind: 'safety_block', reason: 'SOC_HIGH,FROZEN' } });
  const alerts = (await metrics.scrape()).match(/^bess_ids_alerts_total.* [1-9]\d*$/gm);
  assert.equal(alerts?.toSorted(), [
    'bess_ids_alerts_total{asset_id="bess-1",reason="FOREIGN_CHANGE",site_id="S"} 1',
    'bess_ids_alerts_total{asset_id="bess-1",reason="FROZEN",site_id="S"} 1',
  ]);
});

test('restarts of the north are counted beside those that control tells of', async () => {
  const { metrics, note } = site();
  metrics.countRestart('bus');
  note({
    type: 'HEARTBEAT',
    heartbeat: { uptime_s: 1, last_cycle_ts: null, event_loop_lag_s: 0, restarts: { guard: 0 } },
  });
  metrics.countRestart('bus');
  assert.match(
    await metrics.scrape(),
    /restarts_total\{child="guard",site_id="S"\} 0\n.*child="bus",site_id="S"\} 2\n/s,
  );
});

test('an outbox that nobody counts any more is absent', async () => {
  const { metrics, note } = site();
  const told = (outbox: number | null): void =>
    note({ type: 'UPLINK', uplink: { uplink: 'cloud', state: 'draining', outbox } });
  told(7);
  assert.match(await metrics.scrape(), /bess_outbox_depth\{uplink="cloud",site_id="S"\} 7\n/);
  told(null);
  assert.not.match(await metrics.scrape(), /bess_outbox_depth\{/);
});

test('ten thousand invented labels do not make more series than the bound', async () => {
  const { metrics, note } = site();
  for (let at = 0; at < 10_000; at += 1) {
    const event = {
      ts: '',
      seq: at,
      asset_id: `invented-${at}`,
      kind: 'safety_block',
      reason: `REASON_${at}`,
    } as const;
    note({ type: 'EVENT', event });
    note({ type: 'EVENT', event: { ...event, kind: 'anomaly' } });
    note({ type: 'EVENT', event: { ...event, kind: 'command', phase: `phase-${at}` } });
    note({ type: 'CYCLE', asset_id: `invented-${at}`, duration_s: 1, guard_latency_s: 0 });
    note({ type: 'UPLINK', uplink: { uplink: `uplink-${at}`, state: 'online', outbox: 1 } });
    metrics.countRestart(`child-${at}`);
  }
  note({
    type: 'ALARM',
    alarm: { ts: '', alarm_id: 'x'.repeat(1000), asset_id: null, severity: 'P4', state: 'active', message: '' },
  });
  const counts = new Map<string, number>();
  for (const line of (await metrics.scrape()).split('\n')) {
    const name = /^\w+/.exec(line)?.[0];
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  // 64 and two for each of the two devices, `other`, and the four states of each uplink.
  assert.ok(
    [...counts.values()].every((count) => count <= 4 * 70),
    JSON.stringify([...counts]),
  );
});

test.run();
