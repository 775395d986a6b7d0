/** A device that serves one client at a time and has to serve others: bessd closes its connection after each poll. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createAsset } from '../../simulator/asset.ts';
import { virtualSite } from './virtual-site.ts';
import type { VirtualSite } from './virtual-site.ts';

const HOST = '127.0.0.1';
const PORT = 5020;

test('between two polls nobody holds a connection, and the asset is online all the time', async () => {
  const site = await sharingSite();
  let open = 0;
  for (let at = 0; at < 200; at += 1) {
    await site.run(100);
    assert.is(site.asset().connection, 'online');
    open += site.network.connections();
  }
  assert.ok(open > 0 && open < 100, `open in ${open} of 200 looks`);
  assert.equal(
    site.events('transition').filter(({ machine, from }) => machine === 'connection' && from === 'online'),
    [],
  );
});

test('an order is written without waiting for the next poll, armed again and verified, and ends at its time', async () => {
  const site = await sharingSite();
  await betweenPolls(site);
  const reply = await site.dispatch(20_000, 100);
  assert.ok(reply.ok && reply.data.status === 'accepted', JSON.stringify(reply));
  await site.run(3000);
  assert.is(Math.round(site.power()), 20_000);
  await site.run(90_000);
  assert.is(Math.round(site.power()), 20_000, 'armed again every 30 s');
  await site.run(10_000);
  assert.is(Math.round(site.power()), 0);
  const phases = site.events('command').map(({ phase }) => phase);
  assert.equal(phases, ['written', 'verified', 'expired']);
});

test('an E-stop between two polls opens the connection and stops at once', async () => {
  const site = await sharingSite();
  await site.dispatch(20_000, 600);
  await betweenPolls(site);
  const mark = site.writes().length;
  const startMs = site.clock.now();
  await site.ask({ name: 'estop', body: { reason: 'test', issuer: 'test' } });
  await site.run(2000);
  const [first] = site.writes().slice(mark);
  assert.is(first?.register, 47_075);
  assert.ok((first?.monotonicMs ?? 0) - startMs <= 500, 'after the connection and its delay');
});

test('another device that takes the place between two polls gets no write', async () => {
  const site = await sharingSite();
  await site.dispatch(20_000, 600);
  await betweenPolls(site);
  const other = createAsset({ clock: site.clock, settings: { serialNumber: 'OTHER' } });
  site.network.attach(HOST, PORT, other);
  await site.ask({ name: 'stop', body: { asset_id: 'bess-1', issuer: 'test' } });
  await site.run(20_000);
  assert.is(other.tap.writes(), 0);
  assert.ok(site.site.status().alarms.some(({ alarm_id }) => alarm_id === 'bess-1.wrong-device'));
});

test('what somebody else changed between two polls is found by the next one', async () => {
  const site = await sharingSite();
  await site.dispatch(20_000, 600);
  await site.run(6000);
  site.plants[0]?.device.write(47_100, [0], 6, 1);
  await site.run(6000);
  assert.ok(site.events('foreign_change').some(({ register }) => register === 47_100));
});

test('a site that ends leaves the device in its exit state, also between two polls', async () => {
  const site = await sharingSite();
  await site.dispatch(20_000, 600);
  await betweenPolls(site);
  const ended = site.site.system.stop();
  await site.run(8000);
  await ended;
  assert.is(Math.round(site.power()), 0);
});

test.run();

function sharingSite(): Promise<VirtualSite> {
  return virtualSite({
    site: { pollIntervalMs: 5000 },
    profile: (profile) => ({
      ...profile,
      slowEvery: 1,
      transport: { ...profile.transport, closeAfterPoll: true, connectDelayMs: 200 },
    }),
  });
}

async function betweenPolls(site: VirtualSite): Promise<void> {
  await site.run(2000);
  for (let waitedMs = 0; site.network.connections() > 0; waitedMs += 50) {
    assert.ok(waitedMs < 6000, 'it is closed after the poll');
    await site.run(50);
  }
}
