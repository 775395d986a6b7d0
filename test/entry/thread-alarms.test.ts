/** Alarms of a thread outlive its incarnation only where the next one raises them again. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ThreadSignal } from '../../contracts/links.ts';
import { threadAlarms } from '../../entry/thread-alarms.ts';

test('an alarm of a record thread that died returns when the next one is ready and has not raised it again', () => {
  const { alarms, told } = heard();
  alarms.hear(notice('record-unavailable', 'active'));
  alarms.hear(notice('record-space', 'active'));
  alarms.ended();
  alarms.hear(notice('record-space', 'active'));
  alarms.hear({ type: 'READY' });
  assert.equal(told, [
    'record-unavailable active',
    'record-space active',
    'record-space active',
    'record-unavailable returned',
  ]);
});

test('while no next one is ready the alarm stands, and one that returned by itself does not return twice', () => {
  const { alarms, told } = heard();
  alarms.hear({ type: 'READY' });
  alarms.hear(notice('record-slow', 'active'));
  alarms.hear(notice('record-slow', 'returned'));
  alarms.hear(notice('record-unavailable', 'active'));
  alarms.ended();
  alarms.ended();
  assert.equal(told, ['record-slow active', 'record-slow returned', 'record-unavailable active']);
  alarms.hear({ type: 'READY' });
  alarms.hear({ type: 'READY' });
  assert.equal(told.slice(3), ['record-unavailable returned']);
});

test.run();

function heard(): { readonly alarms: ReturnType<typeof threadAlarms>; readonly told: string[] } {
  const told: string[] = [];
  return { told, alarms: threadAlarms(({ alarm_id, state }) => told.push(`${alarm_id} ${state}`)) };
}

function notice(alarm_id: string, state: 'active' | 'returned'): ThreadSignal {
  return { type: 'NOTICE', severity: 'P3', alarm_id, state, message: 'm' };
}
