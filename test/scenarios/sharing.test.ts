import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import huawei from '../../profiles/huawei-sun2000-luna2000.json' with { type: 'json' };
import { virtualSite } from './virtual-site.ts';
import type { VirtualSite } from './virtual-site.ts';

const all = (site: VirtualSite, w: number, id: string): ReturnType<VirtualSite['ask']> =>
  site.ask({ name: 'dispatch', body: { id, site_id: 'SITE-TEST', w, duration_s: 3600, issuer: 'test' } });

test('an asset below its least power rests for 15 minutes, unless the others cannot do it alone', async () => {
  const site = await virtualSite({ assets: 2, asset: { minPowerW: 5000 } });
  site.plants[1]?.set({ socPct: 49 });
  await site.run(6000);
  const finals = async (w: number, id: string): Promise<number[]> => {
    const reply = await all(site, w, id);
    assert.ok(reply.ok, JSON.stringify(reply));
    return reply.data.assets.map(({ final_w }: { final_w: number }) => Math.round(final_w));
  };
  assert.equal(await finals(6000, 'small'), [6000, 0]);
  await site.run(60_000);
  assert.equal(await finals(20_000, 'more'), [20_000, 0], 'still resting');
  const both = await finals(150_000, 'too much for one');
  assert.ok((both[1] ?? 0) > 40_000, `woken, since it is needed: ${both.join(' and ')}`);
});

test('a limit of the grid connection cuts a site order', async () => {
  const site = await virtualSite({
    assets: 2,
    plant: { loadW: 10_000 },
    site: { grid: { maxExportW: 20_000, maxImportW: 50_000, meter: 'bess-1', meterLostMaxW: 0 } },
  });
  await site.run(3000);
  const reply = await all(site, 90_000, 'export');
  assert.ok(reply.ok, JSON.stringify(reply));
  assert.is(reply.data.status, 'clamped');
  assert.ok(
    reply.data.applied_w <= 30_100 && reply.data.applied_w > 29_000,
    `10 kW of load and 20 kW of export: ${reply.data.applied_w}`,
  );
  assert.match(JSON.stringify(reply.data.assets), 'PCC_LIMIT');
});

test('a register whose write budget for the day is used up is not written for power any more, but still for a stop', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'bessd-profile-'));
  const file = path.join(folder, 'tight.json');
  const tight = structuredClone(huawei) as { points: Record<string, { writable?: { budgetPerDay?: number } }> };
  for (const point of Object.values(tight.points)) if (point.writable?.budgetPerDay) point.writable.budgetPerDay = 4;
  writeFileSync(file, JSON.stringify(tight));
  const site = await virtualSite({ asset: { profile: file } });
  let refusedWith: string | undefined;
  for (let order = 0; order < 6 && refusedWith === undefined; order += 1) {
    const reply = await site.dispatch(10_000, 5);
    if (!reply.ok) refusedWith = reply.code;
    await site.run(8000);
  }
  assert.is(refusedWith, 'WRITE_BUDGET');
  const stop = await site.ask({ name: 'estop', body: { reason: 'test', issuer: 'test' } });
  assert.equal(stop.ok && stop.data.written, ['bess-1']);
});

test.run();
