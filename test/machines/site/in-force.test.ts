/** The site order in force: who is out of it, for what, and when it is shared again. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LatchRecord } from '../../../contracts/latch.ts';
import type { OrderPhase } from '../../../contracts/messages.ts';
import { beginOrder, hearOfLatch, hearOfShare, leaveOrder } from '../../../machines/site/in-force.ts';

const test = suite('site order in force');

const ORDER = { id: 'o', reference: 'ac', expiresAtMs: 1, expiresAtWallMs: 1, epoch: 1, issuer: 'i' } as const;
const FORCE = beginOrder(ORDER, 9000);
const phase = (name: OrderPhase['phase'], more: Partial<OrderPhase> = {}): OrderPhase => ({
  type: 'ORDER_PHASE',
  assetId: 'a',
  id: 'o',
  phase: name,
  ...more,
});
const ARMED: LatchRecord = { version: 1, epoch: 1, estop: null, trips: {}, maintenance: {} };
const TRIP = { kind: 'trip', cause: 'hot', sinceWallMs: 0 } as const;

test('an order begins with everybody in it', () => {
  assert.equal(FORCE, { order: ORDER, requestedW: 9000, left: new Set(), solveAgain: false });
});

for (const [what, told, left, again] of [
  ['a share that is written goes on', phase('written'), [], false],
  ['one that is verified goes on', phase('verified'), [], false],
  ['one that is refused is offered to the others', phase('refused'), ['a'], true],
  ['so is one that failed', phase('failed'), ['a'], true],
  ['and one that the battery does not follow', phase('not_following'), ['a'], true],
  ['and one that its permit stopped', phase('stopped', { code: 'LIMIT' }), ['a'], true],
  ['one that a person stopped is not offered to anybody', phase('stopped', { code: 'STOPPED' }), [], false],
  ['an asset that got another order is out of it', phase('superseded'), ['a'], false],
  ['what is said of another order changes nothing', phase('failed', { id: 'x' }), [], false],
] as const)
  test(what, () => {
    const force = hearOfShare(FORCE, told);
    assert.equal([[...(force?.left ?? [])], force?.solveAgain], [left, again]);
  });

test('it is over when its time is, and the end of another one is not its own', () => {
  assert.is(hearOfShare(FORCE, phase('expired')), undefined);
  assert.is(hearOfShare(FORCE, phase('expired', { id: 'x' })), FORCE);
});

test('who has left stays out, and nobody else with him', () => {
  const force = leaveOrder(leaveOrder(FORCE, 'a'), 'b');
  assert.equal([...force.left], ['a', 'b']);
  assert.equal([...(hearOfShare(force, phase('written'))?.left ?? [])], ['a', 'b']);
});

test('a reset starts nothing: who was tripped is out, who still is may be out later', () => {
  const tripped: LatchRecord = { ...ARMED, trips: { a: TRIP, b: TRIP } };
  assert.equal([...(hearOfLatch(FORCE, tripped, { ...ARMED, trips: { b: TRIP } })?.left ?? [])], ['a']);
  assert.equal([...(hearOfLatch(FORCE, tripped, tripped)?.left ?? ['x'])], []);
  assert.is(hearOfLatch(FORCE, undefined, ARMED), FORCE);
});

test('a tag that is taken away starts nothing: who was tagged out is out', () => {
  const tag = { tag: 't', reason: 'r', issuer: 'i' };
  const tagged: LatchRecord = { ...ARMED, maintenance: { a: tag, b: tag } };
  assert.equal([...(hearOfLatch(FORCE, tagged, { ...ARMED, maintenance: { b: tag } })?.left ?? [])], ['a']);
  assert.equal([...(hearOfLatch(FORCE, tagged, tagged)?.left ?? ['x'])], []);
});

test('an E-stop ends it for all', () => {
  const pressed = { ...ARMED, estop: { sinceWallMs: 0, reason: 'r', issuer: 'i' } };
  assert.is(hearOfLatch(FORCE, ARMED, pressed), undefined);
});

test.run();
