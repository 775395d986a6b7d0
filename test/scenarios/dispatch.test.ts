import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { virtualSite } from './virtual-site.ts';

test('a dispatch is accepted, written, followed by the battery, and ends in the idle state', async () => {
  const site = await virtualSite({ plant: { loadW: 40_000 } });
  assert.is(site.asset().connection, 'online');
  const reply = await site.dispatch(20_000, 30);
  assert.ok(reply.ok, JSON.stringify(reply));
  assert.is(reply.data.status, 'accepted');
  assert.is(reply.data.applied_w, 20_000);
  await site.run(3000);
  assert.is(Math.round(site.power()), 20_000);
  assert.is(site.asset().operation, 'discharging');
  await site.run(28_000);
  assert.is(site.asset().operation, 'standby');
  assert.is(Math.round(site.power()), 0);
  await site.run(600_000);
  assert.is(Math.round(site.power()), 0, 'with 40 kW of load and self-consumption it still holds zero');
});

test.run();
