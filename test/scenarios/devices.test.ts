import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TOKENS, virtualSite } from './virtual-site.ts';
import type { VirtualSite } from './virtual-site.ts';

test('a long order is armed again in time, and a runtime that dies leaves the battery to its dead-man', async () => {
  const site = await virtualSite({ plant: { loadW: 5000 } });
  await site.dispatch(20_000, 900);
  for (let minute = 0; minute < 12; minute += 1) {
    await site.run(60_000);
    assert.is(Math.round(site.power()), 20_000, `after ${minute + 1} minutes`);
  }
  site.network.cut();
  site.site.system.kill();
  await site.run(119_000);
  await site.run(3000);
  assert.ok(site.power() < 6000, `after two minutes of silence the forced command has ended: ${site.power()}`);
});

test('a battery that does not follow ends the order with an alarm and is held', async () => {
  const site = await virtualSite();
  site.plants[0]?.set({ stuckOnW: 0 });
  await site.dispatch(20_000, 600);
  await site.run(40_000);
  assert.ok(
    site.events('command').some(({ phase, reason }) => phase === 'not_following' && reason === 'NOT_FOLLOWING'),
  );
  assert.is(site.asset().operation, 'standby');
  assert.is(site.asset().order, null);
});

test('power that stays on after a stop is a P1 alarm and the whole stop is written again', async () => {
  const site = await virtualSite();
  await site.dispatch(20_000, 600);
  await site.run(5000);
  site.plants[0]?.set({ stuckOnW: 20_000 });
  await site.ask({ name: 'estop', body: { reason: 'test', issuer: 'test' } });
  const before = site.writes().length;
  await site.run(40_000);
  assert.ok(
    site.site
      .status()
      .alarms.some(({ alarm_id, severity }) => alarm_id === 'bess-1.power-after-stop' && severity === 'P1'),
  );
  assert.ok(
    site
      .writes()
      .slice(before)
      .some(({ register }) => register === 47_075),
    'limits were written again, not the trigger alone',
  );
});

test('a read-only site polls and records, and writes nothing at all, the E-stop included, and says so', async () => {
  const site = await virtualSite({ site: { readOnly: true } });
  const refused = await site.dispatch(1000, 10);
  assert.is(!refused.ok && refused.code, 'READ_ONLY');
  const stop = await site.ask({ name: 'estop', body: { reason: 'test', issuer: 'test' } });
  assert.equal(stop.ok && stop.data.refused, ['bess-1']);
  await site.run(20_000);
  assert.is(site.writes().length, 0);
  assert.is(site.asset().connection, 'online');
});

test('an asset in shadow mode is never moved, but an E-stop stops it', async () => {
  const site = await virtualSite({ asset: { shadow: true }, plant: { loadW: 20_000 } });
  const refused = await site.dispatch(1000, 10);
  assert.is(!refused.ok && refused.code, 'SHADOW');
  await site.run(10_000);
  assert.is(site.writes().length, 0);
  const stop = await site.ask({ name: 'estop', body: { reason: 'test', issuer: 'test' } });
  assert.equal(stop.ok && stop.data.zero, ['bess-1']);
});

test('an asset tagged out for maintenance gets no write, and its order ends', async () => {
  const site = await virtualSite({ assets: 2 });
  await site.dispatch(20_000, 600);
  await site.run(3000);
  const reply = await site.ask({
    name: 'maintenance',
    body: { asset_id: 'bess-1', on: true, tag: 'LOTO-7', reason: 'fan', issuer: 'ana', tokenSha256: TOKENS.ana },
  });
  assert.ok(reply.ok, JSON.stringify(reply));
  const writes = site.writes().length;
  await site.run(20_000);
  assert.is(site.writes().length, writes);
  assert.is(site.asset().order, null);
  const refused = await site.dispatch(1000, 10);
  assert.is(!refused.ok && refused.code, 'MAINTENANCE');
  const stop = await site.ask({ name: 'estop', body: { reason: 'test', issuer: 'test' } });
  assert.equal(stop.ok && stop.data.refused, ['bess-1'], 'refused, and the reply says so');
  assert.is(site.writes().length, writes);
});

test('another device that answers at the address gets no write at all, only an alarm', async () => {
  const site = await virtualSite({ assets: 2 });
  const [one, two] = site.plants;
  if (!one || !two) throw new Error('two plants');
  await site.dispatch(20_000, 600);
  await site.run(3000);
  const marks = [one.tap.entries().length, two.tap.entries().length];
  site.network.attach('127.0.0.1', 5020, two);
  site.network.attach('127.0.0.1', 5021, one);
  await site.run(30_000);
  assert.equal([one.tap.entries().length, two.tap.entries().length], marks);
  assert.ok(
    site.site.status().alarms.some(({ alarm_id, severity }) => alarm_id === 'bess-1.wrong-device' && severity === 'P1'),
  );
  site.network.attach('127.0.0.1', 5020, one);
  site.network.attach('127.0.0.1', 5021, two);
  await site.run(10_000);
  assert.is(site.asset().connection, 'online');
  assert.is(Math.round(site.power()), 0, 'and the order is not revived');
});

test('a changed firmware makes the device read-only until a person accepts it', async () => {
  const site = await virtualSite();
  const plant = site.plants[0];
  if (!plant) throw new Error('no plant');
  plant.set({ firmwareVersion: 'V999' });
  site.network.cut();
  await site.run(8000);
  const writes = site.writes().length;
  const refused = await site.dispatch(1000, 10);
  assert.is(!refused.ok && refused.code, 'FIRMWARE_CHANGED');
  await site.crashAndRestart();
  assert.is(site.writes().length, writes, 'also after a restart');
  const accepted = await site.ask({
    name: 'accept_firmware',
    body: { asset_id: 'bess-1', issuer: 'ana', tokenSha256: TOKENS.ana },
  });
  assert.ok(accepted.ok);
  await site.run(3000);
  const reply = await site.dispatch(1000, 10);
  assert.ok(reply.ok, JSON.stringify(reply));
});

test('a trip is reset by one authorised person once its cause is gone, and not before', async () => {
  const site = await virtualSite();
  site.plants[0]?.set({ packTemperaturesC: [56] });
  await site.run(10_000);
  assert.is(site.asset().operation, 'tripped');
  const reset = (tokenSha256: string): ReturnType<VirtualSite['ask']> =>
    site.ask({ name: 'reset_trip', body: { asset_id: 'bess-1', issuer: 'ana', tokenSha256, cause: 'fan replaced' } });
  const early = await reset(TOKENS.ana);
  assert.is(!early.ok && early.code, 'CAUSE_STANDS');
  site.plants[0]?.set({ packTemperaturesC: [40] });
  await site.run(12_000);
  const forged = await reset(TOKENS.eve);
  assert.is(!forged.ok && forged.code, 'NOT_AUTHORISED');
  await site.crashAndRestart();
  assert.is(site.asset().operation, 'tripped', 'a trip survives a restart');
  await site.run(10_000);
  const done = await reset(TOKENS.ana);
  assert.ok(done.ok, JSON.stringify(done));
  await site.run(2000);
  assert.is(site.asset().operation, 'standby');
  assert.ok((await site.dispatch(1000, 10)).ok);
});

test('a device fault holds the battery, and it does not start again by itself when the fault is gone', async () => {
  const site = await virtualSite();
  await site.dispatch(20_000, 600);
  await site.run(3000);
  site.plants[0]?.set({ alarms: [0, 4, 0] });
  await site.run(4000);
  assert.is(site.asset().operation, 'fault');
  assert.is(Math.round(site.power()), 0);
  site.plants[0]?.set({ alarms: [0, 0, 0] });
  await site.run(10_000);
  assert.is(site.asset().operation, 'fault');
  const done = await site.ask({
    name: 'reset_trip',
    body: { asset_id: 'bess-1', issuer: 'ben', tokenSha256: TOKENS.ben, cause: 'checked' },
  });
  assert.ok(done.ok, JSON.stringify(done));
  await site.run(1500);
  assert.is(site.asset().operation, 'standby');
});

test('without operators privileged commands work only at the machine', async () => {
  const site = await virtualSite({ site: { operators: [] } });
  await site.ask({ name: 'estop', body: { reason: 'test', issuer: 'x' } });
  await site.run(2000);
  const body = { issuer: 'x', confirmed_safe: true, cause: 'test' } as const;
  const far = await site.ask({ name: 'reset_estop', body });
  assert.is(!far.ok && far.code, 'NOT_AUTHORISED');
  const near = await site.ask({ name: 'reset_estop', body }, 'socket');
  assert.equal(near.ok && near.data.state, 'armed');
  assert.is(site.site.status().estop.reset, 'local_one_person');
});

test('persistent registers are not worn by a day of changing orders', async () => {
  const site = await virtualSite();
  for (let order = 0; order < 60; order += 1) {
    await site.dispatch(10_000 + order * 100, 3600);
    await site.run(30_000);
  }
  const worn = site.writes().filter(({ register }) => register === 47_075 || register === 47_077).length;
  assert.ok(worn <= 4, `${worn} writes of limit registers`);
  assert.is(Math.round(site.power()), 15_900);
});

test('telemetry names every point with its quality, and what is missing is null', async () => {
  const site = await virtualSite({ plant: { meterOnline: false } });
  await site.run(2000);
  const last = site.reports.filter((report) => report.type === 'TELEMETRY').at(-1);
  if (last?.type !== 'TELEMETRY') throw new Error('no telemetry');
  assert.is(last.report.soc_pct, 50);
  assert.ok(Object.keys(last.report.points).length > 30);
  assert.ok(
    Object.values(last.report.points).every(({ value, quality }) => (value === null) === (quality === 'missing')),
  );
});

test('two runs of the same schedule give the same trace', async () => {
  const trace = async (): Promise<string> => {
    const site = await virtualSite({ assets: 2, plant: { loadW: 10_000, pvW: 3000 } });
    await site.dispatch(30_000, 30);
    await site.run(10_000);
    site.plants[1]?.faults.apply({ kind: 'silence', forMs: 20_000 });
    await site.ask({ name: 'estop', body: { reason: 'test', issuer: 'x' } });
    await site.run(60_000);
    return JSON.stringify([site.writes(0), site.writes(1), site.events('command'), site.events('transition')]);
  };
  assert.is(await trace(), await trace());
});

test.run();
