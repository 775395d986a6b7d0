/** The shape of a SunSpec device: where its registers stand, how they are scaled, what it leaves out and what it refuses. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { derSite as site, force } from './sunspec-client.ts';

const test = suite('SunSpec registers');
const ILLEGAL_ADDRESS = 2;
const ILLEGAL_VALUE = 3;
const STEADY = 1000;

for (const base of [40_000, 50_000, 0] as const) {
  test(`is found at register ${base} with all its models`, async () => {
    const { client } = await site({ sunspecBase: base });
    assert.is(client.base, base);
    assert.equal(client.ids, [1, 701, 702, 703, 704, 713, 714, 715, 802, 803]);
  });
}

test('scale factors that change after a reboot change the registers, not the numbers', async () => {
  const { client, asset, clock } = await site();
  await force(client, 9600);
  await clock.advance(STEADY);
  asset.set({ scaleFactors: { '704.WSet_SF': 2, '701.W_SF': 2, CellV_SF: -2 } });
  const before = await client.read(704);
  assert.equal([before['WSet_SF'], before['WSet'], (await client.read(701))['W']], [2, 9600, 9600]);
  asset.set({ scaleFactors: { WSet_SF: -1 } });
  assert.is(await client.write(704, 'WSet', 1234.5), undefined);
  assert.is((await client.read(704))['WSet'], 1234.5);
});

test('a number too large for its register is shown as the largest, never as the marker', async () => {
  const { client, clock } = await site({ scaleFactors: { W_SF: 0 } });
  const seen = [];
  for (const powerW of [96_000, -96_000]) {
    await force(client, powerW);
    await clock.advance(STEADY);
    seen.push((await client.read(701))['W']);
  }
  assert.equal(seen, [32_767, -32_767]);
});

test('a point that is not implemented shows its marker and refuses writes', async () => {
  const { client } = await site({ notImplemented: ['704.WSetPct', '701.TmpCab', '701.W_SF', '802.SoH'] });
  const ac = await client.read(701);
  assert.equal(
    [(await client.read(704))['WSetPct'], ac['TmpCab'], ac['W'], (await client.read(802))['SoH']],
    [null, null, null, null],
  );
  assert.is(await client.write(704, 'WSetPct', 5), ILLEGAL_ADDRESS);
});

test('models that are longer than their definition are walked over', async () => {
  const { client } = await site({ extraRegisters: { 701: 3, 715: 11 } });
  assert.is((await client.read(701))['L'], 153 + 3);
  assert.is((await client.read(802))['SoC'], 50);
});

for (const [id, point, value, exception] of [
  [701, 'W', 100, ILLEGAL_ADDRESS],
  [704, 'WSetRvrtRem', 60, ILLEGAL_ADDRESS],
  [704, 'WSet', 100_001, ILLEGAL_VALUE],
  [704, 'WSet', -(2 ** 31), ILLEGAL_VALUE],
  [704, 'WSetPct', 100.1, ILLEGAL_VALUE],
  [704, 'WSetEna', 2, ILLEGAL_VALUE],
  [702, 'WMax', 120_000, ILLEGAL_VALUE],
  [802, 'SetOp', 3, ILLEGAL_VALUE],
] as const) {
  test(`writing ${value} to ${id} ${point} is exception ${exception} and changes nothing`, async () => {
    const { client, asset } = await site();
    const before = await client.read(id);
    assert.is(await client.write(id, point, value), exception);
    assert.equal(await client.read(id), before);
    assert.equal(
      asset.tap.entries().map(({ accepted }) => accepted),
      [false],
    );
  });
}

test('half a value, and registers before and behind the chain, are refused', async () => {
  const { asset, client } = await site();
  const { device } = asset;
  const start = client.base + 2 + 68 + 155 + 52 + 19;
  assert.equal(device.read(start, 1, 1), [704]);
  assert.equal(device.write(start + 24, [1], 6, 1), { exception: ILLEGAL_VALUE });
  assert.equal(device.write(start + 25, [1], 6, 1), { exception: ILLEGAL_ADDRESS });
  assert.equal(device.read(39_999, 2, 1), { exception: ILLEGAL_ADDRESS });
  assert.equal(device.read(50_000, 2, 1), { exception: ILLEGAL_ADDRESS });
});

test.run();
