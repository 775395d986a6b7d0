/** Limits of the grid connection, kept while orders stand: loads that move, several assets, a meter that is lost. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { meteredSite, unplugMeter } from './instruments/devices.ts';
import type { MeteredSite } from './instruments/devices.ts';
import type { VirtualOptions } from './virtual-site.ts';

const GRID = { maxImportW: 50_000, maxExportW: 20_000, meter: 'meter-1', meterLostMaxW: 0 };
const limited = (options: VirtualOptions & { loadW?: number } = {}, grid = {}): Promise<MeteredSite> =>
  meteredSite({ ...options, site: { grid: { ...GRID, ...grid } } });
const order = (metered: MeteredSite, w: number): ReturnType<MeteredSite['site']['ask']> =>
  metered.site.ask({
    name: 'dispatch',
    body: { id: `all ${w}`, site_id: 'SITE-TEST', w, duration_s: 3600, issuer: 'test' },
  });
/** Highest import and export of the given time, looked at every 100 ms. */
async function extremes(metered: MeteredSite, ms: number): Promise<{ most: number; least: number }> {
  const seen: number[] = [];
  for (let at = 0; at < ms; at += 100) {
    await metered.site.run(100);
    seen.push(metered.pccW());
  }
  return { most: Math.max(...seen), least: Math.min(...seen) };
}

test('when the load falls under a standing order, it is reduced within one poll of the meter and one of the device', async () => {
  const metered = await limited({ loadW: 60_000 });
  assert.ok((await order(metered, 70_000)).ok);
  await metered.site.run(6000);
  assert.is(Math.round(metered.site.power()), 70_000);
  metered.loadW = 20_000;
  await metered.site.run(2600);
  assert.ok(metered.pccW() >= -20_000 && metered.pccW() < -15_000, `${metered.pccW()} W at the grid connection`);
  assert.match(metered.site.asset().permit.reasons.join(), 'GRID_LIMIT');
  const { least } = await extremes(metered, 60_000);
  assert.ok(least >= -20_000);
});

test('when the load rises while the battery charges, charging is reduced, its losses included', async () => {
  const metered = await limited({ loadW: 5000 });
  assert.ok((await order(metered, -40_000)).ok);
  await metered.site.run(6000);
  assert.is(Math.round(metered.site.power()), -40_000);
  metered.loadW = 25_000;
  await metered.site.run(2600);
  const { most } = await extremes(metered, 60_000);
  assert.ok(most <= 50_000, `${most} W of import`);
  assert.ok(metered.site.power() < -20_000, 'what the grid bears is used');
});

test('room that comes back is given back, and the order goes on as it was', async () => {
  const metered = await limited({ loadW: 60_000 });
  await order(metered, 70_000);
  await metered.site.run(5000);
  metered.loadW = 20_000;
  await metered.site.run(10_000);
  metered.loadW = 60_000;
  await metered.site.run(10_000);
  assert.is(Math.round(metered.site.power()), 70_000);
  assert.equal(
    metered.site.asset().permit.reasons.filter((reason) => reason === 'GRID_LIMIT'),
    [],
  );
});

test('a load that wavers does not make the order waver', async () => {
  const metered = await limited({ loadW: 20_000 });
  await order(metered, 100_000);
  await metered.site.run(20_000);
  const before = metered.site.writes().length;
  for (let at = 0; at < 60; at += 1) {
    metered.loadW = 20_000 + (at % 2 === 0 ? 90 : 0);
    await metered.site.run(1000);
  }
  const powers = metered.site
    .writes()
    .slice(before)
    .filter(({ register }) => register === 47_249);
  assert.ok(new Set(powers.map(({ words }) => words.join())).size <= 2, 'the power is written once more at most');
});

test('two assets are cut so that both are strained alike, and what one cannot give is not taken twice', async () => {
  const metered = await limited({ assets: 2, loadW: 100_000 });
  await order(metered, 110_000);
  await metered.site.run(6000);
  metered.loadW = 20_000;
  await metered.site.run(6000);
  const [first, second] = [metered.site.power(0), metered.site.power(1)];
  assert.ok(Math.abs(first - second) < 500, `${first} and ${second}`);
  const { least } = await extremes(metered, 30_000);
  assert.ok(least >= -20_000 && least < -15_000, `least ${least} W`);
});

test('two orders in the same second do not take the same room', async () => {
  const metered = await limited({ assets: 2, loadW: 30_000 });
  const give = (asset_id: string): Promise<unknown> =>
    metered.site.ask({
      name: 'dispatch',
      body: { id: asset_id, asset_id, w: 40_000, duration_s: 600, issuer: 'test' },
    });
  await Promise.all([give('bess-1'), give('bess-2')]);
  const { least } = await extremes(metered, 20_000);
  assert.ok(least >= -20_000, `${least} W`);
});

test('a slow inverter is brought under the limit without being driven below it for good', async () => {
  const metered = await limited({ loadW: 60_000, plant: { actuatorMs: 8000 } });
  await order(metered, 70_000);
  await metered.site.run(40_000);
  metered.loadW = 20_000;
  await metered.site.run(40_000);
  const { least, most } = await extremes(metered, 60_000);
  assert.ok(least >= -20_000 && most <= -15_000, `between ${least} and ${most} W`);
});

test('a lost meter leaves what the site file says, and the order goes on with that', async () => {
  const metered = await limited({ loadW: 60_000 }, { meterLostMaxW: 5000 });
  await order(metered, 50_000);
  await metered.site.run(5000);
  unplugMeter(metered);
  await metered.site.run(12_000);
  assert.is(Math.round(metered.site.power()), 5000);
  assert.ok(metered.site.site.status().alarms.some(({ alarm_id }) => alarm_id === 'meter-lost'));
  assert.is(metered.site.asset().order?.w, 50_000);
});

test('a lost meter with nothing allowed ends the order, and new ones are refused', async () => {
  const metered = await limited({ loadW: 60_000 });
  await order(metered, 50_000);
  unplugMeter(metered);
  await metered.site.run(13_000);
  assert.is(Math.round(metered.site.power()), 0);
  const reply = await metered.site.dispatch(10_000, 60);
  assert.is(reply.ok, false);
  assert.match(JSON.stringify(reply), 'METER_LOST');
});

test('a guard that is restarted knows the room that its predecessor saw', async () => {
  const metered = await limited({ loadW: 60_000 });
  await order(metered, 70_000);
  await metered.site.run(5000);
  metered.site.site.system.send('guard', { type: 'LATCH_STATE' } as never);
  await metered.site.run(4000);
  assert.ok(
    metered.site.events('restart').some(({ child }) => child === 'guard'),
    'it crashed',
  );
  assert.is(Math.round(metered.site.power()), 70_000, 'a crash of the guard is no lost meter');
});

test('an asset that cannot be reached does not stop the others: the meter sees it', async () => {
  const metered = await limited({ assets: 2, loadW: 60_000 });
  metered.site.network.detach('127.0.0.1', 5021);
  await metered.site.run(15_000);
  const reply = await order(metered, 30_000);
  assert.ok(reply.ok, JSON.stringify(reply));
  assert.is(reply.data.applied_w, 30_000);
});

test.run();
