/** When an order counts as written, and which ones end when a dispatcher begins anew. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { endsUnanswered, isCarriedOut } from '../../../machines/device/order-answer.ts';
import type { Posture, Situation } from '../../../machines/device/posture.ts';
import { permit } from '../support.ts';
import { ORDER, SITUATION } from './situation.ts';

const test = suite('answers to orders');

/** Of an order for 3000 W. */
const carriedOut = (posture: Posture | undefined, isOwn = false, more: Partial<Situation> = {}, w = 3000): boolean =>
  isCarriedOut({ ...SITUATION, posture, ...more }, { ...ORDER, w }, isOwn);
const power = (w: number): Posture => ({ kind: 'power', w });

test('power that was written for the order carries it out, whatever a ramp has made of it', () => {
  assert.equal([carriedOut(power(500), true), carriedOut(power(500))], [true, false]);
});

test('power of the order before carries it out where it is the same to the watt', () => {
  assert.equal([carriedOut(power(3000.9)), carriedOut(power(3001))], [true, false]);
  assert.equal([carriedOut(power(2999.1)), carriedOut(power(2999))], [true, false]);
});

test('or where the permit leaves no more of the order than that', () => {
  const cut = { permit: permit({ maxDischargeW: 1000 }) };
  assert.equal([carriedOut(power(1000), false, cut), carriedOut(power(1001), false, cut)], [true, false]);
  assert.is(carriedOut(power(1000), false, { permit: undefined }), false);
});

test('power that stands as the order wants it carries it out, though the permit has just cut both', () => {
  const cut = { permit: permit({ maxDischargeW: 1000 }) };
  assert.equal([carriedOut(power(3000), false, cut), carriedOut(power(2000), false, cut)], [true, false]);
});

test('a hold carries out an order for no power, and is on the way to any other', () => {
  const hold: Posture = { kind: 'hold' };
  assert.equal(
    [carriedOut(hold, true), carriedOut(hold, true, {}, 0), carriedOut(hold, true, {}, -0.9)],
    [false, true, true],
  );
  assert.is(carriedOut(hold, true, {}, 1), false);
});

test('a device in an unknown state carries out nothing', () => {
  assert.equal([carriedOut(undefined, true), carriedOut(undefined)], [false, false]);
});

test('a device that runs by its own control or was stopped carries out no order, also none for no power', () => {
  const release: Posture = { kind: 'release', charge: true, discharge: true };
  assert.equal(
    [carriedOut(release), carriedOut(release, true), carriedOut(release, true, {}, 0)],
    [false, false, false],
  );
  assert.equal([carriedOut({ kind: 'estop' }), carriedOut({ kind: 'estop' }, true, {}, 0)], [false, false]);
});

test('an order ends with its dispatcher unless its first write was told', () => {
  assert.equal(
    [endsUnanswered(ORDER, undefined), endsUnanswered(ORDER, 'other'), endsUnanswered(ORDER, ORDER.id)],
    [true, true, false],
  );
  assert.is(endsUnanswered(undefined, undefined), false);
});

test.run();
