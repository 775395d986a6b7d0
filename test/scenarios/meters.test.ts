/** Meters as devices of their own: what they show, and a site that runs without them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { meteredSite, unplugMeter } from './instruments/devices.ts';

test('a meter is read like any device, shows itself in status and telemetry, and is never written', async () => {
  const metered = await meteredSite({ loadW: 12_000 });
  const { site, meter } = metered;
  assert.equal(site.site.status().meters, [
    {
      meter_id: 'meter-1',
      pcc: false,
      connection: 'online',
      quality: 'good',
      firmware: '1',
      grid_power_w: 12_000,
      voltage_v: 230,
      frequency_hz: 50,
    },
  ]);
  const telemetry = site.reports.flatMap((report) =>
    report.type === 'TELEMETRY' && report.report.asset_id === 'meter-1' ? [report.report] : [],
  );
  assert.is(telemetry.at(-1)?.points['grid_power']?.value, 12_000);
  await site.ask({ name: 'estop', body: { reason: 'test', issuer: 'test' } });
  await site.run(3000);
  assert.is(meter.tap.writes(), 0);
  assert.is(site.asset().operation, 'tripped');
});

test('an E-stop names no meter, neither as stopped nor as refused', async () => {
  const { site } = await meteredSite({});
  const reply = await site.ask({ name: 'estop', body: { reason: 'test', issuer: 'test' } });
  assert.ok(reply.ok);
  assert.not.match(JSON.stringify(reply), 'meter');
  await site.crashAndRestart();
  assert.is(site.asset().operation, 'tripped');
  assert.not.match(JSON.stringify(site.events('estop').slice(-5)), 'meter');
});

test('a site runs without its meter, and shows which device is missing', async () => {
  const metered = await meteredSite({ loadW: 5000 });
  const { site } = metered;
  unplugMeter(metered);
  await site.run(30_000);
  const [meter] = site.site.status().meters;
  assert.is(meter?.connection, 'lost');
  assert.is(meter?.grid_power_w, null);
  assert.ok(site.site.status().alarms.some(({ alarm_id }) => alarm_id === 'meter-1.link-down'));
  const reply = await site.dispatch(20_000, 60);
  assert.ok(reply.ok, 'no limit of the grid connection, so no meter is needed');
});

test.run();
