/** A stop without effect: when the battery may be disconnected, and when not. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LatchRecord } from '../../../contracts/latch.ts';
import {
  believesDisconnect,
  isStopped,
  latchForSecondMeans,
  watchStop,
} from '../../../machines/device/second-means.ts';
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

const ARMED: LatchRecord = { version: 1, epoch: 5, estop: null, trips: {}, maintenance: {} };
const PRESSED: LatchRecord = { ...ARMED, estop: { sinceWallMs: 0, reason: 'smoke', issuer: 'eve' } };
const TRIPPED: LatchRecord = { ...ARMED, trips: { a: { kind: 'trip', cause: 'hot', sinceWallMs: 0 } } };
const FAULTY: LatchRecord = { ...ARMED, trips: { a: { kind: 'fault', cause: 'arc', sinceWallMs: 0 } } };

test('an E-stop and a trip of the asset are stops; a fault, and the trip of another one, are none', () => {
  assert.equal(
    [PRESSED, TRIPPED, FAULTY, ARMED].map((latch) => isStopped(latch, 'a')),
    [true, true, false, false],
  );
  assert.is(isStopped(TRIPPED, 'b'), false);
});

test('a request to disconnect is believed under the very stop for which it was made', () => {
  assert.is(believesDisconnect(PRESSED, 'a', 5), true);
  assert.is(believesDisconnect(PRESSED, 'a', 4), false);
  assert.is(believesDisconnect(ARMED, 'a', 5), false);
});

test('a management system sees a trip of its own once it was asked, the tag of its asset, and no E-stop', () => {
  const means = { ownId: 'a-bms', disconnects: 'a', disconnect: undefined };
  const asked = { ...means, disconnect: 'moved power' };
  assert.equal(latchForSecondMeans(PRESSED, means), ARMED);
  const own = { ...ARMED, trips: { 'a-bms': { kind: 'trip', cause: 'moved power', sinceWallMs: 0 } } };
  assert.equal([latchForSecondMeans(PRESSED, asked), latchForSecondMeans(TRIPPED, asked)], [own, own]);
  assert.equal([latchForSecondMeans(FAULTY, asked), latchForSecondMeans(ARMED, asked)], [ARMED, ARMED]);
  const tag = { tag: 'LOTO', reason: 'fan', issuer: 'ana' };
  const tagged = { ...ARMED, maintenance: { a: tag, b: tag } };
  assert.equal(latchForSecondMeans(tagged, means), { ...ARMED, maintenance: { 'a-bms': tag } });
});

test.run();
