import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { memoryDisk, virtualSite } from './virtual-site.ts';

const CRASH = { type: 'bessd.crash', error: new Error('killed by the test') };

test('a new order of the same power is answered at once and goes on without a gap', async () => {
  const site = await virtualSite();
  await site.dispatch(20_000, 60);
  await site.run(5000);
  const reply = await site.dispatch(20_000, 60);
  assert.ok(reply.ok, JSON.stringify(reply));
  await site.run(3000);
  assert.is(Math.round(site.power()), 20_000);
  assert.ok(site.events('command').some(({ phase }) => phase === 'superseded'));
});

test('an order the other way round passes through zero, and its answer tells the power that was written', async () => {
  const site = await virtualSite();
  await site.dispatch(20_000, 60);
  await site.run(5000);
  const before = site.writes().length;
  const reply = await site.dispatch(-30_000, 60);
  assert.ok(reply.ok, JSON.stringify(reply));
  assert.is(reply.data.assets[0].written_w, -30_000);
  const commands = site
    .writes()
    .slice(before)
    .filter(({ register }) => register === 47_100);
  assert.equal(
    commands.map(({ words }) => words[0]),
    [0, 1],
    'stopped first, then charged',
  );
  await site.run(2000);
  assert.is(Math.round(site.power()), -30_000);
});

test('a device that goes away makes no restart, and is online again within 10 s of its return with no order revived', async () => {
  const site = await virtualSite();
  await site.dispatch(20_000, 3600);
  await site.run(3000);
  const plant = site.plants[0];
  if (!plant) throw new Error('no plant');
  site.network.detach('127.0.0.1', 5020);
  await site.run(120_000);
  assert.is(site.asset().connection === 'lost' || site.asset().connection === 'connecting', true);
  assert.equal(site.events('restart'), []);
  const before = site.writes().length;
  site.network.attach('127.0.0.1', 5020, plant);
  const from = site.clock.now();
  while (site.asset().connection !== 'online') await site.run(100);
  assert.ok(site.clock.now() - from <= 10_000, `online after ${site.clock.now() - from} ms`);
  await site.run(5000);
  assert.is(site.asset().order, null);
  assert.is(Math.round(site.power()), 0);
  assert.ok(
    site
      .writes()
      .slice(before)
      .every(({ register, words }) => register !== 47_100 || words[0] === 0),
    'nothing was forced again',
  );
});

test('a device that is forced after our own restart is stopped within one poll of its return', async () => {
  const site = await virtualSite();
  await site.dispatch(50_000, 3600);
  await site.run(5000);
  assert.is(Math.round(site.power()), 50_000);
  const before = site.writes().length;
  await site.crashAndRestart();
  assert.equal(site.writes()[before]?.words, [0, 0, 0, 0]);
  assert.is(Math.round(site.power()), 0);
  assert.is(site.asset().order, null);
  assert.is(
    site.events('command').filter(({ phase, reason }) => phase === 'failed' && reason === 'RESTARTED').length,
    1,
    'its order is reported as ended, once',
  );
});

test('a driver that is killed comes back, reads before it writes, and stops what nobody orders any more', async () => {
  const site = await virtualSite({ assets: 2 });
  await site.dispatch(20_000, 3600, { asset_id: 'bess-2' });
  await site.dispatch(50_000, 3600);
  await site.run(5000);
  site.site.system.send('driver:bess-1', CRASH);
  await site.run(4000);
  assert.is(site.asset().connection, 'online');
  assert.is(Math.round(site.power(0)), 0);
  assert.is(Math.round(site.power(1)), 20_000, 'the other battery goes on');
  assert.ok(site.events('restart').some(({ child }) => child === 'driver:bess-1'));
});

test('a guard that is killed comes back with the dispatcher, the battery goes on under its permit, and new orders work', async () => {
  const site = await virtualSite();
  await site.dispatch(20_000, 3600);
  await site.run(5000);
  site.site.system.send('guard', CRASH);
  await site.run(1500);
  assert.is(Math.round(site.power()), 20_000);
  await site.run(5000);
  const reply = await site.dispatch(10_000, 60);
  assert.ok(reply.ok, JSON.stringify(reply));
});

test('a new guard is no bolder than the one that died: the grid has not been inside its window for 300 s yet', async () => {
  const site = await virtualSite();
  site.plants[0]?.set({ gridFrequencyHz: 52 });
  await site.run(5000);
  site.plants[0]?.set({ gridFrequencyHz: 50 });
  await site.run(100_000);
  site.site.system.send('guard', CRASH);
  await site.run(5000);
  const early = await site.dispatch(10_000, 60);
  assert.is(early.ok, false);
  await site.run(200_000);
  const late = await site.dispatch(10_000, 60);
  assert.ok(late.ok, JSON.stringify(late));
});

test('a restart of the whole runtime does not shorten the wait: the grid must have been inside its window for 300 s', async () => {
  const site = await virtualSite({ assets: 2 });
  site.plants[0]?.set({ gridFrequencyHz: 52 });
  await site.run(5000);
  site.plants[0]?.set({ gridFrequencyHz: 50 });
  await site.run(200_000);
  await site.crashAndRestart();
  await site.run(250_000);
  const early = await site.dispatch(10_000, 60);
  assert.is(early.ok, false, 'counted from the start');
  const other = await site.dispatch(10_000, 60, { asset_id: 'bess-2' });
  assert.ok(other.ok, 'its grid was never outside');
  await site.run(60_000);
  const late = await site.dispatch(10_000, 60);
  assert.ok(late.ok, JSON.stringify(late));
  await site.crashAndRestart();
  const next = await site.dispatch(10_000, 60);
  assert.ok(next.ok, 'a wait that has ended stays ended');
});

for (const [what, left] of [
  ['cannot be read', '{"version":1,"wait'],
  ['is of another version', '{"version":2,"waiting":[]}'],
] as const)
  test(`a note of the grid that ${what} counts as outside: nobody moves power for 300 s`, async () => {
    const disk = memoryDisk();
    disk.files.set('grid.json', left);
    const site = await virtualSite({ disk });
    const early = await site.dispatch(10_000, 60);
    assert.is(early.ok, false);
    await site.run(300_000);
    const late = await site.dispatch(10_000, 60);
    assert.ok(late.ok, JSON.stringify(late));
  });

test('a device that answers but no longer measures loses its permit, and nobody moves power', async () => {
  const site = await virtualSite();
  await site.dispatch(20_000, 3600);
  await site.run(5000);
  site.plants[0]?.faults.apply({ kind: 'exception', code: 4, register: 37_760 });
  await site.run(30_000);
  assert.is(Math.round(site.power()), 0, 'nothing can be read, so the permit lapses');
  const refused = await site.dispatch(10_000, 60);
  assert.is(refused.ok, false);
});

test('an E-stop that dies takes all of control with it and everything comes back stopped or idle', async () => {
  const site = await virtualSite();
  await site.dispatch(20_000, 3600);
  await site.run(5000);
  site.site.system.send('estop', CRASH);
  await site.run(6000);
  assert.is(site.asset().connection, 'online');
  assert.is(Math.round(site.power()), 0);
  const reply = await site.dispatch(10_000, 60);
  assert.ok(reply.ok, JSON.stringify(reply));
});

test('a disk that cannot be written from the start lets control run, but no power is moved over unsaved originals', async () => {
  const disk = memoryDisk();
  disk.writable = false;
  const site = await virtualSite({ disk });
  assert.is(site.asset().connection, 'online');
  const plant = site.plants[0];
  if (!plant) throw new Error('no plant');
  site.network.cut();
  await site.run(5000);
  const reply = await site.dispatch(10_000, 30);
  assert.is(reply.ok, false);
  site.disk.writable = true;
  await site.run(2000);
  const later = await site.dispatch(10_000, 30);
  assert.ok(later.ok, JSON.stringify(later));
});

test('the same id acts once and gets the same answer; with other content it is refused', async () => {
  const site = await virtualSite();
  const first = await site.dispatch(10_000, 60, { id: 'same' });
  const writes = site.writes().length;
  const second = await site.dispatch(10_000, 60, { id: 'same' });
  assert.equal(second, first);
  assert.is(site.writes().length, writes);
  const other = await site.dispatch(20_000, 60, { id: 'same' });
  assert.is(!other.ok && other.code, 'ID_CONFLICT');
});

test('an order from the past, a passed sequence number and an unknown asset are refused and move nothing', async () => {
  const site = await virtualSite();
  const writes = site.writes().length;
  const past = await site.dispatch(10_000, 60, { issued_at: new Date(site.clock.wall() - 61_000).toISOString() });
  assert.is(!past.ok && past.code, 'EXPIRED');
  await site.dispatch(0, 60, { seq: 5 });
  const replayed = await site.dispatch(10_000, 60, { seq: 4 });
  assert.is(!replayed.ok && replayed.code, 'REPLAYED');
  const unknown = await site.dispatch(10_000, 60, { asset_id: 'bess-9' });
  assert.is(!unknown.ok && unknown.code, 'UNKNOWN_ASSET');
  assert.ok(
    site
      .writes()
      .slice(writes)
      .every(({ register, words }) => register !== 47_100 || words[0] === 0),
  );
});

test('a site order is shared by usable energy and the shares sum to the total', async () => {
  const site = await virtualSite({ assets: 3, plant: { pvW: 7000 } });
  site.plants[1]?.set({ socPct: 20 });
  await site.run(12_000);
  const reply = await site.ask({
    name: 'dispatch',
    body: { id: 'all', site_id: 'SITE-TEST', w: 90_000.5, duration_s: 1800, issuer: 'test' },
  });
  assert.ok(reply.ok, JSON.stringify(reply));
  const finals = reply.data.assets.map(({ final_w }: { final_w: number }) => final_w);
  assert.ok(Math.abs(finals.reduce((a: number, b: number) => a + b, 0) - reply.data.applied_w) < 1e-6);
  assert.is(reply.data.applied_w, 90_000, 'whole watts, as the registers hold them');
  assert.is(reply.data.status, 'accepted');
  assert.ok(finals[1] < finals[0]);
  await site.run(5000);
  const ac = site.plants.reduce((sum, plant) => sum + plant.state().acW, 0);
  assert.ok(Math.abs(ac - 90_000) < 3000, `the plants deliver ${ac} W`);
});

test('a share that fails is offered to the others within three polls', async () => {
  const site = await virtualSite({ assets: 2 });
  await site.ask({
    name: 'dispatch',
    body: { id: 'all', site_id: 'SITE-TEST', w: 60_000, duration_s: 1800, issuer: 'test' },
  });
  await site.run(4000);
  site.plants[0]?.set({ maxDischargeW: 0 });
  await site.run(5000);
  assert.is(Math.round(site.power(0)), 0);
  assert.ok(Math.abs(site.power(1) - 60_000) < 2000, `the other one moves ${site.power(1)} W`);
});

test('a stop ramps to zero and holds until the next order', async () => {
  const site = await virtualSite({ asset: { rampRateWPerS: 10_000, idle: 'release' }, plant: { loadW: 30_000 } });
  await site.dispatch(40_000, 3600);
  await site.run(10_000);
  assert.is(Math.round(site.power()), 40_000);
  await site.ask({ name: 'stop', body: { issuer: 'test' } });
  await site.run(2000);
  assert.ok(site.power() > 2000 && site.power() < 35_000, `on the way down: ${site.power()}`);
  await site.run(10_000);
  assert.is(Math.round(site.power()), 0);
  await site.run(60_000);
  assert.is(Math.round(site.power()), 0, 'held, although its idle state is release');
});

test('under release the vendor control works within the permit and its limits are restored', async () => {
  const site = await virtualSite({ asset: { idle: 'release', onExit: 'release' }, plant: { loadW: 30_000 } });
  await site.run(5000);
  assert.ok(site.power() > 20_000, 'self-consumption covers the load');
  assert.is(site.writes().length, 0, 'an untouched device is left alone');
  await site.dispatch(-10_000, 20);
  await site.run(5000);
  assert.is(Math.round(site.power()), -10_000);
  await site.run(22_000);
  assert.is(site.asset().operation, 'standby');
  assert.ok(site.power() > 20_000, 'self-consumption again');
  const state = site.plants[0]?.state();
  assert.is(state?.controls.limitDischargeW ?? state?.settings.maxDischargeW, 100_000);
});

test('an orderly stop leaves the device in its exit state', async () => {
  const site = await virtualSite({ asset: { idle: 'hold', onExit: 'release' }, plant: { loadW: 30_000 } });
  await site.run(3000);
  assert.is(Math.round(site.power()), 0);
  const stopped = site.site.system.stop();
  await site.run(8000);
  assert.is((await stopped).reason, 'shutdown');
  assert.ok(site.power() > 20_000, 'back to self-consumption');
});

test.run();
