/** The older SunSpec hybrid (124 and 123), and a battery bank that can only be stopped (802), under the whole site. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { PlantSettings } from '../../simulator/plant-settings.ts';
import { TOKENS, virtualSite } from './virtual-site.ts';
import type { VirtualSite } from './virtual-site.ts';

const test = suite('SunSpec storage by 124, bank by 802');
const folder = mkdtempSync(path.join(tmpdir(), 'bessd-storage-'));
test.after(() => rmSync(folder, { recursive: true }));

for (const storageRates of ['limit', 'setpoint'] as const) {
  test(`where rates are a ${storageRates}, an order moves just its power, both ways`, async () => {
    const site = await hybrid({ storageRates, loadW: 30_000 });
    for (const w of [20_000, -15_000]) {
      assert.ok((await site.dispatch(w, 60)).ok);
      await site.run(8000);
      assert.is(Math.round(site.power()), w);
    }
    assert.ok(site.events('command').some(({ phase }) => phase === 'verified'));
  });
}

test('the device takes part of a watt less rather than more: rates round towards zero', async () => {
  const site = await hybrid();
  await site.dispatch(12_345.6, 60);
  await site.run(5000);
  assert.ok(site.power() <= 12_345.6 && site.power() > 12_330, `${site.power()} W`);
});

test('hold is zero in both directions and stays so when nothing is heard any more', async () => {
  const site = await hybrid({ loadW: 20_000 }, { idle: 'hold' });
  await site.dispatch(10_000, 10);
  await site.run(13_000);
  site.network.cut();
  site.site.system.kill();
  await site.run(300_000);
  assert.is(Math.round(site.power()), 0);
});

test('silence during an order: the device is free again after its reversion time', async () => {
  const site = await hybrid({ loadW: 5000 });
  await site.dispatch(20_000, 600);
  await site.run(25_000);
  site.network.cut();
  site.site.system.kill();
  await site.run(65_000);
  assert.is(site.plants[0]?.state().controls.batteryWindowW, undefined);
});

test('an E-stop sets both rates to zero, then the mode, then disconnects; an order after the reset connects again', async () => {
  const site = await hybrid({ loadW: 20_000 });
  await site.dispatch(20_000, 600);
  await site.run(3000);
  const stop = await site.ask({ name: 'estop', body: { reason: 'test', issuer: 'test' } });
  assert.equal(stop.ok && stop.data.zero, ['bess-1']);
  await site.run(2000);
  assert.equal(
    [site.plants[0]?.state().controls.batteryWindowW?.map(Math.abs), site.plants[0]?.state().controls.gridConnected],
    [[0, 0], false],
  );
  await reset(site);
  await site.run(5000);
  assert.is(site.plants[0]?.state().controls.gridConnected, false, 'a reset connects nothing');
  assert.ok((await site.dispatch(10_000, 60)).ok);
  await site.run(5000);
  assert.is(Math.round(site.power()), 10_000);
});

test('a reference that somebody else changes is reported, and the power stays what was ordered', async () => {
  const site = await hybrid();
  await site.dispatch(20_000, 600);
  await site.run(3000);
  const { register, words } = referenceOf(site);
  site.plants[0]?.device.write(register, [Math.floor((words[0] ?? 0) / 2)], 16, 1);
  await site.run(25_000);
  assert.is(Math.round(site.power()), 20_000);
});

for (const [name, from, to] of [
  ['124.WChaMax_SF', 1, 2],
  ['124.InOutWRte_SF', -2, -1],
] as const) {
  test(`${name} changes behind a gateway: nothing is written with the old one, in percent neither`, async () => {
    const site = await hybrid({ scaleFactors: { [name]: from } });
    await site.dispatch(10_000, 600);
    await site.run(3500);
    const mark = site.writes().length;
    site.plants[0]?.set({ scaleFactors: { [name]: to } });
    await site.dispatch(12_000, 600);
    await site.run(300);
    const rates = site
      .writes()
      .slice(mark)
      .filter(({ register }) => register === referenceOf(site).register + 10);
    assert.ok(
      rates.every(({ words }) => words.every((word) => word === 0)),
      rates.map(({ words }) => words.join()).join(' '),
    );
    await site.run(20_000);
    assert.ok(site.events('foreign_change').some(({ point }) => point === name));
    assert.ok((await site.dispatch(12_000, 60)).ok);
    await site.run(8000);
    assert.ok(site.power() <= 12_000 && site.power() > 11_900, `${site.power()} W`);
  });
}

test('a device that does not speak SunSpec is the wrong one: an alarm, and no write', async () => {
  const site = await virtualSite({ asset: { profile: 'sunspec-124' } });
  await site.run(5000);
  assert.ok(site.site.status().alarms.some(({ alarm_id }) => alarm_id === 'bess-1.wrong-device'));
  await site.ask({ name: 'estop', body: { reason: 'test', issuer: 'test' } });
  await site.run(5000);
  assert.is(site.writes().length, 0);
});

test('on a connection that is made again the walk from model to model is saved, unless something moved', async () => {
  const site = await hybrid();
  const readsOf = async (change: Partial<PlantSettings>): Promise<number> => {
    site.plants[0]?.set(change);
    const before = site.plants[0]?.tap.reads() ?? 0;
    site.network.cut();
    const until = async (online: boolean): Promise<void> => {
      for (let waited = 0; (site.asset().connection === 'online') !== online && waited < 5000; waited += 5)
        await site.run(5);
    };
    // A dead connection shows at the next request.
    await until(false);
    await until(true);
    return (site.plants[0]?.tap.reads() ?? 0) - before;
  };
  const kept = await readsOf({});
  const moved = await readsOf({ extraRegisters: { '120': 4 } });
  assert.ok(moved > kept + 8, `${kept} and ${moved} reads`);
  assert.ok((await site.dispatch(10_000, 60)).ok);
  await site.run(5000);
  assert.is(Math.round(site.power()), 10_000, 'bound to the new places');
});

test('a rate that reads back within its tolerance is ours, one that does not is a foreign change', async () => {
  const shipped = JSON.parse(readFileSync('profiles/sunspec-124.json', 'utf8')) as Shipped;
  const rate = shipped.points['discharge_rate'];
  const points = { ...shipped.points, discharge_rate: { ...rate, writable: { ...rate?.writable, tolerance: 0.5 } } };
  const file = path.join(folder, 'tolerant.json');
  writeFileSync(file, JSON.stringify({ ...shipped, points }));
  const site = await hybrid({}, { profile: file });
  await site.dispatch(20_000, 600);
  await site.run(3000);
  const { register } = referenceOf(site);
  const changes = async (percent: number): Promise<number> => {
    const before = site.events('foreign_change').length;
    site.plants[0]?.device.write(register + 10, [Math.round(percent * 100)], 16, 1);
    await site.run(3000);
    return site.events('foreign_change').length - before;
  };
  assert.equal([await changes(19.6), (await changes(19)) > 0], [0, true]);
});

test('a bank that can only be stopped refuses orders with the reason, and is stopped by an E-stop', async () => {
  const site = await virtualSite({ face: 'bms', asset: { profile: 'sunspec-802', idle: 'release' } });
  assert.is(site.asset().connection, 'online');
  assert.is(site.asset().soc_pct, 50);
  const refused = await site.dispatch(1000, 60);
  assert.is(!refused.ok && refused.code, 'NO_SETPOINT');
  const shared = await site.dispatch(5000, 60, { asset_id: undefined, site_id: 'SITE-TEST' });
  assert.is(!shared.ok && shared.code, 'NO_SETPOINT', 'nor does it get a share of an order to the site');
  const stop = await site.ask({ name: 'estop', body: { reason: 'test', issuer: 'test' } });
  assert.equal(stop.ok && stop.data.written, ['bess-1']);
  await site.run(2000);
  assert.is(site.plants[0]?.state().controls.contactorClosed, false);
  await reset(site);
  await site.run(10_000);
  assert.is(site.plants[0]?.state().controls.contactorClosed, false, 'a person connects it again');
});

test.run();

type Shipped = { readonly points: Readonly<Record<string, { readonly writable?: object }>> };

function hybrid(plant: Partial<PlantSettings> = {}, asset: Record<string, unknown> = {}): Promise<VirtualSite> {
  return virtualSite({ face: 'sunspec-storage', plant, asset: { profile: 'sunspec-124', ...asset } });
}

/** `WChaMax` of model 124. */
function referenceOf(site: VirtualSite): { register: number; words: readonly number[] } {
  const read = (register: number, count: number): readonly number[] => {
    const words = site.plants[0]?.device.read(register, count, 1);
    if (!words || 'exception' in words) throw new Error(`no words at ${register}`);
    return words;
  };
  for (let at = 40_002; ;) {
    const [id = 0xffff, length = 0] = read(at, 2);
    if (id === 0xffff) throw new Error('no model 124');
    if (id === 124) return { register: at + 2, words: read(at + 2, 1) };
    at += 2 + length;
  }
}

async function reset(site: VirtualSite): Promise<void> {
  for (const [issuer, tokenSha256] of [
    ['ana', TOKENS.ana],
    ['ben', TOKENS.ben],
  ] as const) {
    const body = { issuer, tokenSha256, confirmed_safe: true, cause: 'test' } as const;
    const reply = await site.ask({ name: 'reset_estop', body });
    assert.ok(reply.ok, JSON.stringify(reply));
  }
}
