/** One order from its acceptance to the idle state. */
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

test('the status says how the setpoint of an order stands: ramping, steady, limited by the permit', async () => {
  const site = await virtualSite({ asset: { rampRateWPerS: 10_000 } });
  assert.is(site.asset().setpoint_state, null);
  await site.dispatch(40_000, 3600);
  await site.run(2000);
  assert.equal([site.asset().operation, site.asset().setpoint_state], ['discharging', 'ramping']);
  await site.run(8000);
  assert.is(site.asset().setpoint_state, 'steady');
  site.plants[0]?.set({ maxDischargeW: 25_000 });
  await site.run(5000);
  assert.is(site.asset().setpoint_state, 'limited');
  assert.is(Math.round(site.power()), 25_000);
  site.plants[0]?.set({ maxDischargeW: 100_000 });
  await site.run(4000);
  assert.is(site.asset().setpoint_state, 'steady', 'and back up by the ramp');
  await site.ask({ name: 'stop', body: { issuer: 'test' } });
  assert.equal([site.asset().operation, site.asset().setpoint_state], ['stopping', null]);
});

test.run();
