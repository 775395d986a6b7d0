/** A stop without effect: when the battery may be disconnected, and when not. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { watchStop } from '../../../machines/device/second-means.ts';
import type { StopLook } from '../../../machines/device/second-means.ts';

const STUCK: StopLook = {
  nowMs: 60_000,
  operation: 'tripped',
  stuckOn: true,
  powerW: 20_000,
  ratingW: 100_000,
  settleMs: 25_000,
};
const LONG_AGO = 35_000;

const ROWS: readonly (readonly [title: string, look: Partial<StopLook>, due: boolean])[] = [
  ['power that was measured through a second settling time after an E-stop or a trip', {}, true],
  ['charging counts as discharging does', { powerW: -20_000 }, true],
  ['a second stop that has not had its time yet', { nowMs: 59_999 }, false],
  ['a stop that has its effect', { stuckOn: false }, false],
  ['an orderly stop, without E-stop or trip', { operation: 'standby' }, false],
  ['a fault of the device, which is held', { operation: 'fault' }, false],
  ['an asset that is tagged out', { operation: 'maintenance' }, false],
  ['a power that nobody measures', { powerW: undefined }, false],
  ['a power within the tolerance of zero', { powerW: 2000 }, false],
  ['a power that is no number', { powerW: Number.NaN }, false],
];

for (const [title, look, due] of ROWS)
  test(`${title}: ${due ? 'the battery is disconnected' : 'no contactor opens'}`, () => {
    assert.is(watchStop(LONG_AGO, { ...STUCK, ...look }).due, due);
  });

test('the time counts from the first look without effect, and begins anew after each effect', () => {
  assert.equal(watchStop(undefined, STUCK), { since: 60_000, due: false });
  assert.is(watchStop(LONG_AGO, { ...STUCK, stuckOn: false }).since, undefined);
});

test.run();
