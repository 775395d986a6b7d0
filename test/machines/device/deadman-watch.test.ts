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

test('a sample from before the arming says nothing', () => {
  assert.is(watchDeadman(UNWATCHED, { remainingS: 5, readAtMs: 400, armedAtMs: 500 }), UNWATCHED);
});

test.run();
