/** An inverter that goes on after its stop: the management system of the battery disconnects it, where the site allows that. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createBms } from '../../simulator/asset.ts';
import type { SimulatedAsset } from '../../simulator/asset.ts';
import { TOKENS, virtualSite } from './virtual-site.ts';
import type { VirtualSite } from './virtual-site.ts';

const BMS_PORT = 5120;
/** Two settling times of the Huawei profile, and polls between them. */
const TWICE_SETTLED_MS = 55_000;

test('an inverter that ignores its E-stop twice is disconnected by the management system', async () => {
  const { site, bms } = await stuckOn({ allowDisconnect: true });
  await estop(site);
  await site.run(40_000);
  assert.is(bms.tap.writes(), 0, 'not before the whole stop was written again and had its time');
  await site.run(TWICE_SETTLED_MS - 40_000);
  assert.ok(written(bms) > 0, 'contactors open');
  assert.is(Math.round(site.power()), 0);
  const asked = site.events('estop').filter(({ state }) => state === 'disconnect_asked');
  assert.equal(
    asked.map(({ device_id }) => device_id),
    ['bess-1-bms'],
  );
});

test('a trip of the asset counts as an E-stop does, and its reset closes no contactor', async () => {
  const { site, bms } = await stuckOn({ allowDisconnect: true });
  site.plants[0]?.set({ packTemperaturesC: [56] });
  await site.run(TWICE_SETTLED_MS + 10_000);
  assert.is(site.asset().operation, 'tripped');
  assert.is(Math.round(site.power()), 0);
  site.plants[0]?.set({ packTemperaturesC: [25] });
  await site.run(10_000);
  const body = { asset_id: 'bess-1', issuer: 'ana', tokenSha256: TOKENS.ana, cause: 'fan replaced' };
  const reply = await site.ask({ name: 'reset_trip', body });
  assert.ok(reply.ok, JSON.stringify(reply));
  await site.run(5000);
  const mark = bms.tap.entries().length;
  await site.run(20_000);
  assert.is(bms.tap.entries().length, mark, 'the stop is not written any more');
  assert.is(bms.state().controls.contactorClosed, false, 'and a person has to connect the bank');
});

test('without leave of the site file nothing is ever written to the management system', async () => {
  const { site, bms } = await stuckOn({});
  await estop(site);
  await site.run(2 * TWICE_SETTLED_MS);
  assert.is(bms.tap.writes(), 0);
  assert.is(Math.round(site.power()), 20_000);
});

test('an inverter that stops is not disconnected, and neither is one after an orderly stop', async () => {
  const { site, bms } = await withBms({ allowDisconnect: true });
  await site.dispatch(20_000, 600);
  await site.run(5000);
  await estop(site);
  await site.run(TWICE_SETTLED_MS);
  assert.is(Math.round(site.power()), 0);
  assert.is(bms.tap.writes(), 0);

  const held = await stuckOn({ allowDisconnect: true });
  await held.site.ask({ name: 'stop', body: { asset_id: 'bess-1', issuer: 'test' } });
  await held.site.run(2 * TWICE_SETTLED_MS);
  assert.is(held.bms.tap.writes(), 0);
});

test('while the asset is tagged out its battery is not disconnected either', async () => {
  const { site, bms } = await stuckOn({ allowDisconnect: true });
  await estop(site);
  const body = { asset_id: 'bess-1', on: true, tag: 'LOTO-7', reason: 'fan', issuer: 'ana', tokenSha256: TOKENS.ana };
  await site.ask({ name: 'maintenance', body });
  await site.run(2 * TWICE_SETTLED_MS);
  assert.is(bms.tap.writes(), 0);
});

test('another device in the place of the management system gets no write', async () => {
  const { site } = await stuckOn({ allowDisconnect: true, serial: 'SOMEBODY-ELSE' });
  const [plant] = site.plants;
  if (!plant) throw new Error('a plant');
  const other = createBms(plant);
  site.network.attach('127.0.0.1', BMS_PORT, other);
  await estop(site);
  await site.run(2 * TWICE_SETTLED_MS);
  assert.is(other.tap.writes(), 0);
});

test('leave to disconnect needs a profile that says how', async () => {
  const profile = new URL('instruments/bms.json', import.meta.url).pathname;
  const [started] = await Promise.allSettled([withBms({ allowDisconnect: true, profile })]);
  assert.match(started.status === 'rejected' ? String(started.reason) : '', 'assets[0].bms.allowDisconnect');
});

test.run();

type WithBms = { readonly site: VirtualSite; readonly bms: SimulatedAsset };

async function withBms(more: Record<string, unknown>): Promise<WithBms> {
  const bmsLink = { profile: 'sunspec-802', modbus: { host: '127.0.0.1', port: BMS_PORT }, ...more };
  const site = await virtualSite({ asset: { bms: bmsLink } });
  const [plant] = site.plants;
  if (!plant) throw new Error('a plant');
  const bms = createBms(plant);
  site.network.attach('127.0.0.1', BMS_PORT, bms);
  await site.run(10_000);
  return { site, bms };
}

/** Discharging, whatever it is told from now on. */
async function stuckOn(more: Record<string, unknown>): Promise<WithBms> {
  const joined = await withBms(more);
  await joined.site.dispatch(20_000, 3600);
  await joined.site.run(5000);
  joined.site.plants[0]?.set({ stuckOnW: 20_000 });
  return joined;
}

async function estop(site: VirtualSite): Promise<void> {
  await site.ask({ name: 'estop', body: { reason: 'test', issuer: 'test' } });
}

/** Writes that were taken. */
function written({ tap }: SimulatedAsset): number {
  return tap.entries().filter(({ accepted }) => accepted).length;
}
