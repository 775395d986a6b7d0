/** The register face: addresses, signs, refusals and the tap. Numbers stand as a Huawei device shows them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SimulatedAsset } from '../../simulator/asset.ts';
import { createAsset } from '../../simulator/asset.ts';
import type { PlantSettings } from '../../simulator/plant-settings.ts';
import type { VirtualClock } from '../../supervisor/clock.ts';
import { virtualClock } from '../../supervisor/clock.ts';

const test = suite('Huawei register face');
const ILLEGAL_ADDRESS = { exception: 2 };
const ILLEGAL_VALUE = { exception: 3 };

test('a discharging battery is negative, its inverter and its export positive', async () => {
  const { asset, clock } = site();
  force(asset, 2, 10_000);
  await clock.advance(1000);
  assert.is(i32(asset, 37765), -10_000);
  assert.is(i32(asset, 37001), -10_000);
  assert.is(i32(asset, 32080), 9600);
  assert.is(i32(asset, 37113), 9600);
});

test('a house that buys power shows a negative meter', () => {
  const { asset } = site({ loadW: 2500 });
  asset.device.write(47075, [0, 0, 0, 0], 16, 1);
  assert.is(i32(asset, 37113), -2500);
});

test('state of charge stands in tenths, temperatures are signed tenths', () => {
  const { asset } = site();
  asset.set({ socPct: 9.9, packTemperaturesC: [-3.2] });
  assert.equal(asset.device.read(37760, 1, 1), [99]);
  assert.equal(asset.device.read(38452, 2, 1), [65_504, 65_504]);
  assert.equal(asset.device.read(37022, 1, 1), [65_504]);
});

test('packs and units that are not installed show the marker for "no value"', () => {
  const { asset } = site();
  assert.equal(asset.device.read(38454, 2, 1), [0x7fff, 0x7fff]);
  assert.equal(asset.device.read(37752, 1, 1), [0x7fff]);
});

for (const [register, count] of [
  [0, 1],
  [37005, 1],
  [37763, 30],
  [40201, 1],
  [40900, 1],
  [32011, 1],
] as const) {
  test(`reading ${count} registers from ${register} is an illegal address`, () => {
    assert.equal(site().asset.device.read(register, count, 1), ILLEGAL_ADDRESS);
  });
}

test('the ranges that field software reads in one go can be read', () => {
  const { device } = site().asset;
  for (const [register, count] of [
    [37100, 38],
    [37758, 30],
    [32064, 33],
    [30000, 65],
    [47246, 5],
    [47081, 8],
  ] as const) {
    const words = device.read(register, count, 1);
    assert.is((words as readonly number[]).length, count, `${register}`);
  }
});

test('a limit above what the battery allows is refused and changes nothing', () => {
  const { asset } = site({ maxChargeW: 70_000 });
  assert.equal(asset.device.write(47075, [1, 4465], 16, 1), ILLEGAL_VALUE);
  assert.is(asset.device.write(47075, [1, 4464], 16, 1), undefined);
  assert.is(asset.state().controls.limitChargeW, 70_000);
});

test('a write over two limits is carried out as a whole or not at all', () => {
  const { asset } = site();
  assert.equal(asset.device.write(47075, [0, 5000, 9, 0], 16, 1), ILLEGAL_VALUE);
  assert.is(asset.state().controls.limitChargeW, 100_000);
  assert.is(asset.device.write(47075, [0, 5000, 0, 6000], 16, 1), undefined);
  assert.equal([asset.state().controls.limitChargeW, asset.state().controls.limitDischargeW], [5000, 6000]);
});

for (const [register, words, refusal] of [
  [37760, [500], ILLEGAL_ADDRESS],
  [47084, [0, 1], ILLEGAL_ADDRESS],
  [47079, [1], ILLEGAL_ADDRESS],
  [47076, [1], ILLEGAL_VALUE],
  [47075, [1], ILLEGAL_VALUE],
  [47083, [1441], ILLEGAL_VALUE],
  [47100, [3], ILLEGAL_VALUE],
] as const) {
  test(`writing ${words.join(' ')} to ${register} is exception ${refusal.exception}`, () => {
    const { asset } = site();
    assert.equal(asset.device.write(register, words, 16, 1), refusal);
    assert.equal(
      asset.tap.entries().map(({ accepted, exception }) => [accepted, exception]),
      [[false, refusal.exception]],
    );
  });
}

test('the mode is read back as forced, then as self-consumption', () => {
  const { asset } = site();
  force(asset, 1, 5000);
  assert.equal(asset.device.read(37006, 1, 1), [1]);
  asset.device.write(47100, [0], 6, 1);
  assert.equal(asset.device.read(37006, 1, 1), [4]);
});

test('measurements are renewed every few seconds while command registers echo at once', async () => {
  const { asset, clock } = site({ refreshMs: 3000, actuatorMs: 0 });
  i32(asset, 37765);
  force(asset, 2, 10_000);
  await clock.advance(1000);
  assert.equal(asset.device.read(47100, 1, 1), [2]);
  assert.is(i32(asset, 37765) + 0, 0);
  await clock.advance(2500);
  assert.is(i32(asset, 37765), -10_000);
});

test('a frozen device keeps answering with what it showed before', async () => {
  const { asset, clock } = site();
  asset.set({ frozen: true });
  asset.set({ socPct: 4 });
  await clock.advance(60_000);
  assert.equal(asset.device.read(37760, 1, 1), [500]);
});

test('the tap has every write with its time, its words and the power at that moment', async () => {
  const { asset, clock } = site();
  force(asset, 2, 10_000);
  await clock.advance(1000);
  asset.device.write(47100, [0], 6, 1);
  const entries = asset.tap.entries();
  assert.equal(
    entries.map(({ n, register, words, functionCode }) => [n, register, words, functionCode]),
    [
      [0, 47249, [0, 10_000], 16],
      [1, 47083, [2], 6],
      [2, 47100, [2], 6],
      [3, 47100, [0], 6],
    ],
  );
  assert.equal(
    entries.map(({ monotonicMs, batteryPowerW, accepted }) => [monotonicMs, batteryPowerW, accepted]).at(-1),
    [1000, 10_000, true],
  );
  assert.is(asset.tap.entries(3).length, 1);
});

test('another unit id is answered by nobody behind the gateway', () => {
  assert.equal(site().asset.device.read(37760, 1, 3), { exception: 11 });
});

test.run();

function site(settings: Partial<PlantSettings> = {}): { asset: SimulatedAsset; clock: VirtualClock } {
  const clock = virtualClock();
  return { asset: createAsset({ clock, settings }), clock };
}

function force(asset: SimulatedAsset, command: 1 | 2, powerW: number): void {
  asset.device.write(command === 1 ? 47247 : 47249, [0, powerW], 16, 1);
  asset.device.write(47083, [2], 6, 1);
  asset.device.write(47100, [command], 6, 1);
}

function i32(asset: SimulatedAsset, register: number): number {
  const [high = 0, low = 0] = asset.device.read(register, 2, 1) as readonly number[];
  return (high << 16) | low;
}
