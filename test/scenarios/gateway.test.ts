import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { virtualSite } from './virtual-site.ts';
import type { VirtualSite } from './virtual-site.ts';

/** The two inverters change places behind a gateway that keeps the connections of its clients open. */
function swap({ network, plants }: VirtualSite): void {
  const [first, second] = plants;
  if (!first || !second) throw new Error('two plants');
  network.attach('127.0.0.1', 5020, second, { keepConnections: true });
  network.attach('127.0.0.1', 5021, first, { keepConnections: true });
}
const wrongDevices = ({ site }: VirtualSite): number =>
  site.status().alarms.filter(({ alarm_id: id }) => id.includes('wrong-device')).length;

test('an order after a swap behind an open connection writes nothing to the wrong inverter', async () => {
  const site = await virtualSite({ assets: 2 });
  const before = [site.writes(0).length, site.writes(1).length];
  swap(site);
  const reply = await site.dispatch(20_000, 60);
  await site.run(1500);
  assert.equal([site.writes(0).length, site.writes(1).length], before, JSON.stringify(reply));
  assert.is(reply.ok, false);
  assert.ok(wrongDevices(site) >= 1);
});

test('a running order is not armed again on the inverter that has taken the place; at most a stop reaches it before the swap is noticed', async () => {
  const site = await virtualSite({ assets: 2 });
  await site.dispatch(20_000, 600);
  await site.run(2000);
  const before = [site.writes(0).length, site.writes(1).length];
  swap(site);
  await site.run(8000);
  assert.is(wrongDevices(site), 2);
  await site.run(60_000);
  const since = [0, 1].flatMap((at) => site.writes(at).slice(before[at]));
  assert.ok(
    since.every(({ words }) => words.every((word) => word === 0)),
    JSON.stringify(since),
  );
  assert.is(site.asset().order, null);
});

test.run();
