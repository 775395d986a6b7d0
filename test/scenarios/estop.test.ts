import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TOKENS, virtualSite } from './virtual-site.ts';
import type { VirtualSite } from './virtual-site.ts';

const estop = (site: VirtualSite): ReturnType<VirtualSite['ask']> =>
  site.ask({ name: 'estop', body: { reason: 'test', issuer: 'anybody' } });
const reset = (
  site: VirtualSite,
  issuer: 'ana' | 'ben' | 'eve',
  tokenSha256: string = TOKENS[issuer],
  origin: 'nats' | 'socket' = 'nats',
): ReturnType<VirtualSite['ask']> =>
  site.ask({ name: 'reset_estop', body: { issuer, tokenSha256, confirmed_safe: true, cause: 'tested' } }, origin);

test('an E-stop writes its first stop within 100 ms on an idle link and every battery is at zero within 1.5 s', async () => {
  const site = await virtualSite({ assets: 2, plant: { loadW: 60_000, pvW: 10_000 } });
  await site.dispatch(40_000, 3600);
  await site.dispatch(-30_000, 3600, { asset_id: 'bess-2' });
  await site.run(5600);
  const from = site.clock.now();
  const before = [0, 1].map((at) => site.writes(at).length);
  const reply = await estop(site);
  assert.ok(reply.ok);
  assert.equal(new Set(reply.data.written), new Set(['bess-1', 'bess-2']));
  assert.equal(new Set(reply.data.zero), new Set(['bess-1', 'bess-2']));
  assert.is(reply.data.latched, 'disk');
  for (const at of [0, 1]) {
    const first = site.writes(at)[before[at] ?? 0];
    assert.ok(
      (first?.monotonicMs ?? Infinity) - from <= 100,
      `first write after ${(first?.monotonicMs ?? Infinity) - from} ms`,
    );
    assert.equal([first?.register, first?.words], [47_075, [0, 0, 0, 0]]);
  }
  await site.run(Math.max(0, 1500 - (site.clock.now() - from)));
  assert.ok(Math.abs(site.power(0)) < 1 && Math.abs(site.power(1)) < 1);
  await site.run(600_000);
  assert.ok(
    Math.abs(site.power(0)) < 1 && Math.abs(site.power(1)) < 1,
    'ten minutes later, with load above PV, still at zero',
  );
});

test('while the E-stop is latched every order is refused with a reason and the trigger is written on every poll', async () => {
  const site = await virtualSite();
  await estop(site);
  const reply = await site.dispatch(1000, 10);
  assert.is(reply.ok, false);
  if (!reply.ok) assert.is(reply.code, 'ESTOP_LATCHED');
  const before = site.writes().length;
  await site.run(10_000);
  const since = site.writes().slice(before);
  assert.ok(since.length >= 9, `${since.length} writes in 10 polls`);
  assert.ok(
    since.every(({ register, words }) => register === 47_100 && words[0] === 0),
    'the trigger alone: persistent registers wear',
  );
});

test('after a crash and a new start the site is still latched and its first write is a stop', async () => {
  const site = await virtualSite();
  await site.dispatch(30_000, 600);
  await site.run(3000);
  await estop(site);
  const before = site.writes().length;
  await site.crashAndRestart();
  assert.is(site.site.status().estop.state, 'latched');
  const first = site.writes()[before];
  assert.equal([first?.register, first?.words], [47_075, [0, 0, 0, 0]]);
  const reply = await site.dispatch(1000, 10);
  assert.is(reply.ok, false);
});

test('one operator cannot reset the E-stop, twice neither; two can, and nothing starts by itself', async () => {
  const site = await virtualSite({ plant: { loadW: 30_000 } });
  await site.dispatch(30_000, 600);
  await site.run(3000);
  await estop(site);
  await site.run(2000);
  const first = await reset(site, 'ana');
  assert.equal(first.ok && first.data.state, 'reset_requested');
  const again = await reset(site, 'ana');
  assert.equal(again.ok && again.data.state, 'reset_requested');
  assert.is(site.site.status().estop.state, 'reset_requested');
  const wrong = await reset(site, 'ben', TOKENS.ana);
  assert.is(!wrong.ok && wrong.code, 'NOT_AUTHORISED');
  const viewer = await reset(site, 'eve');
  assert.is(!viewer.ok && viewer.code, 'NOT_AUTHORISED');
  const second = await reset(site, 'ben');
  assert.equal(second.ok && second.data.state, 'armed');
  await site.run(60_000);
  assert.is(Math.round(site.power()), 0);
  assert.is(site.asset().operation, 'standby');
  const reply = await site.dispatch(10_000, 30);
  assert.ok(reply.ok, JSON.stringify(reply));
});

test('the request of the first operator lapses after 120 s', async () => {
  const site = await virtualSite();
  await estop(site);
  await site.run(2000);
  await reset(site, 'ana');
  await site.run(121_000);
  const late = await reset(site, 'ben');
  assert.equal(late.ok && late.data.state, 'reset_requested');
});

test('an E-stop that arrives 200 ms into a read that hangs for 8 s stops the battery within 2.5 s', async () => {
  const site = await virtualSite();
  await site.dispatch(40_000, 600);
  await site.run(5000);
  const plant = site.plants[0];
  if (!plant) throw new Error('no plant');
  plant.faults.apply({ kind: 'hang', ms: 8000, count: 1 });
  // Used up as soon as a read meets it.
  while (plant.faults.active().length > 0) await site.run(1);
  await site.run(200);
  const from = site.clock.now();
  const before = site.writes().length;
  void estop(site);
  await site.run(2500);
  const stop = site
    .writes()
    .slice(before)
    .find(({ register, words }) => register === 47_075 && words.every((word) => word === 0));
  assert.ok(stop, 'a stop was written');
  assert.ok((stop?.monotonicMs ?? Infinity) - from <= 2500);
  assert.ok(Math.abs(site.power()) < 1);
  assert.ok((stop?.monotonicMs ?? 0) - from >= 300, 'the request in flight had its time');
});

test('an E-stop of an unreachable battery is its first write after its return', async () => {
  const site = await virtualSite();
  await site.dispatch(40_000, 600);
  await site.run(3000);
  const plant = site.plants[0];
  if (!plant) throw new Error('no plant');
  site.network.detach('127.0.0.1', 5020);
  await site.run(5000);
  const reply = await estop(site);
  assert.equal(reply.ok && reply.data.unconfirmed, ['bess-1']);
  const before = site.writes().length;
  site.network.attach('127.0.0.1', 5020, plant);
  await site.run(6000);
  assert.equal(site.writes()[before]?.words, [0, 0, 0, 0]);
  assert.ok(Math.abs(site.power()) < 1);
  const refused = await reset(site, 'ana');
  assert.ok(refused.ok, 'reachable again, so it may be reset');
});

test('a reset is refused while a battery is unreachable and not tagged out', async () => {
  const site = await virtualSite({ assets: 2 });
  await estop(site);
  site.network.detach('127.0.0.1', 5021);
  await site.run(5000);
  const refused = await reset(site, 'ana');
  assert.is(!refused.ok && refused.code, 'CAUSE_STANDS');
  await site.ask({
    name: 'maintenance',
    body: { asset_id: 'bess-2', on: true, tag: 'T1', reason: 'cable', issuer: 'ana', tokenSha256: TOKENS.ana },
  });
  const first = await reset(site, 'ana');
  assert.ok(first.ok, JSON.stringify(first));
});

test('a disk that cannot be written does not delay the stop and the reply says that the latch is in memory', async () => {
  const site = await virtualSite();
  await site.dispatch(40_000, 600);
  await site.run(3000);
  site.disk.writable = false;
  const reply = await estop(site);
  assert.is(reply.ok && reply.data.latched, 'memory');
  assert.equal(reply.ok && reply.data.zero, ['bess-1']);
  assert.ok(site.site.status().alarms.some(({ alarm_id }) => alarm_id === 'latch-unsaved'));
});

test('a damaged latch file starts the site latched', async () => {
  const site = await virtualSite();
  site.disk.files.set('latch.json', '{"version":1,"epoch":');
  await site.crashAndRestart();
  assert.is(site.site.status().estop.state, 'latched');
  assert.match(site.site.status().estop.reason ?? '', 'cannot be read');
});

test('pressed again at any moment, the E-stop is written once more before it is called written or zero', async () => {
  const site = await virtualSite({ assets: 2, plant: { loadW: 60_000 } });
  for (let gapMs = 0; gapMs <= 1000; gapMs += 4) {
    site.site.command(
      {
        type: 'COMMAND',
        id: 1_000_000 + gapMs,
        origin: 'nats',
        command: { name: 'estop', body: { reason: 'first', issuer: 'x' } },
      },
      () => undefined,
    );
    await site.run(gapMs);
    const before = [0, 1].map((at) => site.writes(at).length);
    const again = await estop(site);
    assert.equal(
      again.ok && again.data.written.toSorted(),
      ['bess-1', 'bess-2'],
      `${gapMs} ms after the first: ${JSON.stringify(again)}`,
    );
    for (const at of [0, 1])
      assert.ok(
        site
          .writes(at)
          .slice(before[at])
          .some(({ register }) => register === 47_075),
      );
    await site.run(3000);
  }
});

const CRASH = { type: 'bessd.crash', error: new Error('killed by the test') };

test('an E-stop that comes while its actor is being restarted is carried out and answered by the next one', async () => {
  for (const { afterMs, onExit } of [
    { afterMs: 0, onExit: 'hold' },
    { afterMs: 40, onExit: 'hold' },
    { afterMs: 10, onExit: 'release' },
  ]) {
    const site = await virtualSite({ asset: { onExit }, plant: { loadW: 60_000 } });
    await site.dispatch(30_000, 600);
    await site.run(3000);
    site.site.system.send('estop', CRASH);
    await site.run(afterMs);
    const reply = await estop(site);
    assert.ok(reply.ok, JSON.stringify(reply));
    assert.is(site.site.status().estop.state, 'latched');
    await site.run(3000);
    assert.ok(Math.abs(site.power()) < 1);
    const refused = await site.dispatch(1000, 10);
    assert.is(!refused.ok && refused.code, 'ESTOP_LATCHED');
  }
});

test('an E-stop whose actor dies before it could answer is answered by the next one', async () => {
  const site = await virtualSite({ plant: { loadW: 60_000 } });
  await site.dispatch(30_000, 600);
  await site.run(3000);
  const fromMs = site.clock.now();
  const asked = estop(site);
  site.site.system.send('estop', CRASH);
  const reply = await asked;
  assert.ok(site.clock.now() - fromMs <= 3000, `answered after ${site.clock.now() - fromMs} ms`);
  assert.ok(reply.ok, JSON.stringify(reply));
  assert.equal(reply.data.written, ['bess-1']);
  assert.is(site.site.status().estop.state, 'latched');
});

test('an E-stop that is latched in memory only, because the disk refuses, outlives the death of its actor', async () => {
  const site = await virtualSite({ plant: { loadW: 60_000 } });
  await site.dispatch(30_000, 600);
  await site.run(3000);
  site.disk.writable = false;
  const reply = await estop(site);
  assert.is(reply.ok && reply.data.latched, 'memory');
  site.site.system.send('estop', CRASH);
  await site.run(6000);
  assert.is(site.site.status().estop.state, 'latched');
  assert.not((await site.dispatch(1000, 10)).ok);
  site.disk.writable = true;
  await site.run(6000);
  await site.crashAndRestart();
  assert.is(site.site.status().estop.state, 'latched', 'and is on the disk once that works again');
});

test('while the E-stop and all after it begin anew, a silent device keeps no other one from being brought to zero', async () => {
  const site = await virtualSite({ assets: 2, plant: { loadW: 60_000 } });
  for (const asset_id of ['bess-1', 'bess-2']) assert.ok((await site.dispatch(30_000, 600, { asset_id })).ok);
  await site.run(3000);
  // The last one that was started, so that the others would wait for it.
  site.plants[1]?.faults.apply({ kind: 'silence', forMs: 30_000 });
  await site.run(1000);
  site.site.system.send('estop', CRASH);
  await site.run(1000);
  assert.ok(Math.abs(site.power()) < 1, `${site.power()} W`);
});

test('a driver that ends with the E-stop actor holds its device: nobody could tell it of a press', async () => {
  for (const { idle, ordered } of [
    { idle: 'hold', ordered: false },
    { idle: 'release', ordered: true },
    { idle: 'release', ordered: false },
  ]) {
    const site = await virtualSite({ asset: { idle, onExit: 'release' }, plant: { loadW: 60_000 } });
    if (ordered) await site.dispatch(30_000, 600);
    await site.run(3000);
    assert.is(site.power() > 20_000, idle === 'release', 'moving power by an order, or by the control of the vendor');
    const before = site.writes().length;
    site.site.system.send('estop', CRASH);
    await site.run(20);
    assert.ok((await estop(site)).ok);
    await site.run(3000);
    assert.equal(site.writes().slice(before).filter(opens), [], 'not one write that lets power through');
    assert.ok(Math.abs(site.power()) < 1);
  }
});

test('a device that was released is held while the E-stop actor restarts, and then released again, if nobody pressed', async () => {
  const site = await virtualSite({ asset: { idle: 'release', onExit: 'release' }, plant: { loadW: 60_000 } });
  const releasedW = Math.round(site.power());
  assert.ok(releasedW > 20_000);
  site.site.system.send('estop', CRASH);
  await site.run(1000);
  assert.ok(Math.abs(site.power()) < 1);
  await site.run(5000);
  assert.is(Math.round(site.power()), releasedW);
});

/** It opens a limit of the device, or forces it. */
function opens({ register, words }: { readonly register: number; readonly words: readonly number[] }): boolean {
  return [47_075, 47_077, 47_100].includes(register) && words.some((word) => word !== 0);
}

test.run();
