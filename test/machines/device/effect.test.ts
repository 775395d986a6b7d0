/** Is what was written seen to have an effect? A table of what was measured when, and what is said of it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { expectEffect, observeEffect, toleranceW } from '../../../machines/device/effect.ts';
import type { Effect } from '../../../machines/device/effect.ts';

const test = suite('effect');

const follow = (...path: readonly (readonly [atMs: number, measuredW: number | undefined])[]): Effect['state'] =>
  path.reduce(
    (effect, [atMs, measuredW]) => observeEffect(effect, measuredW, atMs, { settleMs: 25_000, ratingW: 20_000 }),
    expectEffect(5000, 0),
  ).state;

const EFFECTS: readonly (readonly [
  title: string,
  path: readonly (readonly [number, number | undefined])[],
  state: Effect['state'],
])[] = [
  ['one hit is chance', [[1000, 5000]], 'settling'],
  [
    'two hits in a row are proof, at either edge',
    [
      [1000, 4600],
      [2000, 5400],
    ],
    'verified',
  ],
  [
    'just outside is outside',
    [
      [1000, 4599],
      [2000, 5401],
    ],
    'settling',
  ],
  [
    'a miss between starts again',
    [
      [1000, 5000],
      [2000, 0],
      [3000, 5000],
    ],
    'settling',
  ],
  [
    'missing power is no hit',
    [
      [1000, 5000],
      [2000, undefined],
      [3000, 5000],
    ],
    'settling',
  ],
  [
    'power that is no number is no hit',
    [
      [1000, Number.NaN],
      [2000, Number.NaN],
    ],
    'settling',
  ],
  ['off the target before the settle time is settling', [[24_999, 0]], 'settling'],
  ['one miss is chance, also after the settle time', [[25_000, 0]], 'settling'],
  [
    'off the target twice running at the settle time is not following',
    [
      [24_000, 0],
      [25_000, 0],
    ],
    'not_following',
  ],
  [
    'missing twice running after the settle time is not following',
    [
      [25_000, undefined],
      [26_000, undefined],
    ],
    'not_following',
  ],
  [
    'what was verified and is lost before the settle time settles again',
    [
      [1000, 5000],
      [2000, 5000],
      [3000, 0],
    ],
    'settling',
  ],
  [
    'what was verified and is lost later is not following',
    [
      [1000, 5000],
      [2000, 5000],
      [30_000, 0],
      [31_000, 0],
    ],
    'not_following',
  ],
  [
    'late, but twice at the target, is verified after all',
    [
      [26_000, 0],
      [27_000, 5000],
      [28_000, 5000],
    ],
    'verified',
  ],
];
test('one miss more does not take back that the device does not follow', () => {
  const path = [
    [25_000, 0],
    [26_000, 0],
    [27_000, 5000],
  ] as const;
  assert.is(follow(...path), 'not_following', 'one hit is chance');
  assert.is(follow(...path, [28_000, 0]), 'not_following');
});

test('the settle time runs from the write', () => {
  const late = [20_000, 29_999, 30_000].reduce<Effect[]>((seen, atMs) => {
    const before = seen.at(-1) ?? expectEffect(5000, 5000);
    return [...seen, observeEffect(before, 0, atMs, { settleMs: 25_000, ratingW: 20_000 })];
  }, []);
  assert.equal(
    late.map(({ state }) => state),
    ['settling', 'settling', 'not_following'],
  );
});

for (const [title, path, state] of EFFECTS) test(title, () => assert.is(follow(...path), state));

test('the tolerance is 2 % of the rating, and 200 W at least', () => {
  assert.equal([toleranceW(5000), toleranceW(10_000), toleranceW(100_000)], [200, 200, 2000]);
});

test.run();
