/** The commissioning drill of the dead-man, on the plant itself: proven, failed, called off, and what the caps make of it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createHash } from 'node:crypto';
import type { Reply } from '../../contracts/commands.ts';
import { virtualSite } from './virtual-site.ts';
import type { VirtualOptions, VirtualSite } from './virtual-site.ts';

const tokenSha256 = createHash('sha256').update('secret').digest('hex');
const operators = [{ name: 'ana', role: 'technician', tokenSha256 }];
const by = { asset_id: 'bess-1', issuer: 'ana', tokenSha256 };

async function tagged(options: VirtualOptions = {}): Promise<VirtualSite> {
  const site = await virtualSite({
    ...options,
    asset: { unprovenDeadmanMaxW: 50_000, ...options.asset },
    site: { operators, ...options.site },
  });
  await site.run(4000);
  const reply = await site.ask({ name: 'maintenance', body: { ...by, on: true, tag: 'T1', reason: 'drill' } });
  assert.ok(reply.ok, JSON.stringify(reply));
  return site;
}
const drill = (site: VirtualSite): Promise<Reply> => site.ask({ name: 'drill', body: { ...by, what: 'deadman' } });
const untag = (site: VirtualSite): Promise<Reply> =>
  site.ask({ name: 'maintenance', body: { ...by, on: false, tag: 'T1', reason: 'drill' } });
const powerWrites = (site: VirtualSite, since = 0): number =>
  site
    .writes()
    .slice(since)
    .filter(({ register, words }) => register === 47_100 && words[0] !== 0).length;

/** Runs until the drill is over; the longest silence at the device, ms. */
async function finish(site: VirtualSite): Promise<number> {
  let [longest, lastReads, lastAtMs] = [0, -1, site.clock.now()];
  for (let waited = 0; waited < 500_000 && site.asset().deadman.drill !== undefined; waited += 500) {
    await site.run(500);
    const reads = site.plants[0]?.tap.reads() ?? 0;
    if (reads === lastReads) longest = Math.max(longest, site.clock.now() - lastAtMs);
    else [lastReads, lastAtMs] = [reads, site.clock.now()];
  }
  assert.is(site.asset().deadman.drill, undefined, 'the drill ended');
  return longest;
}

test('a device that ends the power by itself is proven, with the time that was measured, and the cap goes', async () => {
  const site = await tagged();
  assert.equal(site.asset().deadman, { state: 'unproven', time_s: 120, max_w: 50_000 });
  const reply = await drill(site);
  assert.ok(reply.ok, JSON.stringify(reply));
  const silence = await finish(site);
  assert.ok(silence > 85_000, `no request for ${silence} ms`);
  const { deadman, maintenance, firmware } = site.asset();
  assert.is(deadman.state, 'proven');
  assert.ok(deadman.time_s >= 120 && deadman.time_s < 140, `${deadman.time_s} s`);
  assert.is(deadman.max_w, 100_000);
  assert.is(deadman.proof?.by, 'ana');
  assert.is(deadman.proof?.firmware, firmware);
  assert.ok(deadman.proof?.mechanism);
  assert.ok(maintenance, 'still tagged out');
  assert.is(Math.round(site.power()), 0);
  await untag(site);
  await site.run(3000);
  const order = await site.dispatch(90_000, 60);
  assert.ok(order.ok && order.data.applied_w === 90_000, JSON.stringify(order));
});

test('a deaf device is found out: failed, stopped, and capped as if it took an hour', async () => {
  const site = await tagged({ plant: { deaf: true } });
  await drill(site);
  await finish(site);
  const { deadman, caps } = site.asset();
  assert.equal([deadman.state, deadman.time_s], ['failed', 3600]);
  assert.ok(deadman.max_w <= 50_000);
  assert.ok(caps.some(({ why }) => why.includes('failed')));
  assert.is(Math.round(site.power()), 0, 'what was forced is stopped');
  await untag(site);
  await site.run(3000);
  const order = await site.dispatch(90_000, 60);
  // 36 × (10 − 5) % × 200 kWh × √0.92 / 3630 s
  assert.ok(order.ok && order.data.applied_w < 9600, JSON.stringify(order));
});

test('nothing but the small power is forced, and while it is watched nothing at all is written', async () => {
  const site = await tagged();
  const before = site.writes().length;
  const reply = await drill(site);
  assert.ok(reply.ok);
  for (let at = 0; at < 60 && site.asset().deadman.drill !== 'silent'; at += 1) await site.run(500);
  const forced = site.writes().slice(before);
  assert.ok(
    forced.some(({ register, words }) => register === 47_249 && words.join() === '0,5000'),
    '5 % of the rating',
  );
  const silentFrom = site.writes().length;
  await site.run(115_000);
  assert.is(site.writes().length, silentFrom);
  await finish(site);
  assert.is(powerWrites(site, silentFrom), 0, 'what follows is the stop alone');
});

test('what was found outlives a restart, and counts for no other firmware', async () => {
  const site = await tagged();
  await drill(site);
  await finish(site);
  await site.crashAndRestart();
  assert.is(site.asset().deadman.state, 'proven');
  site.plants[0]?.set({ firmwareVersion: 'V100R001C00SPC999' });
  await site.crashAndRestart();
  assert.is(site.asset().deadman.state, 'unproven');
});

test('a drill is refused without a tag, without a token, twice at a time, and on a device without a dead-man to try', async () => {
  const site = await tagged();
  const refused = async (command: Parameters<VirtualSite['ask']>[0]): Promise<string> => {
    const reply = await site.ask(command);
    return reply.ok ? 'ok' : reply.code;
  };
  const wrong = { ...by, tokenSha256: 'f'.repeat(64), what: 'deadman' as const };
  assert.is(await refused({ name: 'drill', body: wrong }), 'NOT_AUTHORISED');
  assert.is(await refused({ name: 'drill', body: { ...by, asset_id: 'bess-9', what: 'deadman' } }), 'UNKNOWN_ASSET');
  assert.ok((await drill(site)).ok);
  assert.is(await refused({ name: 'drill', body: { ...by, what: 'deadman' } }), 'NOT_READY');
  await finish(site);
  await untag(site);
  const before = site.writes().length;
  assert.is(await refused({ name: 'drill', body: { ...by, what: 'deadman' } }), 'NOT_READY');
  await site.run(3000);
  assert.is(powerWrites(site, before), 0);
});

test('an emergency stop in the middle of a drill stops the device, and proves nothing', async () => {
  const site = await tagged();
  await drill(site);
  await site.run(30_000);
  assert.is(site.asset().deadman.drill, 'silent');
  assert.is(Math.round(site.power()), 5000);
  await site.ask({ name: 'estop', body: { reason: 'test', issuer: 'test' } });
  await site.run(6000);
  assert.is(Math.round(site.power()), 0);
  await finish(site);
  assert.is(site.asset().deadman.state, 'unproven');
});

test('a battery that does not follow proves nothing', async () => {
  const site = await tagged({ plant: { stuckOnW: 0 } });
  await drill(site);
  await finish(site);
  assert.is(site.asset().deadman.state, 'unproven');
  const last = site.events('transition').findLast(({ machine }) => machine === 'deadman_drill');
  assert.is(last?.['to'], 'inconclusive');
});

test.run();
