/** The record of the latch: each event changes what it is named for, and nothing else. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LatchRecord } from '../../../contracts/latch.ts';
import { disarmed, engaged, tagged, tripped, untripped, wasReset } from '../../../machines/site/latch-record.ts';

const test = suite('record of the latch');

const PRESS = { sinceWallMs: 1, reason: 'smoke', issuer: 'eve' };
const TRIP = { kind: 'trip', cause: 'hot', sinceWallMs: 2 } as const;
const FAULT = { kind: 'fault', cause: 'arc', sinceWallMs: 3 } as const;
const TAG = { tag: 'LOTO', reason: 'fan', issuer: 'ana' };
const FULL: LatchRecord = { version: 1, epoch: 5, estop: PRESS, trips: { a: TRIP, b: FAULT }, maintenance: { b: TAG } };

test('a press and a reset change the E-stop and the epoch; trips and tags stay', () => {
  assert.equal(disarmed(FULL, 6), { ...FULL, epoch: 6, estop: null });
  assert.equal(engaged(disarmed(FULL, 6), 7, PRESS), { ...FULL, epoch: 7 });
});

test('a trip outweighs a fault, and what stands already is no news', () => {
  assert.is(tripped(FULL, 'a', TRIP), undefined);
  assert.is(tripped(FULL, 'a', FAULT), undefined, 'a fault beside a trip');
  assert.is(tripped(FULL, 'b', { ...FAULT, cause: 'other' }), undefined);
  assert.equal(tripped(FULL, 'b', TRIP), { ...FULL, trips: { a: TRIP, b: TRIP } });
  assert.equal(tripped(FULL, 'c', FAULT), { ...FULL, trips: { a: TRIP, b: FAULT, c: FAULT } });
});

test('the reset of one asset leaves the others, the E-stop and the tags as they are', () => {
  assert.equal(untripped(FULL, 'a'), { ...FULL, trips: { b: FAULT } });
});

test('only what is gone was reset', () => {
  assert.ok(wasReset(FULL, disarmed(FULL, 6)));
  assert.ok(wasReset(FULL, untripped(FULL, 'b')));
  const bare = untripped(untripped(disarmed(FULL, 6), 'a'), 'b');
  for (const [before, now] of [
    [undefined, bare],
    [bare, bare],
    [bare, tripped(bare, 'a', TRIP) ?? FULL],
    [FULL, FULL],
    [FULL, engaged(FULL, 6, PRESS)],
    [bare, FULL],
    [FULL, tagged(FULL, 'b', undefined)],
  ] as const)
    assert.not.ok(wasReset(before, now));
});

test('a tag is put on one asset, in the place of its last one, and taken away from one', () => {
  assert.equal(tagged(FULL, 'a', TAG), { ...FULL, maintenance: { b: TAG, a: TAG } });
  assert.equal(tagged(FULL, 'b', { ...TAG, tag: 'other' }), { ...FULL, maintenance: { b: { ...TAG, tag: 'other' } } });
  assert.equal(tagged(FULL, 'b', undefined), { ...FULL, maintenance: {} });
});

test.run();
