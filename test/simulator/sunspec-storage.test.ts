/** The older SunSpec hybrid (103 or 113, 120–124, 160): rates in percent, their timer, connection and curtailment. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PlantSettings } from '../../simulator/plant-settings.ts';
import type { SunspecClient, SunspecSite } from './sunspec-client.ts';
import { derSite } from './sunspec-client.ts';

const test = suite('SunSpec storage face');
const STEADY = 1000;

for (const inverterModel of [103, 113] as const) {
  test(`shows the inverter through model ${inverterModel}`, async () => {
    const { client, clock } = await site({ inverterModel, gridVoltageV: 231 });
    assert.equal(client.ids, [1, inverterModel, 120, 121, 122, 123, 124, 160]);
    await rates(client, 2, 25, 0);
    await clock.advance(STEADY);
    const { W, Hz, PhVphA, St } = await client.read(inverterModel);
    assert.equal([W, Hz, PhVphA, St], [24_000, 50, 231, 4]);
  });
}

for (const [meaning, mod, outPct, inPct, powerW] of [
  ['setpoint', 2, 25, 100, 25_000],
  ['setpoint', 1, 100, 40, -40_000],
  ['setpoint', 2, -30, 100, -30_000],
  ['setpoint', 3, 25, 0, 25_000],
  ['setpoint', 3, 0, 40, -40_000],
  ['setpoint', 3, 25, -25, 25_000],
  ['setpoint', 3, 0, 0, 0],
  ['setpoint', 0, 25, 25, 10_000],
  ['setpoint', 3, 50, 50, 10_000],
  ['limit', 2, 5, 100, 5000],
  ['limit', 2, -30, 100, -30_000],
  ['limit', 1, 100, -50, 50_000],
  ['limit', 3, 50, 50, 10_000],
  ['limit', 3, 0, 0, 0],
] as const) {
  test(`as ${meaning}s, mode ${mod} with ${outPct} % out and ${inPct} % in makes ${powerW} W with a load`, async () => {
    const { client, asset, clock } = await site({ storageRates: meaning, loadW: 9600 });
    await rates(client, mod, outPct, inPct);
    await clock.advance(STEADY);
    assert.is(asset.state().batteryW + 0, powerW);
  });
}

test('percent are of WChaMax, and what is above the rating is refused', async () => {
  const { client, asset, clock } = await site();
  assert.is(await client.write(124, 'WChaMax', 40_000), undefined);
  assert.is(await client.write(124, 'WChaMax', 140_000), 3);
  assert.is(await client.write(124, 'OutWRte', 101), 3);
  await rates(client, 2, 50, 0);
  await clock.advance(STEADY);
  assert.is(asset.state().batteryW, 20_000);
  asset.reboot();
  const { WChaMax, StorCtl_Mod } = await client.read(124);
  assert.equal([WChaMax, StorCtl_Mod], [40_000, 0]);
});

test('rates end when their timer does, and a new write starts it again', async () => {
  const { client, asset, clock } = await site();
  await client.write(124, 'InOutWRte_RvrtTms', 30);
  await rates(client, 2, 50, 100);
  await clock.advance(25_000);
  await client.write(124, 'OutWRte', 40);
  await clock.advance(25_000);
  assert.is(asset.state().batteryW, 40_000);
  await clock.advance(6000);
  assert.equal([(await client.read(124))['StorCtl_Mod'], asset.state().batteryW + 0], [0, 0]);
});

test('a deaf device keeps its rates', async () => {
  const { client, asset, clock } = await site({ deaf: true });
  await client.write(124, 'InOutWRte_RvrtTms', 30);
  await rates(client, 2, 50, 100);
  await clock.advance(600_000);
  assert.is(asset.state().batteryW, 50_000);
});

test('where only the sun may charge, it does', async () => {
  const { client, asset, clock } = await site({ pvW: 3000 });
  await client.write(124, 'ChaGriSet', 0);
  await rates(client, 1, 0, 50);
  await clock.advance(STEADY);
  assert.is(asset.state().batteryW, -3000);
});

test('disconnecting ends all power at once and comes back by its timer', async () => {
  const { client, asset, clock } = await site({ pvW: 5000 });
  await rates(client, 2, 50, 0);
  await clock.advance(STEADY);
  await client.write(123, 'Conn_RvrtTms', 60);
  await client.write(123, 'Conn', 0);
  assert.equal([asset.state().acW + 0, asset.state().pvW], [0, 0]);
  assert.equal([(await client.read(122))['ECPConn'], (await client.read(103))['St']], [0, 1]);
  await clock.advance(62_000);
  assert.equal([(await client.read(123))['Conn'], asset.state().batteryW], [1, 50_000]);
});

test('a power limit in percent caps panels and battery together', async () => {
  const { client, clock } = await site({ pvW: 30_000 });
  await rates(client, 2, 50, 0);
  await client.write(123, 'WMaxLimPct', 60);
  await client.write(123, 'WMaxLim_Ena', 1);
  await clock.advance(STEADY);
  assert.equal([(await client.read(103))['W'], (await client.read(103))['St']], [60_000, 5]);
});

test('the inputs are panels, charging and discharging', async () => {
  const { client, clock } = await site({ pvW: 6000 });
  await rates(client, 1, 0, 20);
  await clock.advance(STEADY);
  const { N, ...inputs } = await client.read(160);
  assert.equal(
    [N, inputs['module[1].DCW'], inputs['module[2].DCW'], inputs['module[3].DCW'], inputs['module[2].IDStr']],
    [3, 6000, 20_000, 0, 'StCha'],
  );
});

test('a device with more panels has their inputs first', async () => {
  const { client } = await site({ pvW: 6000, pvInputs: 2 });
  const inputs = await client.read(160);
  assert.equal([inputs['N'], inputs['module[2].DCW'], inputs['module[3].IDStr']], [4, 3000, 'StCha']);
});

test('the reserve is the lower end of discharging', async () => {
  const { client, asset, clock } = await site();
  asset.set({ socPct: 20 });
  await client.write(124, 'MinRsvPct', 20);
  await rates(client, 2, 50, 0);
  await clock.advance(STEADY);
  assert.equal([asset.state().batteryW, (await client.read(124))['ChaSt']], [0, 2]);
});

test.run();

function site(settings: Partial<PlantSettings> = {}): Promise<SunspecSite> {
  return derSite(settings, 'sunspec-storage');
}

async function rates(client: SunspecClient, mod: number, outPct: number, inPct: number): Promise<void> {
  await client.write(124, 'OutWRte', outPct);
  await client.write(124, 'InWRte', inPct);
  await client.write(124, 'StorCtl_Mod', mod);
}
