/** The edges of what is doubted: jumps by time and rating, and a power that stands where no order wants it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { NOTHING_SEEN, plausible } from '../../../machines/guard/plausibility.ts';
import { asset, frame, sample } from '../support.ts';

const test = suite('plausibility, its edges');

type Look = readonly [atMs: number, socPct: number, w: number, orderedW?: number];

/** The doubts after each look; the voltage moves, so that not all is frozen. */
function doubts(looks: readonly Look[], battery = asset()): readonly string[] {
  let seen = NOTHING_SEEN;
  return looks.map(([atMs, socPct, w, orderedW = 0], at) => {
    const values = { socPct: [socPct], batteryPowerW: [w], voltageV: [sample(400 + at / 1000, atMs)] };
    const result = plausible(seen, frame(values, atMs), battery, orderedW);
    seen = result.seen;
    return result.doubts.join();
  });
}

const DAY_MS = 86_400_000;
test('a jump is one also when the clock has run for a day', () => {
  assert.equal(
    doubts([
      [DAY_MS, 50, 0],
      [DAY_MS + 1000, 55, 0],
    ]),
    ['', 'IMPLAUSIBLE'],
  );
});

test('how far a charge may move in a second goes by the larger of the two ratings', () => {
  // 100 kW for 1 s are 0.28 % of 10 kWh; three times that and 1.5 %.
  const lopsided = asset({ maxChargePowerW: 100_000, maxDischargePowerW: 1000 });
  const step = (pct: number): string =>
    doubts(
      [
        [0, 50, 0],
        [1000, 50, 0],
        [2000, 50, 0],
        [3000, 50, 0],
        [4000, 50 + pct, 0],
      ],
      lopsided,
    ).at(-1) ?? '';
  assert.equal([step(2.33), step(2.34)], ['', 'IMPLAUSIBLE']);
});

/** Looks every 10 s for 80 s. */
const standing = (w: number, orderedW: number): Look[] =>
  Array.from({ length: 9 }, (_, at) => [10_000 * (at + 1), 50, w, orderedW]);
const LARGE = asset({ capacityWh: 1e6, maxChargePowerW: 100_000, maxDischargePowerW: 10_000 });

const STANDS: readonly (readonly [title: string, first: Look, then: Look[], frozen: boolean])[] = [
  ['where it is ordered to be', [1000, 50, 3000, 0], standing(3000, 3000), false],
  ['where another order wants it', [1000, 50, 3000, 3000], standing(3000, 9000), true],
  ['while the opposite is ordered', [1000, 50, 9000, 9000], standing(9000, -9000), true],
  ['while 5 % of the larger rating more is ordered', [1000, 50, 0, 0], standing(0, 5000), false],
  ['while more than that is ordered', [1000, 50, 0, 0], standing(0, 5001), true],
  ['with the order that it had', [1000, 50, 9000, 1000], standing(9000, 1000), false],
];
for (const [title, first, then, frozen] of STANDS)
  test(`a power that does not move by a digit, ${title}: ${frozen ? 'frozen' : 'believed'}`, () => {
    const found = doubts([first, ...then], LARGE);
    assert.is(found.includes('FROZEN'), frozen);
    // Since the look at 10 s: at 60 s it is no minute yet, at 70 s it is.
    if (frozen) assert.equal([found[6], found[7]], ['', 'FROZEN']);
  });

test('a small battery is given 500 W', () => {
  const small = asset({ capacityWh: 1e6, maxChargePowerW: 3000, maxDischargePowerW: 3000 });
  assert.is(doubts([[1000, 50, 0], ...standing(0, 500)], small).includes('FROZEN'), false);
  assert.is(doubts([[1000, 50, 0], ...standing(0, 501)], small).includes('FROZEN'), true);
});

test.run();
