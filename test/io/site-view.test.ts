import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AlarmReport, TelemetryReport } from '../../contracts/reports.ts';
import { createSiteView } from '../../io/site-view.ts';
import type { SiteView } from '../../io/site-view.ts';
import { virtualClock } from '../../supervisor/clock.ts';
import { TELEMETRY } from './north-harness.ts';

const BROKER = { kind: 'child', connected: true, url: 'nats://x:1', version: '2.11.6' } as const;
const ALARM: AlarmReport = {
  ts: '',
  alarm_id: 'hot',
  asset_id: 'bess-1',
  severity: 'P2',
  state: 'active',
  message: 'hot',
};

function site(telemetry: Partial<TelemetryReport> = {}): { view: SiteView; clock: ReturnType<typeof virtualClock> } {
  const clock = virtualClock();
  const view = createSiteView({ siteId: 'S', assetIds: ['bess-1'], pollIntervalMs: 1000, clock });
  view.note({ type: 'HEARTBEAT', heartbeat: { uptime_s: 1, last_cycle_ts: null, event_loop_lag_s: 0, restarts: {} } });
  view.note({ type: 'TELEMETRY', report: { ...TELEMETRY, ...telemetry } });
  view.noteSafety('armed');
  return { view, clock };
}

test('a site that measures, may be commanded and has a bus is healthy', () => {
  assert.is(site().view.health(BROKER).status, 'healthy');
});

const DEGRADED: readonly (readonly [string, (view: SiteView) => void, Partial<TelemetryReport>, boolean])[] = [
  ['whose asset is lost', () => {}, { connection: 'lost' }, true],
  ['whose telemetry is suspect', () => {}, { quality: 'suspect' }, true],
  ['whose bus is down', () => {}, {}, false],
  ['with a P2 alarm', (view) => view.note({ type: 'ALARM', alarm: ALARM }), {}, true],
  ['whose emergency stop is latched', (view) => view.noteSafety('latched'), {}, true],
];
for (const [what, happen, telemetry, connected] of DEGRADED) {
  test(`a site ${what} is degraded and says why`, () => {
    const { view } = site(telemetry);
    happen(view);
    const health = view.health({ ...BROKER, connected });
    assert.is(health.status, 'degraded');
    assert.ok(health.reasons.length > 0);
  });
}

test('a P3 alarm, or having no broker at all, is worth a word but no lack of health', () => {
  const { view } = site();
  view.note({ type: 'ALARM', alarm: { ...ALARM, severity: 'P3' } });
  const health = view.health({ kind: 'in_process', connected: true, url: null, version: null });
  assert.is(health.status, 'healthy');
  assert.is(health.reasons.length, 1);
});

test('a control thread that is silent for more than three seconds is an error, whatever else is known', async () => {
  const { view, clock } = site();
  await clock.advance(2900);
  assert.is(view.health(BROKER).status, 'healthy');
  await clock.advance(200);
  assert.is(view.health(BROKER).status, 'error');
});

test('an alarm that returned is no longer active and stays in the list of the recent ones', () => {
  const { view } = site();
  view.note({ type: 'ALARM', alarm: ALARM });
  view.note({ type: 'ALARM', alarm: ALARM });
  assert.is(view.activeAlarms().length, 1);
  view.note({ type: 'ALARM', alarm: { ...ALARM, state: 'returned' } });
  assert.equal([view.activeAlarms().length, view.recentAlarms().length], [0, 1]);
});

test('an alarm of the north that the runtime repeats is listed once', () => {
  const { view } = site();
  const own: AlarmReport = { ...ALARM, alarm_id: 'broker-down', asset_id: null };
  view.noteOwn(own);
  view.note({ type: 'ALARM', alarm: own });
  assert.is(view.activeAlarms().length, 1);
});

test.run();
