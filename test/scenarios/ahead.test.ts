import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { virtualSite } from './virtual-site.ts';
import type { VirtualSite } from './virtual-site.ts';

/** An order that a hot pack ends, and one that an emergency stop ends. */
async function eventful(walksAhead: boolean): Promise<VirtualSite> {
  const site = await virtualSite({ walksAhead, assets: 2 });
  await site.dispatch(20_000, 300);
  await site.run(5000);
  site.plants[0]?.set({ packTemperaturesC: [25, 52] });
  await site.run(5000);
  site.plants[0]?.set({ packTemperaturesC: [25, 25] });
  await site.run(60_000);
  await site.dispatch(-20_000, 300);
  await site.run(5000);
  await site.ask({ name: 'estop', body: { reason: 'smoke', issuer: 'test' } });
  await site.run(10_000);
  return site;
}

test('to walk the way of a stop before an answer is asked for writes nothing, tells nothing and changes nothing', async () => {
  const [plain, walked] = await Promise.all([eventful(false), eventful(true)]);
  assert.equal(walked.writes(), plain.writes());
  assert.equal(walked.writes(1), plain.writes(1));
  assert.equal(walked.reports, plain.reports);
  assert.ok(plain.events('safety_block').length > 0);
  assert.ok(plain.writes().length > 10);
});

test.run();
