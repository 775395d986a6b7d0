/**
 * Alarm machine: does this alarm call for somebody now?
 *
 *   normal ──RAISE──▶ unacknowledged ──ACKNOWLEDGE──▶ acknowledged ──CLEAR──▶ normal
 *                          │  ▲
 *                        CLEAR RAISE
 *                          ▼  │
 *                        returned ──ACKNOWLEDGE──▶ normal
 *
 * Put aside: shelved by a person for a time, suppressed by design, out of service with its asset; from there it comes back
 * as what its cause makes it then. Returned waits for a person without a timeout: that is what it is for.
 * Invariant: no event makes an alarm normal while its cause stands.
 */
import { assign, setup } from 'xstate';

type AlarmTypes = {
  input: { shelvedForMs: number };
  context: { active: boolean; shelvedForMs: number };
  events:
    | { type: 'RAISE' }
    | { type: 'CLEAR' }
    | { type: 'ACKNOWLEDGE' }
    | { type: 'SHELVE' }
    | { type: 'UNSHELVE' }
    | { type: 'SUPPRESS' }
    | { type: 'UNSUPPRESS' }
    | { type: 'TAKE_OUT' }
    | { type: 'PUT_BACK' };
  tags: 'standing';
};

export const alarmMachine = setup({
  types: {} as AlarmTypes,
  delays: { shelfLife: ({ context }) => context.shelvedForMs },
  guards: { isActive: ({ context }) => context.active },
  actions: { noteRaised: assign({ active: true }), noteCleared: assign({ active: false }) },
}).createMachine({
  id: 'alarm',
  context: ({ input }) => ({ active: false, ...input }),
  initial: 'normal',
  on: {
    RAISE: { actions: 'noteRaised' },
    CLEAR: { actions: 'noteCleared' },
    SHELVE: '.shelved',
    SUPPRESS: '.suppressed',
    TAKE_OUT: '.out_of_service',
  },
  states: {
    normal: { on: { RAISE: { target: 'unacknowledged', actions: 'noteRaised' } } },
    unacknowledged: {
      tags: 'standing',
      on: { CLEAR: { target: 'returned', actions: 'noteCleared' }, ACKNOWLEDGE: 'acknowledged' },
    },
    acknowledged: { tags: 'standing', on: { CLEAR: { target: 'normal', actions: 'noteCleared' } } },
    returned: { on: { RAISE: { target: 'unacknowledged', actions: 'noteRaised' }, ACKNOWLEDGE: 'normal' } },
    shelved: {
      on: {
        SHELVE: {},
        SUPPRESS: {},
        UNSHELVE: [{ guard: 'isActive', target: 'unacknowledged' }, { target: 'normal' }],
      },
      after: { shelfLife: [{ guard: 'isActive', target: 'unacknowledged' }, { target: 'normal' }] },
    },
    suppressed: {
      on: { SHELVE: {}, UNSUPPRESS: [{ guard: 'isActive', target: 'unacknowledged' }, { target: 'normal' }] },
    },
    out_of_service: {
      on: {
        SHELVE: {},
        SUPPRESS: {},
        PUT_BACK: [{ guard: 'isActive', target: 'unacknowledged' }, { target: 'normal' }],
      },
    },
  },
  options: { maxIterations: 100 },
});
