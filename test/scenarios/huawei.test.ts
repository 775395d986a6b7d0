/**
 * A Huawei site under a second hand: settings changed in the vendor's app, a client that takes the only connection, a
 * runtime that falls silent, and one that is killed between any two steps of saving and writing.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { originalsSchema } from '../../contracts/latch.ts';
import type { Controls } from '../../simulator/plant-control.ts';
import { memoryDisk, virtualSite } from './virtual-site.ts';
import type { MemoryDisk, VirtualSite } from './virtual-site.ts';
import huawei from '../../profiles/huawei-sun2000-luna2000.json' with { type: 'json' };

const WORKING_MODE = 47_086;
const CHARGE_FROM_GRID = 47_087;
const LIMIT_CHARGE = 47_075;
const LIMIT_DISCHARGE = 47_077;
const PERIOD = 47_083;
const COMMAND = 47_100;
const ORIGINALS = 'originals-bess-1.json';
const TWO_POLLS_MS = 2100;

const test = suite('Huawei site');

test('a working mode or grid charging that somebody changes in the app is reported within two polls and left alone', async () => {
  const site = await virtualSite();
  await site.dispatch(20_000, 600);
  await site.run(5000);
  elsewhere(site, WORKING_MODE, [5]);
  elsewhere(site, CHARGE_FROM_GRID, [0]);
  await site.run(TWO_POLLS_MS);
  assert.equal(changes(site), [
    ['working_mode_set', WORKING_MODE, 2, 5],
    ['charge_from_grid', CHARGE_FROM_GRID, 1, 0],
  ]);
  await site.run(60_000);
  assert.is(changes(site).length, 2, 'once each');
  assert.is(Math.round(site.power()), 20_000, 'the order goes on');
  assert.equal(ours(site, WORKING_MODE, CHARGE_FROM_GRID), [], 'bessd never writes them');
});

test('what was changed while the link was down is reported when it is back', async () => {
  const site = await virtualSite({ asset: { idle: 'release' } });
  site.network.detach('127.0.0.1', 5020);
  await site.run(10_000);
  elsewhere(site, WORKING_MODE, [4]);
  const [plant] = site.plants;
  if (plant) site.network.attach('127.0.0.1', 5020, plant);
  await site.run(30_000);
  assert.equal(changes(site), [['working_mode_set', WORKING_MODE, 2, 4]]);
});

test('a limit that somebody lowers on an untouched device is reported, kept, and restored as it was found', async () => {
  const site = await virtualSite({ asset: { idle: 'release' } });
  elsewhere(site, LIMIT_DISCHARGE, [0, 60_000]);
  await site.run(TWO_POLLS_MS);
  assert.equal(changes(site), [['limit_discharge_power', LIMIT_DISCHARGE, 100_000, 60_000]]);
  const reply = await site.dispatch(80_000, 30);
  assert.is(reply.ok && reply.data.applied_w, 60_000, 'no order goes over it');
  await site.run(60_000);
  assert.is(site.asset().operation, 'standby');
  assert.is(controls(site).limitDischargeW, 60_000);
  assert.is(controls(site).limitChargeW, 100_000);
});

test('a limit that was changed while bessd was down is reported after its start and taken as the original', async () => {
  const site = await virtualSite({ asset: { idle: 'release' } });
  await site.run(2000);
  site.network.cut();
  site.site.system.kill();
  elsewhere(site, LIMIT_CHARGE, [0, 30_000]);
  await site.crashAndRestart();
  assert.equal(changes(site), [['limit_charge_power', LIMIT_CHARGE, 100_000, 30_000]]);
  assert.is(originals(site)['limit_charge_power'], 30_000);
});

test('a limit that somebody opens while the battery is held is reported and closed again', async () => {
  const site = await virtualSite({ plant: { loadW: 30_000 } });
  await site.run(3000);
  elsewhere(site, LIMIT_DISCHARGE, [0, 60_000]);
  await site.run(TWO_POLLS_MS);
  assert.equal(changes(site), [['limit_discharge_power', LIMIT_DISCHARGE, 0, 60_000]]);
  await site.run(1000);
  assert.is(controls(site).limitDischargeW, 0);
  assert.is(Math.round(site.power()), 0);
});

test('there is no write war: after three corrections the order ends, the battery is held, and an alarm stands', async () => {
  const site = await virtualSite();
  await site.dispatch(20_000, 600);
  await site.run(5000);
  const before = ours(site, COMMAND).length;
  site.plants[0]?.faults.apply({ kind: 'writer', register: COMMAND, words: [1], everyMs: 700, forMs: 120_000 });
  await site.run(60_000);
  const corrections = ours(site, COMMAND)
    .slice(before)
    .filter(({ words }) => words[0] === 2);
  assert.ok(corrections.length <= 3, `${corrections.length} power corrections`);
  assert.ok(site.events('command').some(({ reason }) => reason === 'FOREIGN_CONTROL'));
  assert.ok(standing(site, 'foreign-control'));
  await site.run(180_000);
  assert.is(Math.round(site.power()), 0, 'held once the other hand rests');
  assert.not.ok(standing(site, 'foreign-control'));
});

test('an order whose re-arms would use up the write budget of the day is refused before anything is written', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'bessd-profile-'));
  const file = path.join(folder, 'tight.json');
  const tight = structuredClone(huawei) as { points: Record<string, { writable?: { budgetPerDay?: number } }> };
  const { writable } = tight.points['forcible_period'] ?? {};
  if (writable) writable.budgetPerDay = 12;
  writeFileSync(file, JSON.stringify(tight));
  const site = await virtualSite({ asset: { profile: file } });
  const before = site.writes().length;
  const long = await site.dispatch(10_000, 600);
  assert.is(long.ok ? long.data.status : long.code, 'WRITE_BUDGET', '21 times in 600 s');
  assert.is(site.writes().length, before);
  assert.ok((await site.dispatch(10_000, 240)).ok, '9 times in 240 s');
  await site.run(250_000);
  const second = await site.dispatch(10_000, 120);
  assert.is(second.ok ? second.data.status : second.code, 'WRITE_BUDGET', 'what was written today counts');
  assert.ok((await site.ask({ name: 'estop', body: { reason: 'test', issuer: 'test' } })).ok);
});

test('a second client that takes the only connection is not fought: bessd backs off, and revives no order', async () => {
  const site = await virtualSite({ plant: { loadW: 0 } });
  site.plants[0]?.faults.apply({ kind: 'singleClient' });
  await site.dispatch(20_000, 3600);
  await site.run(5000);
  let taken = 0;
  const address = { host: '127.0.0.1', port: 5020, unitId: 1, timeoutMs: 1000, requestGapMs: 0 };
  // An app that comes back at once whenever it is thrown out, for three minutes.
  const until = site.clock.now() + 180_000;
  const poach = async (): Promise<void> => {
    if (site.clock.now() > until) return;
    const port = await site.network.open(address, new AbortController().signal);
    taken += 1;
    const ask = (): void => {
      port.read(37_760, 1).then(
        () => (site.clock.now() > until ? port.drop('close') : site.clock.setTimeout(ask, 500)),
        () => void poach(),
      );
    };
    ask();
  };
  void poach();
  await site.run(180_000);
  assert.ok(taken <= 10, `bessd came back ${taken} times in three minutes`);
  assert.not.ok(site.asset().order, 'the order ended with the link');
  await site.run(60_000);
  assert.is(site.asset().connection, 'online');
  assert.is(Math.round(site.power()), 0);
  assert.is(site.events('command').filter(({ phase }) => phase === 'failed').length, 1);
});

for (const w of [15_000, -15_000]) {
  const way = w > 0 ? 'discharge' : 'charge';
  test(`the two minutes of a forced ${way} are begun anew every 30 s, and run out when bessd falls silent`, async () => {
    const site = await virtualSite();
    await site.dispatch(w, 3600);
    await site.run(200_000);
    const armed = ours(site, PERIOD).filter(({ words }) => words[0] === 2);
    const gaps = armed.slice(1).map(({ monotonicMs }, at) => monotonicMs - (armed[at]?.monotonicMs ?? 0));
    assert.ok(gaps.length >= 5, `${gaps.length} times`);
    for (const gap of gaps) assert.ok(gap > 29_000 && gap < 31_500, `${gap} ms`);
    site.network.cut();
    site.site.system.kill();
    const silentSince = ours(site, COMMAND).at(-1)?.monotonicMs ?? 0;
    await site.run(silentSince + 119_000 - site.clock.now());
    assert.is(Math.round(site.power()), w, 'still forced');
    await site.run(3000);
    assert.is(controls(site).command, 'none');
    assert.is(Math.round(site.power()), 0, 'back to self-consumption, which has nothing to do here');
  });
}

for (const idle of ['hold', 'release'] as const) {
  test(`killed at any moment around its first write, bessd knows the originals afterwards (idle: ${idle})`, async () => {
    for (let atMs = 1000; atMs <= 2200; atMs += idle === 'hold' ? 8 : 24) {
      const site = await secondStart(idle, { limitChargeW: 60_000, limitDischargeW: 70_000 });
      killIn(site, atMs);
      await site.crashAndRestart();
      await site.crashAndRestart();
      await site.run(5000);
      assert.equal(
        originals(site),
        { limit_charge_power: 60_000, limit_discharge_power: 70_000 },
        `killed at ${atMs} ms`,
      );
    }
  });
}

test('killed at any moment of an order, bessd gives back exactly the limits that it found', async () => {
  for (let atMs = 0; atMs <= 400; atMs += 8) {
    const site = await secondStart('release', { limitChargeW: 60_000, limitDischargeW: 70_000 });
    await site.crashAndRestart();
    await site.run(1000);
    killIn(site, atMs);
    void site.dispatch(atMs % 16 === 0 ? 20_000 : -20_000, 600).catch(() => undefined);
    await site.run(500);
    await site.crashAndRestart();
    await site.run(10_000);
    const { limitChargeW, limitDischargeW, command } = controls(site);
    assert.equal([limitChargeW, limitDischargeW, command], [60_000, 70_000, 'none'], `killed ${atMs} ms into it`);
  }
});

test('an SDongle shows the totals of the plant once the site file names it, under its own unit', async () => {
  const parts = ['unit1', 'unit1.pack1', 'string1', 'string2'];
  const without = await virtualSite({ plant: { loadW: 4000 } });
  await without.run(6000);
  assert.not.ok('plant_load_power' in lastPoints(without));
  const site = await virtualSite({ plant: { loadW: 4000 }, asset: { parts: [...parts, 'sdongle'] } });
  assert.ok((await site.dispatch(20_000, 60)).ok);
  await site.run(8000);
  const { plant_load_power, plant_battery_power, plant_grid_power } = lastPoints(site);
  assert.equal([plant_load_power?.value, plant_battery_power?.value], [4000, 20_000]);
  assert.ok(Number(plant_grid_power?.value) < -14_000, 'export is negative');
});

test.run();

/** A site that is down, with an empty disk that takes 20 ms, before a device that bessd has never met. */
async function secondStart(idle: 'hold' | 'release', found: Partial<Controls>): Promise<VirtualSite> {
  let wait = (done: () => void): void => done();
  const fast = memoryDisk();
  const disk: MemoryDisk = {
    files: fast.files,
    writable: true,
    open: (name) => ({
      load: fast.open(name).load,
      save: (text) => new Promise<void>((resolve) => wait(resolve)).then(() => fast.open(name).save(text)),
    }),
  };
  const site = await virtualSite({ disk, asset: { idle, onExit: idle } });
  wait = (done) => void site.clock.setTimeout(done, 20);
  site.network.cut();
  site.site.system.kill();
  await site.run(100);
  disk.files.clear();
  site.plants[0]?.plant.control({ ...found, command: 'none' });
  return site;
}

/** As by kill -9: nothing that was begun is finished, on the wire or on the way to the disk. */
function killIn(site: VirtualSite, ms: number): void {
  site.clock.setTimeout(() => {
    site.network.cut();
    site.site.system.kill();
  }, ms);
}

function elsewhere(site: VirtualSite, register: number, words: readonly number[]): void {
  assert.is(site.plants[0]?.device.write(register, words, words.length === 1 ? 6 : 16, 1, 'intruder'), undefined);
}

function changes(site: VirtualSite): unknown[] {
  return site
    .events('foreign_change')
    .map(({ point, register, expected, found }) => [point, register, expected, found]);
}

function ours(site: VirtualSite, ...registers: number[]): ReturnType<VirtualSite['writes']> {
  return site.writes().filter(({ register, origin }) => origin === 'client' && registers.includes(register));
}

function controls(site: VirtualSite): Controls {
  const state = site.plants[0]?.state();
  if (!state) throw new Error('no plant');
  return state.controls;
}

function originals(site: VirtualSite): Readonly<Record<string, number>> {
  return originalsSchema.parse(JSON.parse(site.disk.files.get(ORIGINALS) ?? '{}')).values;
}

function standing(site: VirtualSite, id: string): boolean {
  return site.site.status().alarms.some((alarm) => JSON.stringify(alarm).includes(id));
}

function lastPoints({ reports }: VirtualSite): Readonly<Record<string, { readonly value: number | string | null }>> {
  const frames = reports.flatMap((one) => (one.type === 'TELEMETRY' ? [one.report.points] : []));
  return frames.at(-1) ?? {};
}
