/** What a driver makes of the latch: a table of what it knew, what it is told, and what follows. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LatchRecord } from '../../../contracts/latch.ts';
import type { OperationContext } from '../../../contracts/operation.ts';
import { followLatch } from '../../../machines/device/follow-latch.ts';

const test = suite('following the latch');

const latch = (epoch: number, more: Partial<LatchRecord> = {}): LatchRecord => ({
  version: 1,
  epoch,
  estop: null,
  trips: {},
  maintenance: {},
  ...more,
});
const ESTOP = { estop: { sinceWallMs: 0, reason: 'r', issuer: 'i' } };
const trips = (kind: 'trip' | 'fault') => ({ trips: { a: { kind, cause: 'hot', sinceWallMs: 0 } } });
const TAG = { maintenance: { a: { tag: 't', reason: 'r', issuer: 'i' } } };
const known = (more: Partial<OperationContext> = {}): OperationContext => ({
  assetId: 'a',
  stopTimeoutMs: 1,
  order: undefined,
  holding: false,
  estopped: false,
  trip: undefined,
  fault: undefined,
  maintenance: undefined,
  ...more,
});

const ROWS: readonly (readonly [string, OperationContext, number, LatchRecord, readonly string[]])[] = [
  ['nothing stands, nothing follows', known(), 1, latch(1), []],
  ['an E-stop engages', known(), 1, latch(2, ESTOP), ['ESTOP']],
  ['an E-stop that stood before this driver engages too', known(), 0, latch(2, ESTOP), ['ESTOP']],
  ['the same E-stop told twice engages once', known({ estopped: true }), 2, latch(2, ESTOP), []],
  ['pressed again engages again', known({ estopped: true }), 2, latch(3, ESTOP), ['ESTOP']],
  ['a reset is followed', known({ estopped: true }), 2, latch(3), ['ESTOP_RESET']],
  ['a record from before the E-stop resets nothing', known({ estopped: true }), 2, latch(1), []],
  ['a late E-stop of an older epoch engages nothing', known(), 3, latch(2, ESTOP), []],
  ['a trip, beside a fault that stood', known({ fault: 'arc' }), 1, latch(1, trips('trip')), ['TRIP']],
  ['the same trip told twice', known({ trip: 'hot' }), 1, latch(1, trips('trip')), []],
  ['the same fault told twice', known({ fault: 'arc' }), 1, latch(1, trips('fault')), []],
  ['the same tag told twice', known({ maintenance: 't' }), 1, latch(1, TAG), []],
  ['a fault', known(), 1, latch(1, trips('fault')), ['FAULT']],
  ['a reset of a trip or a fault', known({ fault: 'arc' }), 1, latch(1), ['TRIP_RESET']],
  ['tagged out', known(), 1, latch(1, TAG), ['MAINTENANCE_ON']],
  ['the tag is taken away', known({ maintenance: 't' }), 1, latch(1), ['MAINTENANCE_OFF']],
  [
    'everything at once, the E-stop first',
    known(),
    1,
    latch(2, { ...ESTOP, ...trips('trip'), ...TAG }),
    ['ESTOP', 'TRIP', 'MAINTENANCE_ON'],
  ],
];
for (const [title, context, epoch, record, events] of ROWS) {
  test(title, () => {
    assert.equal(
      followLatch(context, epoch, record, 'a').map(({ event }) => event.type),
      events,
    );
  });
}

test('the latches of another asset are none of ours', () => {
  assert.equal(followLatch(known(), 1, latch(1, { ...trips('trip'), ...TAG }), 'b'), []);
});

test('whatever stops an order says why', () => {
  const steps = followLatch(known(), 1, latch(2, { ...ESTOP, ...trips('trip'), ...TAG }), 'a');
  assert.equal(
    steps.map(({ ends }) => ends),
    ['ESTOP_LATCHED', 'TRIPPED', 'MAINTENANCE'],
  );
  assert.equal(followLatch(known(), 1, latch(1, trips('fault')), 'a'), [
    { event: { type: 'FAULT', cause: 'hot' }, ends: 'TRIPPED' },
  ]);
});

test.run();
