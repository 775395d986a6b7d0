/** Is the timer of the device seen to count? Tables of what it shows, poll by poll, with an arming now and then. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UNWATCHED, watchDeadman } from '../../../machines/device/deadman-watch.ts';
import type { DeadmanWatch } from '../../../machines/device/deadman-watch.ts';

const test = suite('dead-man watch');

/** A poll every second from 1 s on; armed again every ten seconds, half a second before the poll. */
const ROWS: readonly (readonly [title: string, shown: readonly (number | undefined)[], end: DeadmanWatch['state']])[] =
  [
    ['nothing shown yet', [], 'unproven'],
    ['falling, not armed again yet', [30, 29, 28, 27], 'unproven'],
    ['fallen and jumped back', [30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 30], 'armed'],
    ['falling in steps of two seconds', [30, 30, 28, 28, 26, 26, 24, 24, 22, 22, 30], 'armed'],
    ['fallen and not jumped back', [30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20], 'not_counting'],
    ['standing still', [30, 30, 30, 30, 30], 'not_counting'],
    ['still for two polls only', [30, 30, 30], 'unproven'],
    ['zero all the time', [0, 0, 0, 0, 0], 'not_counting'],
    ['no number all the time', [undefined, undefined, undefined, undefined, undefined], 'not_counting'],
    ['standing still, then counting', [30, 30, 30, 30, 30, 29, 28, 27, 26, 25, 30], 'armed'],
  ];
for (const [title, shown, end] of ROWS) {
  test(`${title}: ${end}`, () => {
    let watch = UNWATCHED;
    shown.forEach((remainingS, at) => {
      const armedAtMs = Math.floor(at / 10) * 10_000 + 500;
      watch = watchDeadman(watch, { remainingS, readAtMs: 1000 + at * 1000, armedAtMs });
    });
    assert.is(watch.state, end);
  });
}

test('a sample from before the arming, or of that very moment, says nothing', () => {
  for (const readAtMs of [400, 500])
    assert.is(watchDeadman(UNWATCHED, { remainingS: 5, readAtMs, armedAtMs: 500 }), UNWATCHED);
});

/** Armed at 500 ms and seen to fall from 30 s to 20 s; armed again at 10 s. */
const FALLEN: DeadmanWatch = { state: 'unproven', armedAtMs: 500, firstAtMs: 1000, lastS: 20, fell: true };
const rearmed = (remainingS: number | undefined, before: Partial<DeadmanWatch> = {}): DeadmanWatch['state'] =>
  watchDeadman({ ...FALLEN, ...before }, { remainingS, readAtMs: 10_500, armedAtMs: 10_000 }).state;

test('only a timer that fell, and that shows more after the next arming, is seen to count', () => {
  assert.equal([rearmed(20.1), rearmed(20), rearmed(undefined)], ['armed', 'not_counting', 'not_counting']);
  assert.is(rearmed(30, { lastS: undefined }), 'not_counting', 'from nothing it jumps nowhere');
  assert.is(rearmed(30, { fell: false }), 'unproven', 'it did not fall');
});

test('with each arming the look begins anew', () => {
  assert.equal(watchDeadman(FALLEN, { remainingS: 30, readAtMs: 10_500, armedAtMs: 10_000 }), {
    state: 'armed',
    armedAtMs: 10_000,
    firstAtMs: 10_500,
    lastS: 30,
    fell: false,
  });
});

/** Armed at 500 ms, first seen at 1 s. */
const STILL: DeadmanWatch = { ...FALLEN, lastS: 30, fell: false };
const poll = (remainingS: number | undefined, readAtMs: number, before: Partial<DeadmanWatch> = {}): DeadmanWatch =>
  watchDeadman({ ...STILL, ...before }, { remainingS, readAtMs, armedAtMs: 500 });

test('less than before is a fall; as much, or what is no number, is none', () => {
  assert.equal([poll(29, 2000).fell, poll(30, 2000).fell, poll(undefined, 2000).fell], [true, false, false]);
  assert.is(poll(29, 2000, { lastS: undefined }).fell, false, 'nor is the first number');
});

test('a timer that stands for 3 s does not count, one that fell once may stand', () => {
  assert.equal([poll(30, 3999).state, poll(30, 4000).state], ['unproven', 'not_counting']);
  assert.is(poll(30, 4000, { fell: true }).state, 'unproven');
});

test('a poll without a number keeps the last one', () => {
  assert.equal([poll(undefined, 2000).lastS, poll(31, 2000).lastS, poll(0, 2000, { lastS: 0 }).lastS], [30, 31, 0]);
});

test.run();
