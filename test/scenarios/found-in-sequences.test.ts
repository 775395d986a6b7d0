/** What the simulation of faults has found in the middle of a sequence of writes, and after one. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { virtualSite } from './virtual-site.ts';
import type { VirtualSite } from './virtual-site.ts';

test('originals that the permit has cut are not given up by a new connection', async () => {
  const site = await virtualSite({ asset: { idle: 'release', onExit: 'release' } });
  const [plant] = site.plants;
  await site.dispatch(20_000, 5);
  plant?.set({ maxDischargeW: 5000 });
  await site.run(20_000);
  assert.is(plant?.state().controls.limitDischargeW, 5000, 'given back as far as the permit goes');
  plant?.faults.apply({ kind: 'reset' });
  await site.run(20_000);
  plant?.set({ maxDischargeW: 100_000 });
  await site.run(5000);
  const reply = await site.dispatch(20_000, 60);
  assert.ok(reply.ok && reply.data.applied_w === 20_000, JSON.stringify(reply));
});

test('an E-stop in the pause between two writes of an order is the next write, and no power follows it', async () => {
  for (let offsetMs = 10; offsetMs < 400; offsetMs += 13) {
    const site = await virtualSite();
    void site.dispatch(20_000, 60);
    await site.run(offsetMs);
    const pressedAtMs = site.clock.now();
    void site.ask({ name: 'estop', body: { reason: 'test', issuer: 'test' } });
    await site.run(400);
    // What was on its way already may still arrive.
    const [first] = site.writes().filter(({ monotonicMs }) => monotonicMs > pressedAtMs + 4);
    assert.equal([first?.register, first?.words], [47_075, [0, 0, 0, 0]], `pressed ${offsetMs} ms after the order`);
    site.site.system.kill();
  }
});

test('an order whose way to zero is overtaken by one in the old direction is not said to be written while it is not', async () => {
  for (let offsetMs = 0; offsetMs < 400; offsetMs += 13) {
    const site = await virtualSite();
    assert.ok((await site.dispatch(20_000, 60)).ok);
    await site.run(300);
    void site.dispatch(-20_000, 60);
    await site.run(offsetMs);
    const reply = await site.dispatch(20_000, 60);
    assert.ok(reply.ok, JSON.stringify(reply));
    await site.run(3000);
    assert.is(Math.round(site.power()), 20_000, `${offsetMs} ms after the order that it overtakes`);
    site.site.system.kill();
  }
});

test('an order that comes with the last answer of a release is answered by its own write', async () => {
  const held = await releasedAfter();
  await held.run(8000);
  const endsAtMs = held.writes().at(-1)?.monotonicMs ?? 0;
  for (let offsetMs = -10; offsetMs <= 10; offsetMs += 1) {
    const site = await releasedAfter();
    await site.run(endsAtMs + offsetMs - site.clock.now());
    const reply = await site.dispatch(20_000, 60);
    assert.ok(reply.ok && reply.data.assets[0].written_w === 20_000, `${offsetMs} ms: ${JSON.stringify(reply)}`);
    site.site.system.kill();
  }
});

/** Under an order of five seconds, with a direction closed that the release opens by its last write. */
async function releasedAfter(): Promise<VirtualSite> {
  const site = await virtualSite({ asset: { idle: 'release', onExit: 'release' } });
  await site.ask({ name: 'stop', body: { issuer: 'test' } });
  await site.run(1000);
  assert.ok((await site.dispatch(-2000, 5)).ok);
  return site;
}

test.run();
