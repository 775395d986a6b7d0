/** Sensors that go wrong, writers that nobody invited, restarts in the middle of a write, and chance from a seed. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AssetOptions, SimulatedAsset } from '../../simulator/asset.ts';
import { createAsset, handle } from '../../simulator/asset.ts';
import type { SimulatedFaultInput } from '../../simulator/fault-kinds.ts';
import type { VirtualClock } from '../../supervisor/clock.ts';
import { virtualClock } from '../../supervisor/clock.ts';
import { derSite } from './sunspec-client.ts';

const test = suite('faults of sensors and writers');
const SOC = 37_760;

for (const [of, register, count, marker] of [
  ['soc', SOC, 1, [0xffff]],
  ['batteryPower', 37_765, 2, [0x7fff, 0xffff]],
  ['acPower', 32_080, 2, [0x7fff, 0xffff]],
  ['gridPower', 37_113, 2, [0x7fff, 0xffff]],
  ['temperature', 38_452, 1, [0x7fff]],
  ['busVoltage', 37_763, 1, [0xffff]],
  ['gridVoltage', 32_069, 1, [0xffff]],
  ['gridFrequency', 32_085, 1, [0xffff]],
] as const) {
  test(`an invalid ${of} is the marker of its register on Huawei`, () => {
    const { asset } = plant();
    asset.faults.apply({ kind: 'invalid', of });
    assert.equal(asset.device.read(register, count, 1), marker);
    asset.faults.clear();
    assert.not.equal(asset.device.read(register, count, 1), marker);
  });
}

test('on SunSpec an invalid value is "not implemented", in float registers NaN', async () => {
  const der = await derSite();
  for (const sensor of ['soc', 'acPower', 'temperature', 'cellVoltage'] as const)
    der.asset.faults.apply({ kind: 'invalid', of: sensor });
  const bank = await der.client.read(802);
  const strings = await der.client.read(803);
  const shown = [bank['SoC'], bank['CellVMax'], strings['string[1].StrModTmpMax'], (await der.client.read(701))['W']];
  assert.equal(shown, [null, null, null, null]);
  const floats = await derSite({ inverterModel: 113 }, 'sunspec-storage');
  floats.asset.faults.apply({ kind: 'invalid', of: 'acPower' });
  assert.equal(floats.asset.device.read(40_092, 2, 1), [0x7fc0, 0]);
});

test('a frozen sensor shows its last value while the others go on', () => {
  const { asset } = plant();
  asset.faults.apply({ kind: 'freeze', of: 'soc' });
  assert.equal(asset.device.read(SOC, 1, 1), [500]);
  asset.set({ socPct: 5, packTemperaturesC: [61] });
  assert.equal([asset.device.read(SOC, 1, 1), asset.device.read(38_452, 1, 1)], [[500], [610]]);
});

test('a drift grows with time, an offset does not', async () => {
  const { asset, clock } = plant();
  asset.faults.apply({ kind: 'offset', of: 'soc', by: -3 });
  asset.faults.apply({ kind: 'drift', of: 'soc', perHour: 6 });
  const seen = [];
  for (const waitMs of [0, 600_000, 3_000_000]) {
    await clock.advance(waitMs);
    seen.push(asset.device.read(SOC, 1, 1));
  }
  assert.equal(seen, [[470], [480], [530]]);
});

test('spikes come by chance, and the same ones for the same seed', () => {
  const runs = [7, 7, 8].map((seed) => {
    const { asset } = plant({ seed });
    asset.faults.apply({ kind: 'spike', of: 'soc', by: 40, chance: 0.3 });
    return Array.from({ length: 40 }, () => (asset.device.read(SOC, 1, 1) as readonly number[])[0]);
  });
  assert.equal(runs[0], runs[1]);
  assert.not.equal(runs[0], runs[2]);
  assert.equal(new Set(runs[0]), new Set([500, 900]));
});

test('a fault by chance strikes the same requests for the same seed, and ends with its time', async () => {
  const runs = [];
  for (const seed of [3, 3, 4]) {
    const { asset, clock } = plant({ seed });
    asset.faults.apply({ kind: 'exception', code: 6, chance: 0.5, forMs: 1000 });
    runs.push(Array.from({ length: 30 }, () => answerOf(asset, { kind: 'read' })));
    await clock.advance(1000);
    assert.is(answerOf(asset, { kind: 'read' }), '500');
  }
  assert.equal(runs[0], runs[1]);
  assert.not.equal(runs[0], runs[2]);
});

test('a second writer writes at once and again, and its writes are told apart', async () => {
  const { asset, clock } = plant();
  asset.faults.apply({ kind: 'writer', register: 47_086, words: [5], everyMs: 1000, forMs: 2500 });
  asset.device.write(47_086, [2], 6, 1);
  await clock.advance(10_000);
  assert.equal(
    asset.tap.entries().map(({ monotonicMs, words, origin }) => [monotonicMs, words[0], origin]),
    [
      [0, 5, 'intruder'],
      [0, 2, 'client'],
      [1000, 5, 'intruder'],
      [2000, 5, 'intruder'],
    ],
  );
});

for (const [carries, limits] of [
  ['none', [100_000, 100_000]],
  ['half', [5000, 100_000]],
  ['all', [5000, 6000]],
] as const) {
  test(`a restart in the middle of a write that carries ${carries}: no answer, limits kept, nothing forced`, async () => {
    const { asset, clock } = plant();
    asset.plant.control({ command: 'discharge', forcedDischargeW: 10_000, periodMin: 10 });
    asset.faults.apply({ kind: 'rebootOnWrite', carries, register: 47_077, offlineMs: 3000 });
    assert.is(answerOf(asset, { kind: 'write', register: 47_075, words: [0, 5000, 0, 6000] }), 'nothing');
    assert.is(answerOf(asset, { kind: 'read' }), 'nothing');
    await clock.advance(3000);
    const { limitChargeW, limitDischargeW, command } = asset.state().controls;
    assert.equal([[limitChargeW, limitDischargeW], command], [limits, 'none']);
    assert.is(answerOf(asset, { kind: 'read' }), '500');
  });
}

for (const wrong of [
  { kind: 'invalid', of: 'humour' },
  { kind: 'exception', code: 6, chance: 0 },
  { kind: 'writer', register: 1, words: [], everyMs: 100 },
  { kind: 'wrong', field: 'colour' },
]) {
  test(`${JSON.stringify(wrong)} is refused`, () => {
    const { asset } = plant();
    assert.throws(() => asset.faults.apply(wrong as SimulatedFaultInput));
    assert.is(asset.faults.active().length, 0);
  });
}

test.run();

function plant(options: Partial<AssetOptions> = {}): { asset: SimulatedAsset; clock: VirtualClock } {
  const clock = virtualClock();
  return { asset: createAsset({ clock, ...options }), clock };
}

type Asked = { kind: 'read' } | { kind: 'write'; register: number; words: number[] };

/** Words as text, `exception N`, or `nothing`. */
function answerOf(asset: SimulatedAsset, asked: Asked): string {
  let answer = 'nothing';
  const command =
    asked.kind === 'read'
      ? ({ op: 'read', register: SOC, count: 1, unitId: 1 } as const)
      : ({ op: 'write', register: asked.register, words: asked.words, functionCode: 16, unitId: 1 } as const);
  handle(asset, command, (result) => {
    answer = 'exception' in result ? `exception ${result.exception}` : result.join(' ');
  });
  return answer;
}
