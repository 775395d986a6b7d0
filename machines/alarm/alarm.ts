/**
 * The life of one alarm (IEC 62682 / ISA-18.2) as plain data: the alarm machine, compiled, one event at a time.
 *
 * The cause is followed in every state, so that what was put aside comes back as what it is then. The time on the shelf is
 * kept by who keeps the alarm, over restarts too: its end is the event UNSHELVE.
 */
import type { AlarmState } from '../../contracts/alarms.ts';
import { compile } from '../compiled/compile.ts';
import { alarmMachine } from './alarm.machine.ts';

export type AlarmCondition = { readonly active: boolean; readonly state: AlarmState };

export type AlarmEvent = {
  readonly type:
    | 'RAISE'
    | 'CLEAR'
    | 'ACKNOWLEDGE'
    | 'SHELVE'
    | 'UNSHELVE'
    | 'SUPPRESS'
    | 'UNSUPPRESS'
    | 'TAKE_OUT'
    | 'PUT_BACK';
};

export const NORMAL: AlarmCondition = { active: false, state: 'normal' };

const chart = compile(alarmMachine);

export function nextAlarm({ active, state }: AlarmCondition, event: AlarmEvent): AlarmCondition {
  const leaf = chart.leaves.findIndex(({ name }) => name === state);
  const next = chart.reduce({ leaf, context: { active, shelvedForMs: 0 }, status: 'active' }, event).state;
  return { active: next.context.active, state: chart.leaves[next.leaf]?.name as AlarmState };
}

/** Whether it is shown among those that call for somebody. */
export function isStanding({ state }: AlarmCondition): boolean {
  return chart.leaves.some(({ name, tags }) => name === state && tags.has('standing'));
}
