/** Sharing a site order: sums, headroom, energy, small inverters. */
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { share } from '../../../machines/site/sharing.ts';
import type { Unit } from '../../../machines/site/sharing.ts';

const test = suite('sharing');
const HOUR_S = 3600;

const unit = (id: string, roomW: number, energyWh: number, minPowerW = 0): Unit => ({ id, roomW, energyWh, minPowerW });
const finals = (units: readonly Unit[], w: number, durationS = HOUR_S): number[] =>
  share(units, w, durationS).map(({ finalW }) => round(finalW));

const TABLE: readonly (readonly [
  title: string,
  units: readonly Unit[],
  w: number,
  durationS: number,
  expected: readonly number[],
])[] = [
  [
    'in proportion to usable energy where nobody is full',
    [unit('a', 9000, 6000), unit('b', 9000, 3000)],
    3000,
    HOUR_S,
    [2000, 1000],
  ],
  [
    'who is limited by its permit leaves the rest to the others',
    [unit('a', 500, 6000), unit('b', 9000, 3000)],
    3000,
    HOUR_S,
    [500, 2500],
  ],
  [
    'who is limited by its energy leaves the rest to the others',
    [unit('a', 9000, 1000), unit('b', 9000, 2000)],
    9000,
    HOUR_S,
    [1000, 2000],
  ],
  ['a short order is reckoned as a minute', [unit('a', 1e9, 100)], 1e6, 1, [6000]],
  [
    'more than all can take is what all can take',
    [unit('a', 1000, 1e6), unit('b', 2000, 1e6)],
    9000,
    HOUR_S,
    [1000, 2000],
  ],
  [
    'an empty battery gets nothing of what the rooms of the others leave in the last bit',
    [unit('a', 1000.1, 1e4), unit('b', 2000.2, 1e4), unit('c', 5000, 0)],
    9000,
    HOUR_S,
    [1000.1, 2000.2, 0],
  ],
  [
    'an unknown capacity makes equal shares',
    [unit('a', 9000, Number.NaN), unit('b', 9000, 100)],
    2000,
    60,
    [1000, 1000],
  ],
  [
    'an unknown capacity does not open an empty battery',
    [unit('a', 9000, Number.NaN), unit('b', 9000, 0)],
    2000,
    HOUR_S,
    [2000, 0],
  ],
  ['batteries without usable energy get nothing', [unit('a', 9000, 0), unit('b', 9000, 0)], 2000, HOUR_S, [0, 0]],
  [
    'a room that is no number is none, for that battery alone',
    [unit('a', Number.NaN, 100), unit('b', 9000, 100)],
    50,
    HOUR_S,
    [0, 50],
  ],
  [
    'a share under the least power of an inverter goes to the others',
    [unit('a', 9000, 1000, 500), unit('b', 9000, 9000, 500)],
    2000,
    HOUR_S,
    [0, 2000],
  ],
  [
    'the smallest is dropped first, and the next is asked again',
    [unit('a', 9000, 3000, 900), unit('b', 9000, 4000, 900)],
    1000,
    HOUR_S,
    [0, 1000],
  ],
  [
    'where all are under their least power nobody moves',
    [unit('a', 9000, 1000, 900), unit('b', 9000, 1000, 900)],
    800,
    HOUR_S,
    [0, 0],
  ],
  ['nobody is there', [], 1000, HOUR_S, []],
  ['no power', [unit('a', 9000, 1000)], 0, HOUR_S, [0]],
  ['a power that is no number is none', [unit('a', 9000, 1000)], Number.NaN, HOUR_S, [0]],
  ['a duration that is no number gives nothing', [unit('a', 9000, 1000)], 1000, Number.NaN, [0]],
];
for (const [title, units, w, durationS, expected] of TABLE)
  test(title, () => assert.equal(finals(units, w, durationS), expected));

test('a share that was cut says why', () => {
  const reasons = (one: Unit, w: number): readonly string[] => share([one], w, HOUR_S)[0]?.reasons ?? [];
  assert.equal(reasons(unit('a', 500, 1e6), 1000), ['ROOM']);
  assert.equal(reasons(unit('a', 5000, 600), 1000), ['ENERGY']);
  assert.equal(reasons(unit('a', 5000, 0), 1000), ['ENERGY']);
  assert.equal(reasons(unit('a', 5000, 1e6, 2000), 1000), ['MIN_POWER']);
  assert.equal(reasons(unit('a', 5000, 1e6), 1000), []);
});

const units = fc
  .array(
    fc.record({
      roomW: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e7, noNaN: true })),
      energyWh: fc.oneof(fc.constant(0), fc.double({ min: 1e-3, max: 1e8, noNaN: true })),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((rows) => rows.map((row, at) => ({ id: `u${at}`, minPowerW: 0, ...row })));
const power = fc.double({ min: 0, max: 1e8, noNaN: true });
const duration = fc.double({ min: 0, max: 86_400, noNaN: true });

test('the shares add up to the order or to the headroom of all, within a millionth of a watt', () => {
  fc.assert(
    fc.property(units, power, duration, (all, w, durationS) => {
      const headrooms = all.map((one) => headroom(one, durationS));
      const sum = share(all, w, durationS).reduce((total, { finalW }) => total + finalW, 0);
      assert.ok(
        Math.abs(
          sum -
            Math.min(
              w,
              headrooms.reduce((total, one) => total + one, 0),
            ),
        ) <= 1e-6,
      );
    }),
    { numRuns: 3000 },
  );
});

test('nobody gets more than its headroom, and nobody less than nothing', () => {
  fc.assert(
    fc.property(units, power, duration, (all, w, durationS) => {
      share(all, w, durationS).forEach(({ finalW }, at) => {
        const most = headroom(all[at] as Unit, durationS);
        assert.ok(finalW >= 0 && finalW <= most * (1 + 1e-12));
      });
    }),
    { numRuns: 3000 },
  );
});

test('all that are not full work at the same rate of their energy, and those that are full work at less: all end together', () => {
  fc.assert(
    fc.property(units, power, duration, (all, w, durationS) => {
      const shares = share(all, w, durationS).map(({ finalW }, at) => ({
        finalW,
        energyWh: all[at]?.energyWh ?? 0,
        most: headroom(all[at] as Unit, durationS),
      }));
      const open = shares.filter(({ finalW, most, energyWh }) => energyWh > 0 && finalW < most - 1e-6);
      const rates = open.map(({ finalW, energyWh }) => finalW / energyWh);
      const mu = Math.max(0, ...rates);
      for (const { finalW, energyWh } of open) assert.ok(Math.abs(finalW - mu * energyWh) <= 1e-6);
      if (open.length === 0) return;
      for (const { finalW, energyWh } of shares) assert.ok(finalW <= mu * energyWh + 1e-6);
    }),
    { numRuns: 3000 },
  );
});

test('with least powers a share is nothing or enough, and the sum never exceeds the order', () => {
  const small = units.chain((all) =>
    fc
      .array(fc.double({ min: 0, max: 1e4, noNaN: true }), { minLength: all.length, maxLength: all.length })
      .map((least) => all.map((one, at) => ({ ...one, minPowerW: least[at] ?? 0 }))),
  );
  fc.assert(
    fc.property(small, power, duration, (all, w, durationS) => {
      const shares = share(all, w, durationS);
      shares.forEach(({ finalW }, at) => assert.ok(finalW === 0 || finalW >= (all[at]?.minPowerW ?? 0)));
      assert.ok(shares.reduce((total, { finalW }) => total + finalW, 0) <= w + 1e-6);
    }),
    { numRuns: 2000 },
  );
});

test('what each would have by its energy alone is told beside what it gets', () => {
  const raw = (units: readonly Unit[], w: number): number[] => share(units, w, HOUR_S).map(({ rawW }) => round(rawW));
  assert.equal(raw([unit('a', 500, 6000), unit('b', 9000, 3000)], 3000), [2000, 1000]);
  assert.equal(raw([unit('a', 9000, 0), unit('b', 9000, 0)], 3000), [1500, 1500], 'all are empty');
});

test('a share of exactly the least power is kept', () => {
  assert.equal(finals([unit('a', 9000, 1e6, 1000), unit('b', 9000, 1e6, 1000)], 2000), [1000, 1000]);
  assert.equal(finals([unit('a', 9000, 1e6, 1000), unit('b', 9000, 1e6, 1000)], 1999), [0, 1999]);
});

test('the smallest of those that are too small is left out first', () => {
  assert.equal(finals([unit('a', 9000, 7000, 800), unit('b', 9000, 4000, 800)], 1100), [1100, 0]);
  assert.equal(finals([unit('b', 9000, 4000, 800), unit('a', 9000, 7000, 800)], 1100), [0, 1100]);
});

test('whether power or energy is short is told, power where both are', () => {
  const why = (roomW: number, energyWh: number): readonly string[] =>
    share([unit('a', roomW, energyWh)], 2000, HOUR_S).flatMap(({ reasons }) => reasons);
  assert.equal(
    [why(1000, 999), why(1000, 1000), why(1000, 1001), why(3000, 3000)],
    [['ENERGY'], ['ROOM'], ['ROOM'], []],
  );
});

test.run();

/** Control rules 9, written down a second time. */
function headroom({ roomW, energyWh }: Unit, durationS: number): number {
  return Math.min(roomW, (energyWh * 3600) / Math.max(durationS, 60));
}

function round(watts: number): number {
  return Math.round(watts * 1e6) / 1e6;
}
