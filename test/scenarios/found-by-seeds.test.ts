/** What the simulation of faults has found, each as the few steps that its schedule shrank to. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { memoryDisk, TOKENS, virtualSite } from './virtual-site.ts';
import type { VirtualSite } from './virtual-site.ts';

const CRASH = { type: 'bessd.crash', error: new Error('killed by the test') };
const FORCED_CHARGE_W = 47_247;

test('an AC order that follows a larger one never turns the battery round, at whatever moment of a poll it comes', async () => {
  const site = await virtualSite();
  for (let offsetMs = 0; offsetMs < 1000; offsetMs += 20) {
    await siteOrder(site, 90_000);
    await site.run(4000 + offsetMs);
    await siteOrder(site, 5000);
    await site.run(4000);
  }
  assert.equal(
    site.writes().filter(({ register }) => register === FORCED_CHARGE_W),
    [],
    'AC and battery power read at two moments are no PV',
  );
});

test('a device that was found holding is stopped within a poll when somebody opens its limits and forces it', async () => {
  const site = await virtualSite({ plant: { loadW: 20_000 } });
  await site.crashAndRestart();
  await site.run(3000);
  const plant = site.plants[0];
  plant?.device.write(47_075, [1, 34_464, 1, 34_464], 16, 1, 'intruder');
  plant?.device.write(FORCED_CHARGE_W, [0, 25_000], 16, 1, 'intruder');
  plant?.device.write(47_083, [10], 6, 1, 'intruder');
  plant?.device.write(47_100, [1], 6, 1, 'intruder');
  await site.run(2500);
  assert.is(Math.round(site.power()), 0, 'neither forced nor in self-consumption');
});

test('limits that a stop overwrites as the very first write are known all the same, and given back to orders later', async () => {
  const disk = memoryDisk();
  disk.files.set('latch.json', '{');
  const site = await virtualSite({ disk });
  await site.run(2000);
  for (const [issuer, tokenSha256] of [
    ['ana', TOKENS.ana],
    ['ben', TOKENS.ben],
  ] as const) {
    const body = { issuer, tokenSha256, confirmed_safe: true, cause: 'test' } as const;
    assert.ok((await site.ask({ name: 'reset_estop', body })).ok);
  }
  const reply = await site.dispatch(20_000, 60);
  assert.ok(reply.ok, JSON.stringify(reply));
  await site.run(3000);
  assert.is(Math.round(site.power()), 20_000);
});

test('an order is not answered by the effect of the one before', async () => {
  const site = await virtualSite();
  for (let offsetMs = 0; offsetMs < 1000; offsetMs += 30) {
    assert.ok((await site.dispatch(-500, 60)).ok);
    await site.run(1000 + offsetMs);
    const reply = await site.dispatch(-60_000, 60);
    assert.ok(reply.ok, `${offsetMs} ms: ${JSON.stringify(reply)}`);
    assert.is(reply.data.assets[0].written_w, -60_000, `${offsetMs} ms`);
    await site.run(4000);
  }
});

test('an order that comes before the next write is due is answered when its own power is written', async () => {
  const site = await virtualSite();
  assert.ok((await site.dispatch(10_000, 60)).ok);
  const reply = await site.dispatch(60_000, 60);
  assert.is(reply.ok && reply.data.assets[0].written_w, 60_000);
});

test('a site order whose reply is a refusal moves nothing later', async () => {
  const site = await virtualSite({ assets: 2 });
  for (const plant of site.plants) plant.faults.apply({ kind: 'exception', code: 6, on: 'write', forMs: 6000 });
  const reply = await siteOrder(site, 60_000);
  assert.is(reply.ok, false);
  await site.run(20_000);
  assert.equal([Math.round(site.power(0)), Math.round(site.power(1))], [0, 0]);
});

test('a site order that is shared again before its answer is told as it was written', async () => {
  const site = await virtualSite({ assets: 2 });
  site.plants[0]?.faults.apply({ kind: 'exception', code: 6, on: 'write', forMs: 3000 });
  const reply = await siteOrder(site, -60_000);
  await site.run(2000);
  assert.ok(reply.ok, JSON.stringify(reply));
  assert.is(Math.round(site.power(1)), -60_000);
});

for (const [tripped, lost] of [
  [1, 0],
  [0, 1],
] as const)
  test(`the reset of a trip starts nothing: a site order from before gives bess-${tripped + 1} no share`, async () => {
    const site = await virtualSite({ assets: 2 });
    site.plants[tripped]?.set({ alarms: [0, 4, 0] });
    await site.run(3000);
    assert.ok((await siteOrder(site, 20_000)).ok);
    site.plants[tripped]?.set({ alarms: [0, 0, 0] });
    site.plants[lost]?.faults.apply({ kind: 'silence', forMs: 60_000 });
    await site.run(20_000);
    const body = { asset_id: `bess-${tripped + 1}`, issuer: 'ana', tokenSha256: TOKENS.ana, cause: 'test' };
    assert.ok((await site.ask({ name: 'reset_trip', body })).ok);
    await site.run(20_000);
    assert.is(Math.round(site.power(tripped)), 0);
  });

for (const who of ['guard', 'dispatcher'])
  test(`an order refused because the ${who} died moves nothing later, at whatever moment it dies`, async () => {
    const answers = new Set<boolean>();
    for (let diesAfterMs = 20; diesAfterMs < 600; diesAfterMs += 40) {
      const site = await virtualSite();
      const reply = site.dispatch(-20_000, 300);
      await site.run(diesAfterMs);
      site.site.system.send(who, CRASH);
      const { ok } = await reply;
      answers.add(ok);
      await site.run(6000);
      assert.is(Math.round(site.power()), ok ? -20_000 : 0, `${diesAfterMs} ms`);
    }
    assert.is(answers.size, 2, 'it died before the answer and after it');
  });

test('an E-stop does not drop the connection to an asset that is tagged out, where nothing may be written', async () => {
  const site = await virtualSite();
  assert.ok((await maintenance(site, true)).ok);
  const links = (): number => site.events('transition').filter(({ machine }) => machine === 'connection').length;
  const before = links();
  for (let offsetMs = 0; offsetMs < 1000; offsetMs += 50) {
    await site.ask({ name: 'estop', body: { reason: 'test', issuer: 'anybody' } });
    await site.run(1000 - (site.clock.now() % 1000) + offsetMs);
  }
  assert.is(links(), before);
});

test('an order is said to be written only as far as the device, whose limit fell a moment ago, takes it', async () => {
  for (let offsetMs = 0; offsetMs < 1000; offsetMs += 50) {
    const site = await virtualSite();
    assert.ok((await site.dispatch(60_000, 60)).ok);
    await site.run(3000 + offsetMs);
    site.plants[0]?.set({ maxChargeW: 2000 });
    const reply = await site.dispatch(-5000, 60);
    const [, low] = site.writes().findLast(({ register }) => register === FORCED_CHARGE_W)?.words ?? [];
    assert.is(
      reply.ok ? reply.data.assets[0].written_w : undefined,
      reply.ok ? -(low ?? 0) : undefined,
      `${offsetMs} ms`,
    );
  }
});

test('a battery at rest is held a second after it was found, also while the disk refuses', async () => {
  const disk = memoryDisk();
  disk.writable = false;
  const site = await virtualSite({ disk });
  await site.run(4000);
  site.plants[0]?.set({ loadW: 90_000 });
  for (let n = 0; n < 20; n += 1) {
    await site.run(50);
    assert.is(Math.round(site.power()), 0, 'it does not begin to supply the house');
  }
});

test('a driver that dies while the disk refuses leaves its successor the limits that the device had', async () => {
  const disk = memoryDisk();
  disk.writable = false;
  const site = await virtualSite({ disk, plant: { loadW: 20_000 } });
  await site.run(3000);
  site.site.system.send('driver:bess-1', CRASH);
  await site.run(5000);
  disk.writable = true;
  await site.run(5000);
  const reply = await site.dispatch(20_000, 60);
  assert.ok(reply.ok, JSON.stringify(reply));
  assert.match(disk.files.get('originals-bess-1.json') ?? '', '"limit_discharge_power":100000');
});

test("limits that a crash under a refusing disk has left at zero are a person's to set again, under a tag", async () => {
  const disk = memoryDisk();
  disk.writable = false;
  const site = await virtualSite({ disk, plant: { loadW: 20_000 } });
  const closed = (): boolean => site.site.status().alarms.some(({ alarm_id }) => alarm_id === 'bess-1.limits-closed');
  await site.run(3000);
  await site.crashAndRestart();
  disk.writable = true;
  await site.run(3000);
  assert.is((await site.dispatch(20_000, 60)).ok, false, 'what is found is never widened');
  assert.ok(closed(), 'somebody is told');
  await site.ask({ name: 'stop', body: { issuer: 'test' } });
  assert.ok((await maintenance(site, true)).ok);
  await site.run(2000);
  site.plants[0]?.device.write(47_075, [0, 60_000, 0, 30_000], 16, 1, 'intruder');
  await site.run(2500);
  assert.ok((await maintenance(site, false)).ok);
  await site.run(2500);
  const reply = await site.dispatch(80_000, 60);
  assert.ok(reply.ok, JSON.stringify(reply));
  assert.is(reply.data.applied_w, 30_000);
  assert.not(closed());
});

test('what a person sets at a device that is tagged out is what bessd finds there', async () => {
  const site = await virtualSite();
  await site.run(2000);
  assert.ok((await maintenance(site, true)).ok);
  await site.run(2000);
  site.plants[0]?.device.write(47_075, [0, 60_000, 0, 30_000], 16, 1, 'intruder');
  await site.run(2500);
  assert.ok((await maintenance(site, false)).ok);
  await site.run(2500);
  const reply = await site.dispatch(80_000, 60);
  assert.ok(reply.ok, JSON.stringify(reply));
  assert.is(reply.data.applied_w, 30_000);
  assert.match(site.disk.files.get('originals-bess-1.json') ?? '', '"limit_discharge_power":30000');
});

test('an order is answered within 3.5 s, however slow the disk and the device are', async () => {
  for (const diskMs of [100, 700, 1500, 1900, 5000]) {
    const disk = memoryDisk();
    const site: VirtualSite = await virtualSite({ disk: { ...disk, open: slowed } });
    function slowed(name: string): ReturnType<typeof disk.open> {
      const file = disk.open(name);
      const isSlow = name === 'orders.json';
      return {
        load: file.load,
        save: async (text) => {
          if (isSlow) await new Promise<void>((resolve) => site.clock.setTimeout(resolve, diskMs));
          await file.save(text);
        },
      };
    }
    await site.run(2000);
    site.plants[0]?.faults.apply({ kind: 'delay', ms: 1900, on: 'write', forMs: 60_000 });
    const askedAtMs = site.clock.now();
    // The second waits for the disk to take the first.
    const replies = await Promise.all([site.dispatch(20_000, 60), site.dispatch(30_000, 60)]);
    const tookMs = site.clock.now() - askedAtMs;
    assert.ok(tookMs <= 3510, `disk ${diskMs} ms: answered after ${tookMs} ms: ${JSON.stringify(replies)}`);
  }
});

test('a driver that begins anew gets no share of a site order from before', async () => {
  const site = await virtualSite({ assets: 2 });
  assert.ok((await siteOrder(site, 20_000)).ok);
  site.site.system.send('driver:bess-2', CRASH);
  await site.run(6000);
  site.plants[0]?.faults.apply({ kind: 'silence', forMs: 60_000 });
  await site.run(30_000);
  assert.is(Math.round(site.power(1)), 0);
});

test('a site order ends what an asset without a share in it did before, also when the guard has just died', async () => {
  const answers = new Set<boolean>();
  for (let afterMs = 0; afterMs <= 3000; afterMs += 250) {
    const site = await virtualSite({ assets: 2 });
    assert.ok((await site.dispatch(-40_000, 120, { asset_id: 'bess-2' })).ok);
    await site.run(10_000);
    site.site.system.send('guard', CRASH);
    await site.run(afterMs);
    const { ok } = await siteOrder(site, -5000);
    answers.add(ok);
    await site.run(10_000);
    const totalW = Math.round(site.power(0) + site.power(1));
    assert.ok(totalW >= (ok ? -5500 : -40_000), `${afterMs} ms: ${ok ? 'accepted' : 'refused'}, and ${totalW} W`);
  }
  assert.is(answers.size, 2, 'it came before any asset had shown itself again and after that');
});

test('an emergency stop is answered within 3 s, also when who answers dies while drivers take leave of a silent device', async () => {
  const site = await virtualSite({ assets: 2 });
  site.plants[0]?.faults.apply({ kind: 'silence', forMs: 30_000 });
  await site.run(15_000);
  const askedAtMs = site.clock.now();
  site.clock.setTimeout(() => site.site.system.send('estop', CRASH), 1800);
  const reply = await site.ask({ name: 'estop', body: { reason: 'test', issuer: 'test' } });
  assert.ok(site.clock.now() - askedAtMs <= 3000, `${site.clock.now() - askedAtMs} ms`);
  assert.ok(reply.ok);
  assert.equal(reply.data.unconfirmed, ['bess-1', 'bess-2'], 'what is not known is not claimed');
  await site.run(20_000);
  assert.is(site.site.status().estop.state, 'latched');
});

test('an AC order that is near the one before is written all the same, and answered by its own power', async () => {
  const site = await virtualSite({ plant: { pvW: 30_000, loadW: 20_000 } });
  assert.ok((await site.dispatch(20_000, 300, { reference: 'ac' })).ok);
  await site.run(5000);
  const before = site.power();
  const reply = await site.dispatch(20_900, 300, { reference: 'ac' });
  assert.ok(reply.ok, JSON.stringify(reply));
  assert.is(Math.round(reply.data.assets[0].written_w), 20_900);
  await site.run(2000);
  assert.ok(site.power() - before > 500, `${before} W, then ${site.power()} W`);
});

test('an order that comes while the one before is re-armed is answered by its own power', async () => {
  for (let offsetMs = 30_140; offsetMs <= 30_360; offsetMs += 20) {
    const site = await virtualSite();
    assert.ok((await site.dispatch(10_000, 300)).ok);
    await site.run(offsetMs);
    const reply = await site.dispatch(50_000, 300);
    assert.ok(reply.ok, `${offsetMs} ms: ${JSON.stringify(reply)}`);
    assert.is(reply.data.assets[0].written_w, 50_000, `${offsetMs} ms`);
  }
});

test('an AC order of a hybrid is said to be verified at the AC terminal, as it was asked for', async () => {
  const site = await virtualSite({ plant: { pvW: 30_000, loadW: 20_000 } });
  assert.ok((await site.dispatch(20_000, 300, { reference: 'ac' })).ok);
  await site.run(10_000);
  const verified = site.events('command').find((event) => event['phase'] === 'verified');
  assert.ok(Math.abs(Number(verified?.['final_w']) - 20_000) < 200, JSON.stringify(verified));
});

test.run();

function siteOrder(site: VirtualSite, w: number): ReturnType<VirtualSite['dispatch']> {
  return site.dispatch(w, 300, { asset_id: undefined, site_id: 'SITE-TEST' });
}

function maintenance(site: VirtualSite, on: boolean): ReturnType<VirtualSite['ask']> {
  const body = { asset_id: 'bess-1', on, tag: 'T', reason: 'test', issuer: 'ana', tokenSha256: TOKENS.ana };
  return site.ask({ name: 'maintenance', body });
}
