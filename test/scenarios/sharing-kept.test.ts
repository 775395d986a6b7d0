/** Site orders over time: what is written adds up, failed shares find another, who rests keeps resting. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TOKENS, virtualSite } from './virtual-site.ts';
import type { VirtualSite } from './virtual-site.ts';

let orders = 0;
const all = (site: VirtualSite, w: number, durationS = 1800): ReturnType<VirtualSite['ask']> =>
  site.ask({
    name: 'dispatch',
    body: { id: `order-${(orders += 1)}`, site_id: 'SITE-TEST', w, duration_s: durationS, issuer: 'test' },
  });
const finals = async (site: VirtualSite, w: number): Promise<number[]> => {
  const reply = await all(site, w);
  assert.ok(reply.ok, JSON.stringify(reply));
  return reply.data.assets.map(({ final_w }: { final_w: number }) => final_w);
};
/** The forced discharge power that stands in the registers of a plant, W. */
const written = (site: VirtualSite, at: number): number => {
  const last = site.writes(at).findLast(({ register, accepted }) => register === 47_249 && accepted);
  return ((last?.words[0] ?? 0) << 16) + (last?.words[1] ?? 0);
};

test('what the registers of all devices hold adds up to what is said to be applied', async () => {
  const site = await virtualSite({ assets: 3 });
  site.plants[1]?.set({ socPct: 49 });
  site.plants[2]?.set({ socPct: 51.3 });
  await site.run(8000);
  for (const w of [10_001, 77_777, 123_457]) {
    const reply = await all(site, w);
    assert.ok(reply.ok, JSON.stringify(reply));
    assert.is(reply.data.applied_w, w);
    assert.is(reply.data.status, 'accepted');
    assert.equal(
      [0, 1, 2].reduce((sum, at) => sum + written(site, at), 0),
      w,
    );
    await site.run(4000);
  }
});

test('the share of a device that drops out is taken over within three polls of its loss being known', async () => {
  const site = await virtualSite({ assets: 2 });
  await all(site, 60_000);
  await site.run(4000);
  site.network.detach('127.0.0.1', 5021);
  await site.run(100);
  await site.run(3000);
  assert.ok(Math.abs(site.power(0) - 60_000) < 100, `the other one moves ${site.power(0)} W`);
  assert.is(
    site.events('command').filter(({ phase }) => phase === 'shared_again').length,
    1,
    'shared once, not again and again',
  );
});

test('one device after the other may drop out: who is left takes it all, and nobody is said to be superseded', async () => {
  const site = await virtualSite({ assets: 3 });
  await all(site, 60_000);
  await site.run(4000);
  site.network.detach('127.0.0.1', 5021);
  await site.run(5000);
  assert.ok(Math.abs(site.power(2) - 30_000) < 100, `${site.power(2)} W`);
  site.network.detach('127.0.0.1', 5022);
  await site.run(5000);
  assert.ok(Math.abs(site.power(0) - 60_000) < 100, `${site.power(0)} W`);
  assert.equal(
    site.events('command').filter(({ phase }) => phase === 'superseded'),
    [],
  );
});

test('a share that nobody can take now is taken when somebody can', async () => {
  const site = await virtualSite({ assets: 2 });
  await all(site, 60_000);
  await site.run(4000);
  const tag = (on: boolean): ReturnType<VirtualSite['ask']> =>
    site.ask({
      name: 'maintenance',
      body: { asset_id: 'bess-2', on, tag: 'T', reason: 'r', issuer: 'ana', tokenSha256: 'a'.repeat(64) },
    });
  site.plants[0]?.set({ maxDischargeW: 0 });
  assert.ok((await tag(true)).ok);
  await site.run(5000);
  assert.equal([site.power(0), Math.round(site.power(1))], [0, 30_000], 'a tagged device is left as it is');
  site.plants[0]?.set({ maxDischargeW: 100_000 });
  await site.run(5000);
  assert.is(site.asset('bess-1').operation, 'standby', 'who failed does not come back by itself');
});

test('a tag that is taken away starts nothing: the asset gets no share of the site order that was in force', async () => {
  const site = await virtualSite({ assets: 2 });
  await all(site, 60_000);
  await site.run(4000);
  const tag = (on: boolean): ReturnType<VirtualSite['ask']> =>
    site.ask({
      name: 'maintenance',
      body: { asset_id: 'bess-2', on, tag: 'T', reason: 'r', issuer: 'ana', tokenSha256: TOKENS.ana },
    });
  assert.ok((await tag(true)).ok);
  await site.run(5000);
  site.plants[0]?.set({ maxDischargeW: 10_000 });
  assert.ok((await tag(false)).ok);
  await site.run(20_000);
  assert.is(Math.round(site.power(1)), 0);
  assert.ok((await site.dispatch(5000, 60, { asset_id: 'bess-2' })).ok, 'a new order is obeyed');
});

test('who rests for its least power does so for 15 minutes, also when a share is solved again, and no longer', async () => {
  const site = await virtualSite({ assets: 3, asset: { minPowerW: 5000 } });
  site.plants[1]?.set({ socPct: 49.5 });
  site.plants[2]?.set({ socPct: 49 });
  await site.run(6000);
  const first = await finals(site, 12_000);
  assert.equal([first.reduce((sum, w) => sum + w, 0), first[2]], [12_000, 0]);
  site.network.detach('127.0.0.1', 5021);
  await site.run(4000);
  assert.is(Math.round(site.power(2)), 0, 'it rests, since the first can do it alone');
  assert.is(Math.round(site.power(0)), 12_000);
  site.network.attach('127.0.0.1', 5021, site.plants[1] as never);
  await site.run(13 * 60_000);
  assert.is((await finals(site, 30_000))[2], 0, 'after 13 minutes it still rests');
  await site.run(2 * 60_000);
  assert.ok(((await finals(site, 30_000))[2] ?? 0) > 5000, 'after 15 minutes it takes part again');
});

test.run();
