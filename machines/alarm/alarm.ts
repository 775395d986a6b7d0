/**
 * The life of one alarm (IEC 62682 / ISA-18.2), as a pure reducer: what becomes of it when its cause comes or goes, and when
 * somebody acts on it.
 *
 * The cause is followed in every state, so that what was put aside comes back as what it is then.
 */
import type { AlarmState } from '../../contracts/alarms.ts';

export type AlarmCondition = { readonly active: boolean; readonly state: AlarmState };

export type AlarmEvent = { readonly type: 'RAISE' | 'CLEAR' | 'ACKNOWLEDGE' | AsideEvent };
type AsideEvent = 'SHELVE' | 'UNSHELVE' | 'SUPPRESS' | 'UNSUPPRESS' | 'TAKE_OUT' | 'PUT_BACK';

export const NORMAL: AlarmCondition = { active: false, state: 'normal' };

export function nextAlarm({ active, state }: AlarmCondition, { type }: AlarmEvent): AlarmCondition {
  switch (type) {
    case 'RAISE':
      return { active: true, state: state === 'normal' || state === 'returned' ? 'unacknowledged' : state };
    case 'CLEAR':
      return { active: false, state: cleared(state) };
    case 'ACKNOWLEDGE':
      return { active, state: acknowledged(state) };
    case 'SHELVE':
      return { active, state: state === 'suppressed' || state === 'out_of_service' ? state : 'shelved' };
    case 'SUPPRESS':
      return { active, state: state === 'shelved' || state === 'out_of_service' ? state : 'suppressed' };
    case 'TAKE_OUT':
      return { active, state: 'out_of_service' };
    case 'UNSHELVE':
      return { active, state: state === 'shelved' ? fresh(active) : state };
    case 'UNSUPPRESS':
      return { active, state: state === 'suppressed' ? fresh(active) : state };
    case 'PUT_BACK':
      return { active, state: state === 'out_of_service' ? fresh(active) : state };
  }
}

/** Whether it is shown among those that call for somebody. */
export function isStanding({ active, state }: AlarmCondition): boolean {
  return active && (state === 'unacknowledged' || state === 'acknowledged');
}

function cleared(state: AlarmState): AlarmState {
  if (state === 'unacknowledged') return 'returned';
  return state === 'acknowledged' ? 'normal' : state;
}

function acknowledged(state: AlarmState): AlarmState {
  if (state === 'unacknowledged') return 'acknowledged';
  return state === 'returned' ? 'normal' : state;
}

function fresh(active: boolean): AlarmState {
  return active ? 'unacknowledged' : 'normal';
}
