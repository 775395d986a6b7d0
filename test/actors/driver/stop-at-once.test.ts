/** What is written before an answer is judged, and what is not. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Cockpit } from '../../../actors/driver/cockpit.ts';
import { concerned, lookAt } from '../../../actors/driver/stop-at-once.ts';
import { Fault } from '../../../contracts/faults.ts';
import { permit } from '../../machines/support.ts';
import { answer, bench, SERIAL_B2 } from './bench.ts';

const HOT = { temperature_3: [500] };
const MODE = 50;
const STOP = { register: MODE, words: [0] };

test('an answer that closes nothing leaves everything as it is', () => {
  const { cockpit, writes, see } = bench({ order: 3000 });
  assert.is(see(), undefined);
  assert.is(cockpit.closed, undefined);
  assert.equal(cockpit.samples, {});
  assert.equal(writes, []);
});

test('a hot battery under an order is stopped before this returns, by what its registers hold now', async () => {
  const { cockpit, writes, see } = bench({ order: 3000 });
  const stop = see(HOT);
  assert.equal(writes, [STOP]);
  const { permit: given, closed, samples } = cockpit;
  assert.is(closed?.permit, given);
  assert.is(closed?.order?.id, 'o');
  assert.equal([closed?.left.maxChargeW, closed?.left.maxDischargeW], [0, 0]);
  assert.equal(closed?.left.reasons, { charge: ['HOT_STOP'], discharge: ['HOT_STOP'] });
  assert.is(samples['mode']?.value, 3, 'what a stop writes is known');
  assert.is(await stop, true);
});

test('the judgement is left all else: the frame, the order and the permit stay, and no other point is decoded', () => {
  const { cockpit, see } = bench({ order: 3000 });
  const { frame: before, permit: given } = cockpit;
  assert.ok(see(HOT));
  assert.is(cockpit.frame, before);
  assert.is(cockpit.permit, given);
  assert.is(cockpit.operation?.getSnapshot().context.order?.id, 'o');
  assert.is(cockpit.samples['voltage'], undefined);
});

for (const [what, setup] of [
  ['no permit', { cockpit: { permit: undefined } }],
  ['no frame', { cockpit: { frame: undefined } }],
  ['a frame of the connection before', { cockpit: { firstPollAtMs: 1 } }],
  ['a permit that is closed already', { permit: { maxChargeW: 0, maxDischargeW: 0 } }],
] as const) {
  test(`with ${what} nothing is written at once`, () => {
    const { cockpit, writes, see } = bench({ order: 3000, ...setup });
    assert.is(see(HOT), undefined);
    assert.is(cockpit.closed, undefined);
    assert.equal(writes, []);
  });
}

test('one direction that closes is enough, whichever of the two', () => {
  for (const [order, empty] of [
    [3000, { soc: [100] }],
    [-3000, { temperature_1: [0] }],
  ] as const) {
    const { writes, see } = bench({ order });
    assert.ok(see({ ...empty, mode: [order > 0 ? 3 : 2] }));
    assert.equal(writes, [STOP]);
  }
});

test('an order in the direction that stays open goes on: what raises power waits for the judgement', () => {
  const { cockpit, writes, see } = bench({ order: 3000 });
  assert.is(see({ temperature_1: [0] }), undefined);
  assert.equal([cockpit.closed?.left.maxChargeW, cockpit.closed?.left.maxDischargeW], [0, 5000]);
  assert.equal(writes, []);
});

test('a second answer takes from what the first one has left, and not from the permit', () => {
  const { cockpit, see } = bench({ order: 3000 });
  assert.is(see({ temperature_1: [0] }), undefined);
  assert.ok(see({ soc: [100] }));
  assert.equal([cockpit.closed?.left.maxChargeW, cockpit.closed?.left.maxDischargeW], [0, 0]);
  assert.is(see({ soc: [100] }), undefined, 'what is closed closes no second time');
});

test('a new permit is judged anew', () => {
  const { cockpit, see } = bench({ order: 3000 });
  assert.ok(see(HOT));
  cockpit.permit = permit();
  cockpit.helm = { ...cockpit.helm, posture: undefined };
  assert.ok(see(HOT));
  assert.is(cockpit.closed?.permit, cockpit.permit);
});

test('another device in the place of ours is found out before anything is written', () => {
  const { cockpit, writes, see } = bench({ order: 3000 });
  assert.throws(
    () => see({ ...HOT, serial: SERIAL_B2 }),
    (error: unknown) => error instanceof Fault && error.code === 'WRONG_IDENTITY',
  );
  assert.equal(writes, []);
  assert.is(cockpit.closed, undefined);
});

test('where the device wants a pause, the permit is narrowed and the session writes', () => {
  const { cockpit, writes, see } = bench({ order: 3000, gapMs: 50 });
  assert.is(see(HOT), undefined);
  assert.equal(writes, []);
  assert.equal([cockpit.closed?.left.maxChargeW, cockpit.closed?.left.maxDischargeW], [0, 0]);
});

test('the door stays the only one: without the lease nothing is written', async () => {
  const { writes, see } = bench({ order: 3000, cockpit: { lease: { held: false } as Cockpit['lease'] } });
  await see(HOT);
  assert.equal(writes, []);
});

test('an order that ends is not seen by the helm: the stop is a hold, not another power', () => {
  const { cockpit, see } = bench({ order: 3000 });
  assert.ok(see(HOT));
  assert.is(cockpit.helm.passage?.sequence ?? cockpit.helm.posture?.kind, 'hold');
});

test('a stop that fails is heard by whoever waits for it, and is nobody else’s error', async () => {
  const unheard: unknown[] = [];
  const hear = (reason: unknown): void => void unheard.push(reason);
  process.on('unhandledRejection', hear);
  const { see } = bench({ order: 3000, refuses: new Fault('TIMEOUT', 'no answer') });
  const stop = see(HOT);
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', hear);
  assert.equal(unheard, []);
  const error = await stop?.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.is((error as Fault).code, 'TIMEOUT');
});

test('a block without a point that decides anything closes nothing', () => {
  const { cockpit, block } = bench();
  const dull = { ...block, points: block.points.filter(({ name }) => name === 'mode' || name === 'voltage') };
  assert.equal(lookAt(cockpit, { block: dull, words: answer(HOT) }), {});
});

test('a value that the device does not have closes nothing here', () => {
  const { see } = bench({ order: 3000 });
  assert.is(see({ temperature_1: [0x7fff], temperature_2: [0x7fff] }), undefined);
});

test('what is known before the judgement: the serial, and what may be written', () => {
  const { cockpit, block } = bench();
  const samples = concerned(cockpit, { block, words: answer(HOT), receivedAtMs: 7 });
  assert.equal(Object.keys(samples).toSorted(), ['mode', 'serial', 'setpoint', 'setpoint_time']);
  assert.is(samples['mode']?.receivedAtMs, 7);
});

test('a device that shows whether a setpoint is in force is stopped by what it shows now', () => {
  const forced = { point: 'voltage', idle: 0, charge: 1, discharge: 2 };
  const { cockpit, block } = bench({ forced });
  const samples = concerned(cockpit, { block, words: answer({ ...HOT, voltage: [20] }), receivedAtMs: 0 });
  assert.is(samples['voltage']?.value, 2);
});

test('a device that cannot be controlled is looked at all the same', () => {
  const { cockpit, block } = bench();
  Object.assign(cockpit, { bound: { ...cockpit.bound, profile: { ...cockpit.bound?.profile, control: undefined } } });
  assert.equal(lookAt(cockpit, { block, words: answer(HOT) }), { charge: 'HOT_STOP', discharge: 'HOT_STOP' });
});

test('what a block decides is found out once, and for each block by itself', () => {
  const { cockpit, block } = bench();
  const closedBy = (read: typeof block): unknown => lookAt(cockpit, { block: read, words: answer(HOT) });
  const both = closedBy(block);
  assert.equal(closedBy(block), both);
  const without = { ...block, points: block.points.filter(({ name }) => name !== 'temperature_3') };
  assert.equal(closedBy(without), {});
  assert.equal(closedBy(block), both);
});

test('where the helm has nothing to write, nothing goes out, and the permit is narrowed', () => {
  const { cockpit, writes, see } = bench({ order: 3000, helm: { kind: 'hold' } });
  assert.is(see({ ...HOT, mode: [0] }), undefined);
  assert.equal(writes, []);
  assert.is(cockpit.closed?.left.maxDischargeW, 0);
});

test.run();
