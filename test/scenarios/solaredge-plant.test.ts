/** A SolarEdge inverter as a whole: the shipped profile against the plant with the maker's own registers. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PlantSettings } from '../../simulator/plant-settings.ts';
import { virtualSite } from './virtual-site.ts';
import type { VirtualSite } from './virtual-site.ts';

const test = suite('SolarEdge StorEdge plant');

const CONTROL_MODE = 0xe004;
const DEFAULT_MODE = 0xe00a;
const [TIME_OF_USE, REMOTE, OFF, SELF_CONSUME] = [2, 4, 0, 7];

test('it is found, read and held, and says how its battery is', async () => {
  const site = await storedge();
  const { connection, quality, soc_pct, battery_power_w } = site.asset();
  assert.equal([connection, quality, soc_pct, battery_power_w], ['online', 'good', 50, 0]);
});

for (const w of [20_000, -20_000])
  test(`an order of ${w} W is followed, verified, armed again, and ends at zero`, async () => {
    const site = await storedge({ loadW: 5000 });
    const reply = await site.dispatch(w, 200, { reference: 'battery' });
    assert.ok(reply.ok && reply.data.status === 'accepted', JSON.stringify(reply));
    await site.run(150_000);
    assert.is(Math.round(site.power()), w, 'also after its timeout of 60 s');
    assert.is(site.asset().battery_power_w, w, 'shown with the right sign');
    await site.run(55_000);
    assert.is(Math.round(site.power()), 0);
    const phases = site.events('command').map(({ phase }) => phase);
    assert.equal(phases, ['written', 'verified', 'expired']);
  });

test('an E-stop ends the power at once and keeps it away', async () => {
  const site = await storedge({ loadW: 30_000 });
  await site.dispatch(20_000, 600, { reference: 'battery' });
  await site.run(5000);
  const reply = await site.ask({ name: 'estop', body: { reason: 'test', issuer: 'test' } });
  assert.equal(reply.ok && reply.data.zero, ['bess-1']);
  await site.run(120_000);
  assert.is(Math.round(site.power()), 0, 'also when the timeout has ended');
});

test('a runtime that dies leaves the battery to the timeout, after which it stands', async () => {
  const site = await storedge({ loadW: 30_000 });
  await site.dispatch(20_000, 600, { reference: 'battery' });
  await site.run(5000);
  site.network.cut();
  site.site.system.kill();
  await site.run(50_000);
  assert.is(Math.round(site.power()), 20_000);
  await site.run(15_000);
  assert.is(Math.round(site.power()), 0);
});

test('released, the modes that were there are put back, and the inverter goes on by itself', async () => {
  const site = await storedge({ loadW: 8000 }, { idle: 'release' });
  assert.equal(modes(site), [TIME_OF_USE, SELF_CONSUME]);
  await site.dispatch(20_000, 30, { reference: 'battery' });
  await site.run(5000);
  assert.equal(modes(site), [REMOTE, OFF]);
  await site.run(30_000);
  assert.equal(modes(site), [TIME_OF_USE, SELF_CONSUME]);
  assert.ok(site.power() > 8000 && site.power() < 9000, `${site.power()} W for the house`);
});

test('a reboot in the middle of an order loses the command, and is noticed', async () => {
  const site = await storedge();
  await site.dispatch(20_000, 600, { reference: 'battery' });
  await site.run(5000);
  site.plants[0]?.reboot(2000);
  await site.run(20_000);
  assert.is(site.asset().connection, 'online');
  assert.is(site.asset().order, null, 'no order is revived');
  assert.is(Math.round(site.power()), 0);
});

test.run();

function storedge(plant: Partial<PlantSettings> = {}, asset: Record<string, unknown> = {}): Promise<VirtualSite> {
  return virtualSite({ face: 'solaredge', plant, asset: { profile: 'solaredge-storedge', ...asset } });
}

function modes(site: VirtualSite): unknown {
  return [CONTROL_MODE, DEFAULT_MODE].map((register) => site.plants[0]?.device.read(register, 1, 1)).flat();
}
