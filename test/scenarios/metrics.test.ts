/** What the metrics say while parts of control are away: the same reports and answers as in a running site. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createMetrics } from '../../io/metrics.ts';
import { createSiteView } from '../../io/site-view.ts';
import { virtualSite } from './virtual-site.ts';
import type { VirtualSite } from './virtual-site.ts';

const BROKER = { kind: 'child', connected: true, url: null, version: null } as const;

/** Lets the site run second by second; the north hears everything as it comes. */
function watched(site: VirtualSite): {
  run: (seconds: number) => Promise<void>;
  value: (series: string) => Promise<number>;
} {
  const { clock, reports } = site;
  const assetIds = site.site.status().assets.map(({ asset_id }) => asset_id);
  const view = createSiteView({ siteId: 'S', assetIds, pollIntervalMs: 1000, clock });
  const metrics = createMetrics({ siteId: 'S', version: '1', view, clock, assetIds });
  let heard = 0;
  const hear = (): void => {
    for (; heard < reports.length; heard += 1) {
      const report = reports[heard];
      if (report) [view.note, metrics.note].forEach((take) => take(report));
    }
  };
  return {
    async run(seconds) {
      for (let at = 0; at < seconds; at += 1) {
        await site.run(1000);
        hear();
      }
    },
    async value(series) {
      metrics.noteStatus({ ...site.site.status(), broker: BROKER });
      const line = (await metrics.scrape()).split('\n').find((one) => one.startsWith(series));
      return Number(line?.split(' ').at(-1) ?? Number.NaN);
    },
  };
}

test('a guard that stays away shows as one lapsed permit, a permit that grows old, and nothing allowed', async () => {
  const site = await virtualSite();
  const { run, value } = watched(site);
  await site.dispatch(10_000, 600);
  await run(5);
  assert.ok((await value('bess_permit_age_seconds')) <= 1);
  assert.ok((await value('bess_permit_discharge_kw')) > 0);
  assert.is(await value('bess_permit_lapses_total'), 0);
  assert.is(await value('bess_order_kw'), 10);

  const ended = site.site.system.administration('control')?.terminateChild('guard');
  await run(30);
  assert.ok((await ended)?.ok);
  assert.ok((await value('bess_permit_age_seconds')) >= 29);
  assert.is(await value('bess_permit_lapses_total'), 1);
  assert.is(await value('bess_permit_discharge_kw'), 0);
  assert.is(await value('bess_permit_reason{asset_id="bess-1",reason="STALE"'), 1);
  assert.is(await value('bess_connection_state{asset_id="bess-1",state="online"'), 1);
  assert.ok(Number.isNaN(await value('bess_order_kw')), 'the order ended with its permit');
  assert.ok(Math.abs(site.power()) < 100, 'the plant itself stands');
});

test('a device that falls silent lapses no permit of the guard: it shows as a lost connection', async () => {
  const site = await virtualSite();
  const { run, value } = watched(site);
  await run(3);
  site.network.detach('127.0.0.1', 5020);
  await run(40);
  assert.is(await value('bess_permit_lapses_total'), 0);
  assert.is(await value('bess_connection_state{asset_id="bess-1",state="online"'), 0);
  assert.is(await value('bess_poll_failures_total'), 1);
  assert.ok((await value('bess_modbus_connect_retries_total')) >= 5);
  assert.is(await value('bess_alarm_active{alarm="link-down",asset_id="bess-1",severity="P2"'), 1);
  assert.ok((await value('bess_telemetry_age_seconds')) >= 39);
});

test('trip and emergency stop are latches that the metrics show', async () => {
  const site = await virtualSite();
  const { run, value } = watched(site);
  await run(2);
  assert.is(await value('bess_trip_latched'), 0);
  site.plants[0]?.set({ packTemperaturesC: [56] });
  await run(5);
  assert.is(await value('bess_trip_latched'), 1);
  assert.is((await value('bess_alarms_active{severity="P1"')) > 0, true);
  assert.ok(
    (await value('bess_safety_blocks_total{asset_id="bess-1",reason="HOT_TRIP"')) >= 1 ||
      (await value('bess_safety_blocks_total{asset_id="bess-1",reason="TRIPPED"')) >= 1,
  );
});

test.run();
