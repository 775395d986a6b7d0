/** The helm's purposes, its re-arming and re-asserting to the millisecond, and which registers it leaves alone. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SequenceName } from '../../../contracts/profile.ts';
import { kindOf, notWritten, polled, setAside, UNTOUCHED, written } from '../../../machines/device/helm.ts';
import type { Course } from '../../../machines/device/helm.ts';
import type { Posture } from '../../../machines/device/posture.ts';
import { huawei } from '../support.ts';
import { Bench, ESTOP, HOLD } from './bench.ts';

const test = suite('helm, its edges');

const power = (w: number): Posture => ({ kind: 'power', w });
const release = (charge = true, discharge = true): Posture => ({ kind: 'release', charge, discharge });
const purposeOf = (course: Course): string => (course.go === 'write' ? course.passage.purpose : course.go);
const sequenceOf = (course: Course): string => (course.go === 'write' ? course.passage.sequence : course.go);

for (const [wanted, purpose, sequence] of [
  [power(3000), 'order', 'discharge'],
  [power(-3000), 'order', 'charge'],
  [release(), 'release', 'release'],
  [ESTOP, 'estop', 'estop'],
  [HOLD, 'hold', 'hold'],
] as const)
  test(`a device in an unknown state is brought to ${sequence} for the purpose of ${purpose}`, () => {
    const course = new Bench().ask(wanted);
    assert.equal([purposeOf(course), sequenceOf(course)], [purpose, sequence]);
  });

const KINDS: Readonly<Record<SequenceName, 'safe' | 'power'>> = {
  charge: 'power',
  discharge: 'power',
  release: 'power',
  hold: 'safe',
  blockCharge: 'safe',
  blockDischarge: 'safe',
  estop: 'safe',
};
for (const [sequence, kind] of Object.entries(KINDS))
  test(`${sequence} is a ${kind} write`, () => assert.is(kindOf(sequence as SequenceName), kind));

test('closing one direction of a released device writes that direction alone', () => {
  const bench = new Bench();
  bench.goTo(release());
  assert.is(sequenceOf(bench.ask(release(false, true))), 'blockCharge');
  const other = new Bench();
  other.goTo(release());
  assert.is(sequenceOf(other.ask(release(true, false))), 'blockDischarge');
  const held = new Bench();
  held.goTo(HOLD);
  assert.is(sequenceOf(held.ask(release(true, false))), 'release');
});

test('the dead-man is armed again every 30 s while there is power, from the last write on', () => {
  const bench = new Bench();
  bench.goTo(power(3000));
  bench.nowMs += 29_999;
  assert.is(bench.ask(power(3000)).go, 'stay');
  bench.nowMs += 1;
  assert.is(purposeOf(bench.ask(power(3000))), 'rearm');
});

test('what holds is never armed again, and was not armed by being held', () => {
  const bench = new Bench();
  bench.goTo(power(3000));
  bench.nowMs = 20_000;
  bench.goTo(HOLD);
  assert.is(bench.state.armedAtMs, 1000);
  bench.nowMs = 1e9;
  assert.is(bench.ask(HOLD).go, 'stay');
});

test('a device without a dead-man is not armed', () => {
  const bench = new Bench();
  if (!huawei.control) throw new Error('no control');
  const { deadman: _deadman, ...control } = huawei.control;
  bench.profile = { ...huawei, control };
  bench.goTo(power(3000));
  bench.nowMs = 1e9;
  assert.is(bench.ask(power(3000)).go, 'stay');
});

test('a hold and an E-stop that write the power of the order write none', () => {
  if (!huawei.control) throw new Error('no control');
  const { control } = huawei;
  const steps = [{ set: { forcible_discharge_power: 'magnitude' }, trigger: true }] as const;
  for (const wanted of [HOLD, ESTOP]) {
    const bench = new Bench();
    bench.profile = { ...huawei, control: { ...control, sequences: { ...control.sequences, [wanted.kind]: steps } } };
    bench.registers['forcible_discharge_power'] = 3000;
    const course = bench.ask(wanted);
    assert.ok(course.go === 'write', course.go);
    assert.equal(course.transaction.values, { forcible_discharge_power: 0 });
  }
});

test('after a breach a hold and an E-stop are asserted again, once a poll, and power is not', () => {
  for (const wanted of [HOLD, ESTOP]) {
    const bench = new Bench();
    bench.goTo(wanted);
    bench.state = polled(bench.state, { differs: false, breach: true });
    const course = bench.ask(wanted);
    assert.is(course.go, 'write');
    assert.is(course.state.reassert, false);
    bench.state = written(course.state, bench.nowMs);
    assert.is(bench.ask(wanted).go, 'stay');
  }
  const bench = new Bench();
  bench.goTo(power(3000));
  bench.state = polled(bench.state, { differs: false, breach: true });
  assert.is(bench.ask(power(3000)).go, 'stay');
});

test('a device that is let alone is left as it is, and its state unknown only half way through', () => {
  const bench = new Bench();
  bench.goTo(HOLD);
  const { state } = bench;
  assert.equal(bench.ask({ kind: 'none' }), { go: 'stay', state });
  bench.ask(power(3000));
  const { state: left } = bench.ask({ kind: 'none' });
  assert.equal(left, { ...state, posture: undefined, passage: undefined });
});

test('a passage that is set aside half way, or has taken over half way, makes the state unknown; one not begun does not', () => {
  const bench = new Bench();
  bench.goTo(power(3000));
  const stood = bench.state;
  bench.ask(power(2000));
  assert.equal(setAside({ ...stood, passage: bench.state.passage }), stood);
  bench.ask(HOLD);
  bench.state = written(bench.state, 1);
  assert.ok(bench.state.passage, 'a hold has more than one step');
  bench.ask(power(3000));
  const { posture, passage } = setAside(bench.state);
  assert.equal([posture, passage], [undefined, undefined]);
});

test('what was begun from an unknown state and failed ends no posture that the device is found in afterwards', () => {
  const bench = new Bench();
  assert.is(bench.advance(power(3000), 1), 1);
  assert.ok(bench.state.passage, 'there is more to write');
  bench.state = notWritten(bench.state);
  bench.poll();
  Object.assign(bench.registers, { limit_charge_power: 0, limit_discharge_power: 0, forcible_command: 0 });
  assert.ok(bench.ask(HOLD).go === 'stay');
  assert.is(bench.ask(power(2000)).go, 'write');
  assert.equal(setAside(bench.state).posture, HOLD, 'nothing was written since');
});

test('an acknowledgement of what nobody writes any more changes nothing, a failure makes the state unknown', () => {
  const state = { ...UNTOUCHED, posture: HOLD, armedAtMs: 7 };
  assert.equal(written(state, 5), state);
  assert.equal(notWritten(state), { ...state, posture: undefined });
});

test('a device that is found holding is told as that, with what it holds', () => {
  const bench = new Bench();
  Object.assign(bench.registers, { limit_charge_power: 0, limit_discharge_power: 0 });
  const course = bench.ask(HOLD);
  assert.ok(course.go === 'stay');
  assert.equal(course.found, { limit_charge_power: 0, limit_discharge_power: 0, forcible_command: 0 });
});

for (const [direction, sign] of [
  ['charge', -1],
  ['discharge', 1],
] as const)
  test(`the limit of ${direction} is left alone exactly as long as it lets the order through`, () => {
    for (const [w, writes] of [
      [3000, false],
      [4000, false],
      [4001, true],
    ] as const) {
      const bench = new Bench();
      bench.registers[`limit_${direction}_power`] = 4000;
      bench.goTo(power(sign * w));
      assert.is(bench.wrote(`limit_${direction}_power`), writes, `${w} W`);
    }
  });

test('limits that already have their values are not written when the device is released', () => {
  const bench = new Bench();
  bench.goTo(power(3000));
  bench.log.length = 0;
  bench.goTo(release());
  assert.is(bench.wrote('limit_charge_power'), false);
});

test('only a device that bessd never wrote, and that runs by itself, is released without a write', () => {
  const bench = new Bench();
  bench.goTo(HOLD);
  bench.untouched = true;
  assert.is(bench.ask(release()).go, 'write');
  assert.is(new Bench().ask(release()).go, 'write');
  const fresh = new Bench();
  fresh.untouched = true;
  assert.is(fresh.ask(power(3000)).go, 'write');
  const half = new Bench();
  half.untouched = true;
  half.ask(power(3000));
  assert.is(half.ask(release()).go, 'write');
});

test.run();
