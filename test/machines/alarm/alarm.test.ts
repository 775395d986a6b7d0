import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createActor } from 'xstate';
import { ALARM_STATES } from '../../../contracts/alarms.ts';
import type { AlarmState } from '../../../contracts/alarms.ts';
import { nextAlarm, NORMAL } from '../../../machines/alarm/alarm.ts';
import type { AlarmCondition, AlarmEvent } from '../../../machines/alarm/alarm.ts';
import { alarmMachine } from '../../../machines/alarm/alarm.machine.ts';

const EVENTS = [
  'RAISE',
  'CLEAR',
  'ACKNOWLEDGE',
  'SHELVE',
  'UNSHELVE',
  'SUPPRESS',
  'UNSUPPRESS',
  'TAKE_OUT',
  'PUT_BACK',
] as const;

/** A state and whether the cause stands, the event, and what comes of it; the rows where nothing happens included. */
const ROWS: readonly (readonly [AlarmState, boolean, AlarmEvent['type'], AlarmState])[] = [
  ['normal', false, 'RAISE', 'unacknowledged'],
  ['normal', false, 'CLEAR', 'normal'],
  ['normal', false, 'ACKNOWLEDGE', 'normal'],
  ['unacknowledged', true, 'RAISE', 'unacknowledged'],
  ['unacknowledged', true, 'CLEAR', 'returned'],
  ['unacknowledged', true, 'ACKNOWLEDGE', 'acknowledged'],
  ['unacknowledged', true, 'SHELVE', 'shelved'],
  ['acknowledged', true, 'CLEAR', 'normal'],
  ['acknowledged', true, 'RAISE', 'acknowledged'],
  ['acknowledged', true, 'ACKNOWLEDGE', 'acknowledged'],
  ['returned', false, 'RAISE', 'unacknowledged'],
  ['returned', false, 'ACKNOWLEDGE', 'normal'],
  ['returned', false, 'CLEAR', 'returned'],
  ['shelved', true, 'CLEAR', 'shelved'],
  ['shelved', false, 'RAISE', 'shelved'],
  ['shelved', true, 'ACKNOWLEDGE', 'shelved'],
  ['shelved', true, 'UNSHELVE', 'unacknowledged'],
  ['shelved', false, 'UNSHELVE', 'normal'],
  ['shelved', true, 'SUPPRESS', 'shelved'],
  ['suppressed', true, 'SHELVE', 'suppressed'],
  ['suppressed', true, 'UNSUPPRESS', 'unacknowledged'],
  ['suppressed', false, 'UNSUPPRESS', 'normal'],
  ['suppressed', true, 'TAKE_OUT', 'out_of_service'],
  ['out_of_service', true, 'SHELVE', 'out_of_service'],
  ['out_of_service', true, 'PUT_BACK', 'unacknowledged'],
  ['out_of_service', false, 'PUT_BACK', 'normal'],
  ['out_of_service', true, 'UNSHELVE', 'out_of_service'],
];

for (const [state, active, type, to] of ROWS) {
  test(`${state}${active ? ' with its cause' : ''}: ${type} leads to ${to}`, () => {
    assert.is(nextAlarm({ active, state }, { type }).state, to);
  });
}

test('no event makes an alarm normal while its cause stands', () => {
  for (const state of ALARM_STATES.filter((one) => one !== 'normal' && one !== 'returned'))
    for (const type of EVENTS) {
      const next = nextAlarm({ active: true, state }, { type });
      assert.not(next.active && next.state === 'normal', `${state} ${type}`);
    }
});

test('the chart and the reducer lead to the same place from everywhere', () => {
  const seen = new Map<string, readonly AlarmEvent['type'][]>([[keyOf(NORMAL), []]]);
  const open: AlarmCondition[] = [NORMAL];
  for (let from = open.shift(); from; from = open.shift()) {
    const path = seen.get(keyOf(from)) ?? [];
    for (const type of EVENTS) {
      const actor = createActor(alarmMachine, { input: { shelvedForMs: 1000 } }).start();
      for (const step of [...path, type]) actor.send({ type: step });
      const { value, context } = actor.getSnapshot();
      actor.stop();
      const next = nextAlarm(from, { type });
      assert.equal(
        { state: value, active: context.active },
        { state: next.state, active: next.active },
        `${keyOf(from)} ${type}`,
      );
      if (seen.has(keyOf(next))) continue;
      seen.set(keyOf(next), [...path, type]);
      open.push(next);
    }
  }
  assert.equal(new Set([...seen.keys()].map((key) => key.split(' ')[0])), new Set(ALARM_STATES));
});

function keyOf({ state, active }: AlarmCondition): string {
  return `${state} ${active}`;
}

test.run();
