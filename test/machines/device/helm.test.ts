/** The helm against a tiny register map: every posture from every other, every interruption, every refused write. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { kindOf, notWritten, polled } from '../../../machines/device/helm.ts';
import { samePosture } from '../../../machines/device/posture.ts';
import type { Posture } from '../../../machines/device/posture.ts';
import { huawei, point } from '../support.ts';
import { Bench, ESTOP, HOLD, POSTURES, titleOf } from './bench.ts';

const test = suite('helm');

for (const from of POSTURES) {
  for (const to of POSTURES) {
    test(`from ${titleOf(from)} to ${titleOf(to)}: trigger last, limits before it, and the registers say so`, () => {
      const bench = new Bench();
      bench.goTo(from);
      bench.log.length = 0;
      bench.goTo(to);
      bench.shows(to);
      bench.neverForcedAgainst(to);
      if (!samePosture(from, to)) bench.triggerComesAfterLimits(to);
    });
  }
}

test('once there, nothing more is written', () => {
  for (const posture of POSTURES) {
    const bench = new Bench();
    bench.goTo(posture);
    bench.log.length = 0;
    assert.is(bench.ask(posture).go, 'stay', titleOf(posture));
  }
});

test('a device that nobody touched and that already runs by itself is released without a write', () => {
  const bench = new Bench();
  bench.untouched = true;
  bench.goTo({ kind: 'release', charge: true, discharge: true });
  assert.is(bench.log.length, 0);
});

test('a device that already holds is held without a write, an E-stop is written in full whatever it shows', () => {
  const bench = new Bench();
  Object.assign(bench.registers, { limit_charge_power: 0, limit_discharge_power: 0 });
  bench.goTo(HOLD);
  assert.is(bench.log.length, 0);
  bench.goTo(ESTOP);
  assert.equal(
    bench.log.map(({ values }) => Object.keys(values)[0]),
    ['limit_charge_power', 'forcible_command', 'forcible_charge_power'],
  );
});

test('persistent limits are not written again while they let the order through', () => {
  const bench = new Bench();
  bench.goTo({ kind: 'power', w: 3000 });
  assert.not.ok(bench.wrote('limit_discharge_power'));
  bench.goTo(HOLD);
  bench.log.length = 0;
  bench.goTo({ kind: 'power', w: 3000 });
  assert.ok(bench.wrote('limit_discharge_power'), 'zero does not let it through');
  assert.not.ok(bench.wrote('limit_charge_power'), 'only its own direction is raised');
  bench.log.length = 0;
  bench.goTo({ kind: 'power', w: 2000 });
  assert.not.ok(bench.wrote('limit_discharge_power'));
});

test('a persistent register that is no limit must hold the very value, for the smallest order too', () => {
  const bench = new Bench();
  const { control } = huawei;
  if (!control) throw new Error('no control');
  const discharge = [{ set: { remote_mode: 1 }, trigger: false }, ...(control.sequences.discharge ?? [])];
  bench.profile = {
    ...huawei,
    points: {
      ...huawei.points,
      remote_mode: point({ type: 'u16', register: 9, writable: { functionCode: 6, min: 0, persistent: true } }),
    },
    control: { ...control, sequences: { ...control.sequences, discharge } },
  };
  bench.registers['remote_mode'] = 7;
  bench.goTo({ kind: 'power', w: 5 });
  assert.is(bench.registers['remote_mode'], 1);
});

test('a more urgent posture takes over between two writes, at every position of every sequence', () => {
  for (const from of POSTURES) {
    for (const to of POSTURES) {
      for (const urgent of [ESTOP, HOLD]) {
        for (let position = 0; ; position += 1) {
          const bench = new Bench();
          bench.goTo(from);
          if (bench.advance(to, position) < position) break;
          bench.goTo(urgent);
          bench.shows(urgent);
        }
      }
    }
  }
});

test('a passage that is left half way leaves an unknown posture, not the one before it', () => {
  for (const to of POSTURES) {
    for (let position = 1; ; position += 1) {
      const bench = new Bench();
      bench.goTo(HOLD);
      if (bench.advance(to, position) < position) break;
      if (bench.state.passage === undefined) continue;
      // Local control: nothing may be written for a while.
      bench.ask({ kind: 'none' });
      bench.poll();
      bench.goTo(HOLD);
      bench.shows(HOLD);
    }
  }
});

test('a refused power write leads to an unknown posture and waits for the poll', () => {
  const bench = new Bench();
  bench.goTo(HOLD);
  const power: Posture = { kind: 'power', w: 3000 };
  for (let position = 0; position < 5; position += 1) {
    bench.goTo(HOLD);
    bench.advance(power, position);
    assert.is(bench.ask(power).go, 'write');
    bench.state = notWritten(bench.state);
    assert.is(bench.state.posture, undefined);
    assert.is(bench.ask(power).go, 'stay');
    assert.is(bench.ask(HOLD).go, 'stay');
    bench.poll();
    assert.is(bench.ask(power).go, 'write');
  }
});

test('an E-stop does not wait for the poll because an order was refused', () => {
  const bench = new Bench();
  bench.ask({ kind: 'power', w: 3000 });
  bench.state = notWritten(bench.state);
  assert.is(bench.ask(ESTOP).go, 'write');
});

test('an E-stop that comes while a write is under way does not wait when that write fails', () => {
  const bench = new Bench();
  bench.ask({ kind: 'power', w: 3000 });
  bench.state = notWritten({ ...bench.state, passage: undefined, posture: undefined });
  assert.is(bench.ask(ESTOP).go, 'write');
});

for (const stop of [ESTOP, HOLD]) {
  test(`a device that refuses one register gets the rest of ${stop.kind} all the same, and the refused one again`, () => {
    for (const refusing of ['limit_charge_power', 'forcible_command', 'forcible_charge_power'] as const) {
      const bench = new Bench();
      bench.goTo({ kind: 'power', w: 3000 });
      bench.log.length = 0;
      bench.refuses = refusing;
      bench.goTo(stop);
      if (stop === HOLD && refusing === 'forcible_charge_power') continue;
      const tried = bench.log.map(({ values }) => Object.keys(values)[0]);
      assert.is(new Set(tried).size, stop === ESTOP ? 3 : 2, `${refusing}: ${tried.join()}`);
      assert.is(tried.filter((name) => name === refusing).length <= 2, true);
      assert.is(bench.registers['forcible_command'], refusing === 'forcible_command' ? 2 : 0);
      assert.is(bench.state.posture, undefined, 'a stop with a hole is not reported as reached');
      assert.is(bench.ask(stop).go, 'stay', 'it waits for the poll');
      bench.refuses = undefined;
      bench.poll();
      bench.goTo(stop);
      bench.shows(stop);
    }
  });
}

test('a device that refuses everything is asked for each step once a poll, no more', () => {
  const bench = new Bench();
  bench.refuses = 'everything';
  bench.goTo(ESTOP);
  assert.is(bench.log.length, 3);
  assert.is(bench.ask(ESTOP).go, 'stay');
});

test('a read-back that differs makes the posture unknown, and the way back is the same', () => {
  const bench = new Bench();
  bench.goTo({ kind: 'power', w: 3000 });
  bench.registers['forcible_discharge_power'] = 9000;
  bench.state = polled(bench.state, { differs: true, breach: false });
  bench.goTo({ kind: 'power', w: 3000 });
  assert.is(bench.registers['forcible_discharge_power'], 3000);
});

test('while a breach stands the trigger alone is written again on every poll, the persistent limits are not', () => {
  for (const posture of [ESTOP, HOLD]) {
    const bench = new Bench();
    bench.goTo(posture);
    bench.log.length = 0;
    for (let poll = 1; poll <= 3; poll += 1) {
      bench.state = polled(bench.state, { differs: false, breach: true });
      bench.goTo(posture);
      assert.equal(
        bench.log.map(({ values }) => values),
        Array.from({ length: poll }, () => ({ forcible_command: 0 })),
      );
    }
  }
});

test('a forced power is armed again before a third of its time is over, and no sooner', () => {
  const bench = new Bench();
  const power: Posture = { kind: 'power', w: 3000 };
  bench.goTo(power);
  bench.nowMs += 29_999;
  assert.is(bench.ask(power).go, 'stay');
  bench.nowMs += 1;
  const course = bench.ask(power);
  assert.ok(course.go === 'write' && course.passage.purpose === 'rearm');
  bench.log.length = 0;
  bench.goTo(power);
  assert.is(bench.state.armedAtMs, bench.nowMs);
  assert.ok(bench.log.at(-1)?.trigger);
});

test('read-only and meters: no control, no write', () => {
  const bench = new Bench();
  assert.is(bench.ask({ kind: 'none' }).go, 'stay');
  const { control: _control, ...meter } = huawei;
  bench.profile = meter;
  for (const posture of POSTURES) assert.is(bench.ask(posture).go, 'stay');
});

test('what was found is restored, never more than it was and never more than the permit', () => {
  for (const [original, permitted, expected] of [
    [5000, 8000, 5000],
    [5000, 3000, 3000],
    [0, 8000, 0],
  ] as const) {
    const bench = new Bench();
    bench.values = {
      ...bench.values,
      originals: { limit_charge_power: original, limit_discharge_power: original },
      permit: { charge: permitted, discharge: permitted },
    };
    bench.goTo(HOLD);
    bench.goTo({ kind: 'release', charge: true, discharge: true });
    assert.equal(
      [bench.registers['limit_charge_power'], bench.registers['limit_discharge_power']],
      [expected, expected],
    );
  }
});

test('without the originals a release is stuck and says which register is missing; a hold and an E-stop are not', () => {
  const bench = new Bench();
  bench.values = { ...bench.values, originals: {} };
  bench.goTo(HOLD);
  const course = bench.ask({ kind: 'release', charge: true, discharge: true });
  assert.ok(course.go === 'stuck' && course.missing === 'limit_charge_power');
  bench.goTo(ESTOP);
  bench.shows(ESTOP);
});

test('opening a direction is a power write, closing one a safe write', () => {
  const bench = new Bench();
  bench.goTo({ kind: 'release', charge: true, discharge: true });
  const closing = bench.ask({ kind: 'release', charge: false, discharge: true });
  assert.ok(closing.go === 'write' && kindOf(closing.passage.sequence) === 'safe');
  bench.goTo({ kind: 'release', charge: false, discharge: true });
  const opening = bench.ask({ kind: 'release', charge: true, discharge: true });
  assert.ok(opening.go === 'write' && kindOf(opening.passage.sequence) === 'power');
});

test.run();
