/** The meter at the grid connection and the BMS of a battery as devices of their own, on the same plant. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createAsset, createBms, createMeter } from '../../simulator/asset.ts';
import { memoryNetwork } from '../../simulator/memory-device.ts';
import { virtualClock } from '../../supervisor/clock.ts';
import { sunspecClient } from './sunspec-client.ts';

const test = suite('meter and BMS');

test('the meter shows import as positive and export as negative', async () => {
  const clock = virtualClock();
  const plant = createAsset({ clock, settings: { loadW: 6000 }, controls: { limitDischargeW: 0 } });
  const client = await sunspecClient(createMeter([plant]));
  assert.equal(client.ids, [1, 203]);
  assert.equal([(await client.read(203))['W'], (await client.read(203))['WphB']], [6000, 2000]);
  plant.plant.control({ command: 'discharge', forcedDischargeW: 10_000, periodMin: 60, limitDischargeW: 100_000 });
  await clock.advance(1_800_000);
  const { W, TotWhExp, TotWhImp } = await client.read(203);
  assert.is(W, -3600);
  assert.ok(Math.abs(Number(TotWhExp) - 1800) < 5, `${TotWhExp}`);
  assert.is(TotWhImp, null, 'an energy of zero is the marker of its type');
});

test('one meter shows the sum of all plants behind it', async () => {
  const clock = virtualClock();
  const plants = [4000, 2500].map((loadW) =>
    createAsset({ clock, settings: { loadW }, controls: { limitDischargeW: 0 } }),
  );
  const client = await sunspecClient(createMeter(plants));
  assert.is((await client.read(203))['W'], 6500);
  plants[1]?.set({ loadW: 500 });
  assert.is((await client.read(203))['W'], 4500);
  plants[1]?.plant.control({ command: 'charge', forcedChargeW: 9600, periodMin: 60 });
  await clock.advance(1000);
  assert.is((await client.read(203))['W'], 14_500, 'the other plants move on too when only the meter is read');
});

test('a meter that is offline answers without values', async () => {
  const clock = virtualClock();
  const plant = createAsset({ clock, settings: { loadW: 6000, meterOnline: false } });
  const { W, Hz, PhV } = await (await sunspecClient(createMeter([plant]))).read(203);
  assert.equal([W, Hz, PhV], [null, null, null]);
});

test('the BMS shows the battery of its plant, with cells', async () => {
  const clock = virtualClock();
  const plant = createAsset({ clock, socPct: 37, settings: { cellSpreadMv: 120, sohPct: 91 } });
  const client = await sunspecClient(createBms(plant));
  assert.equal(client.ids, [1, 802, 803, 805]);
  const bank = await client.read(802);
  assert.equal([bank['SoC'], bank['SoH']], [37, 91]);
  const cells = await client.read(805);
  assert.equal([cells['NCell'], cells['lithium-ion-module-cell[1].CellV']], [16, bank['CellVMax']]);
});

test('opening the contactor at the BMS ends the power that the inverter was told', async () => {
  const clock = virtualClock();
  const plant = createAsset({ clock });
  plant.plant.control({ command: 'discharge', forcedDischargeW: 10_000, periodMin: 60 });
  await clock.advance(1000);
  const bms = createBms(plant);
  await (await sunspecClient(bms)).write(802, 'SetOp', 2);
  assert.is(plant.state().batteryW, 0);
  assert.equal([bms.tap.writes(), plant.tap.writes()], [1, 0]);
});

test('each device has its own faults; a restart of the meter leaves the inverter alone', async () => {
  const clock = virtualClock();
  const plant = createAsset({ clock });
  plant.plant.control({ command: 'discharge', forcedDischargeW: 10_000, periodMin: 60 });
  const meter = createMeter([plant]);
  meter.faults.apply({ kind: 'silence' });
  meter.reboot(1000);
  assert.equal([plant.faults.active().length, plant.state().controls.command], [0, 'discharge']);
});

test('they stand beside the inverter on the memory network', async () => {
  const clock = virtualClock();
  const network = memoryNetwork({ clock });
  const plant = createAsset({ clock });
  network.attach('site', 502, plant);
  network.attach('site', 503, createMeter([plant]));
  network.attach('site', 504, createBms(plant));
  for (const [port, register, words] of [
    [502, 37_760, [500]],
    [503, 40_070, [203]],
    [504, 40_070, [802]],
  ] as const) {
    const address = { host: 'site', port, unitId: 1, timeoutMs: 1000, requestGapMs: 0 };
    const opening = network.open(address, new AbortController().signal);
    await clock.advance(10);
    const read = (await opening).read(register, 1);
    await clock.advance(10);
    assert.equal(await read, words);
  }
});

test.run();
