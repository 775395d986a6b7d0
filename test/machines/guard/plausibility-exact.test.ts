/** What is doubted to the last digit: the moment at which a pause ends, the step that is still none, the order that is followed. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { NOTHING_SEEN, plausible } from '../../../machines/guard/plausibility.ts';
import type { Seen } from '../../../machines/guard/plausibility.ts';
import { asset, frame, sample, without } from '../support.ts';

const test = suite('plausibility, to the digit');

test('after the pause that a wrong balance costs a value is believed at its very end', () => {
  const doubtsAt = (atMs: number): readonly string[] =>
    plausible({ ...NOTHING_SEEN, socPct: [50], doubtedUntilMs: 1000 }, frame({}, atMs), asset()).doubts;
  assert.equal([doubtsAt(999), doubtsAt(1000)], [['IMPLAUSIBLE'], []]);
});

test('the largest step that full power and the resolution can explain is no jump', () => {
  // No time between the two, so that only the resolution counts: 1.5 %.
  const seen: Seen = { ...NOTHING_SEEN, socPct: [50], atMs: 1000 };
  const doubtsOf = (socPct: number): readonly string[] =>
    plausible(seen, frame({ socPct: [socPct] }, 1000), asset()).doubts;
  assert.equal([doubtsOf(51.5), doubtsOf(48.5), doubtsOf(51.6)], [[], [], ['IMPLAUSIBLE']]);
});

test('a power that stands is ignored only where the order changed, and wants another one, by more than 5 %', () => {
  const ignoredSince = (w: number, before: number, orderedW: number): number | undefined => {
    const seen: Seen = { ...NOTHING_SEEN, power: { w, orderedW: before, ignoredSinceMs: undefined } };
    return plausible(seen, frame({ batteryPowerW: [w] }, 2000), asset(), orderedW).seen.power.ignoredSinceMs;
  };
  assert.equal([ignoredSince(0, 3000, 3500), ignoredSince(0, 3000, 3501)], [undefined, 2000], 'the order');
  assert.is(ignoredSince(3000, 9000, 3000), undefined, 'it is where it should be');
  assert.equal([ignoredSince(3000, 9000, 3500), ignoredSince(3000, 9000, 3501)], [undefined, 2000], 'the distance');
});

test('values are compared one by one, not by the row of their digits', () => {
  const look = (voltageV: number, currentA: number, nowMs: number, before: Seen = NOTHING_SEEN): Seen =>
    plausible(before, frame({ voltageV: [voltageV], currentA: [currentA] }, nowMs), asset()).seen;
  assert.is(look(1, 23, 2000, look(12, 3, 1000)).sameSinceMs, 2000);
  assert.is(look(12, 3, 2000, look(12, 3, 1000)).sameSinceMs, 1000);
});

test('a state of charge that is no number settles nothing, and hides no jump behind it', () => {
  const looks = [50, Number.NaN, Number.NaN, Number.NaN, 90];
  let seen: Seen = { ...NOTHING_SEEN, settled: 0 };
  const seenAfter = looks.map((socPct, at) => {
    const result = plausible(seen, frame({ socPct: [socPct] }, 1000 * (at + 1)), asset());
    seen = result.seen;
    return [seen.settled, seen.socPct[0]];
  });
  assert.equal(seenAfter, [
    [1, 50],
    [1, 50],
    [1, 50],
    [1, 50],
    [0, 90],
  ]);
});

test('before a state of charge was ever seen none is known', () => {
  const missing = sample(0, 1000, { value: undefined, quality: 'missing' });
  assert.equal(plausible(NOTHING_SEEN, frame({ socPct: [missing] }, 1000), asset()).seen.socPct, [undefined]);
});

test('a device without a state of charge has none that is kept, and settles all the same', () => {
  const seen: Seen = { ...NOTHING_SEEN, settled: 0 };
  const { seen: after } = plausible(seen, without(frame({}, 1000), 'socPct'), asset());
  assert.equal([after.socPct, after.settled], [[], 1]);
  assert.is(plausible(seen, frame({ socPct: [] }, 1000), asset()).seen.settled, 0, 'one that should have it does not');
});

test.run();
