/** The helm at devices that are not the usual one: other resolutions, a hold that needs what is not known, one without a trigger. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { BoundProfile } from '../../../contracts/profile.ts';
import { startOver, written } from '../../../machines/device/helm.ts';
import type { HelmState } from '../../../machines/device/helm.ts';
import { huawei } from '../support.ts';
import { Bench, HOLD } from './bench.ts';

const test = suite('helm, other devices');

type Hold = NonNullable<BoundProfile['control']>['sequences']['hold'];

function withHold(hold: Hold): BoundProfile {
  const { control } = huawei;
  if (!control) throw new Error('no control');
  return { ...huawei, control: { ...control, sequences: { ...control.sequences, hold } } };
}

function withGain(gain: number): BoundProfile {
  const { limit_charge_power: row } = huawei.points;
  if (!row) throw new Error('no limit');
  return { ...huawei, points: { ...huawei.points, limit_charge_power: { ...row, gain } } };
}

for (const [gain, offW, holds] of [
  [1, 0.49, true],
  [1, 0.5, false],
  [10, 0.04, true],
  [10, 0.06, false],
  [0.1, 4.9, true],
  [0.1, 5, false],
] as const)
  test(`a limit that is off by ${offW} ${holds ? 'is' : 'is not'} zero for a register of ${1 / gain} W a step`, () => {
    const bench = new Bench();
    bench.profile = withGain(gain);
    Object.assign(bench.registers, { limit_charge_power: offW, limit_discharge_power: 0 });
    assert.is(bench.ask(HOLD).go, holds ? 'stay' : 'write');
  });

test('a hold by other values than zero is recognised too', () => {
  const bench = new Bench();
  bench.profile = withHold([{ set: { limit_charge_power: 20 }, trigger: true }]);
  bench.registers['limit_charge_power'] = 20;
  const course = bench.ask(HOLD);
  assert.ok(course.go === 'stay');
  assert.equal([course.state.posture, course.found], [HOLD, { limit_charge_power: 20 }]);
});

test('a hold that needs a value which is not known says which one, at first and when it is asserted again', () => {
  const bench = new Bench();
  bench.profile = withHold([{ set: { limit_charge_power: 'original' }, trigger: true }]);
  bench.values = { ...bench.values, originals: {} };
  const { state } = bench;
  assert.equal(bench.ask(HOLD), { go: 'stuck', state, missing: 'limit_charge_power' });
  const held: HelmState = { ...state, posture: HOLD, reassert: true };
  bench.state = held;
  assert.equal(bench.ask(HOLD), { go: 'stuck', state: held, missing: 'limit_charge_power' });
});

test('a hold without a trigger is not asserted again', () => {
  const bench = new Bench();
  bench.profile = withHold([{ set: { limit_charge_power: 0 }, trigger: false }]);
  const held: HelmState = { ...bench.state, posture: HOLD, reassert: true };
  bench.state = held;
  assert.equal(bench.ask(HOLD), { go: 'stay', state: { ...held, reassert: false } });
});

test('a sequence ends with its last write, and one whose last registers hold their values without it', () => {
  const bench = new Bench();
  bench.goTo(HOLD);
  const course = bench.ask({ kind: 'power', w: 3000 });
  assert.ok(course.go === 'write');
  const { passage } = course;
  const last: HelmState = { ...course.state, passage: { ...passage, at: passage.transactions.length - 1 } };
  const after = written(last, 5000);
  assert.equal([after.passage, after.posture, after.armedAtMs], [undefined, { kind: 'power', w: 3000 }, 5000]);

  const held = new Bench();
  held.profile = withHold([
    { set: { forcible_command: 0 }, trigger: true },
    { set: { limit_charge_power: 5000 }, trigger: false },
  ]);
  held.registers['forcible_command'] = 2;
  held.advance(HOLD, 1);
  const end = held.ask(HOLD);
  assert.ok(end.go === 'stay');
  assert.equal([end.completed?.sequence, end.state.posture, held.log.length], ['hold', HOLD, 1]);
});

test('a device that runs by itself counts as released only when it is to be released', () => {
  const bench = new Bench();
  bench.untouched = true;
  assert.is(bench.ask({ kind: 'power', w: 3000 }).state.posture, undefined);
});

test('starting over forgets posture, passage and failure, and nothing else', () => {
  const bench = new Bench();
  const course = bench.ask({ kind: 'power', w: 3000 });
  const state: HelmState = {
    ...course.state,
    posture: HOLD,
    armedAtMs: 7,
    reassert: true,
    waitForPoll: true,
    failed: 'hold',
  };
  const over = {
    posture: undefined,
    passage: undefined,
    midway: false,
    armedAtMs: 7,
    reassert: true,
    waitForPoll: false,
    failed: 'hold',
  };
  assert.ok(state.passage);
  assert.equal(startOver(state), over);
});

/** Forcing with a power in its register, as an order does: a hold writes the power first, and engages the device by the same write. */
const ENGAGING: Hold = [
  { set: { forcible_charge_power: 0 }, trigger: true },
  { set: { forcible_command: 1 }, trigger: true },
  { set: { limit_charge_power: 0 }, trigger: false },
];

function released(refuses: string): Bench {
  const bench = new Bench();
  bench.profile = withHold(ENGAGING);
  Object.assign(bench.registers, { forcible_charge_power: 4000, forcible_command: 0 });
  bench.refuses = refuses;
  return bench;
}

const tried = ({ log }: Bench): readonly string[] => log.map(({ values }) => Object.keys(values).join());

test('what engages the device waits for a power that it refused to set to zero, and nothing else does', () => {
  const bench = released('forcible_charge_power');
  bench.advance(HOLD, 1);
  bench.refuses = undefined;
  bench.advance(HOLD, 20);
  assert.equal(tried(bench), [
    'forcible_charge_power',
    'limit_charge_power',
    'forcible_charge_power',
    'forcible_command',
  ]);
  assert.equal(bench.state.posture, HOLD);
});

test('a device that keeps the power that it has is not engaged, poll after poll', () => {
  const bench = released('forcible_charge_power');
  for (let poll = 0; poll < 3; poll += 1) bench.goTo(HOLD);
  assert.is(bench.registers['forcible_command'], 0);
  assert.is(bench.registers['limit_charge_power'], 0);
  assert.is(bench.state.posture, undefined);
});

test('what engages the device is tried again itself, as the last of all', () => {
  const bench = released('forcible_command');
  bench.goTo(HOLD);
  assert.equal(tried(bench), ['forcible_charge_power', 'forcible_command', 'limit_charge_power', 'forcible_command']);
});

test('of two steps that were refused the one that engages comes after the other', () => {
  const bench = released('everything');
  bench.profile = withHold([
    { set: { forcible_command: 1 }, trigger: true },
    { set: { forcible_charge_power: 0 }, trigger: true },
    { set: { limit_charge_power: 0 }, trigger: false },
  ]);
  bench.advance(HOLD, 2);
  bench.refuses = undefined;
  bench.advance(HOLD, 20);
  assert.equal(tried(bench).slice(2), ['limit_charge_power', 'forcible_charge_power', 'forcible_command']);
});

test.run();
