/**
 * Guard machine of one device: what does the guard let it do now?
 *
 *   unjudged ──JUDGED──▶ judged: open | charge_only | discharge_only | blocked | latched ──its permit ends──▶ lapsed
 *                          ▲ │                                                                                 │
 *                          └─┴────────────────────────────────JUDGED───────────────────────────────────────────┘
 *
 * What is judged is decided by the reducer of guard.ts; this says what came of it, and that it ends by itself.
 * Invariant: every state that lets anything happen ends with the permit that it stands on.
 */
import { assign, setup } from 'xstate';
import type { GuardContext, Judged } from '../../contracts/guard.ts';

type GuardTypes = { context: GuardContext; events: Judged; tags: 'permits' };

export const guardMachine = setup({
  types: {} as GuardTypes,
  delays: { permitEnds: ({ context }) => context.judged.lifeMs },
  guards: {
    isLatched: ({ context }) => context.judged.latched,
    mayBoth: ({ context }) => context.judged.charge && context.judged.discharge,
    mayCharge: ({ context }) => context.judged.charge,
    mayDischarge: ({ context }) => context.judged.discharge,
  },
  actions: { note: assign(({ event }) => ({ judged: event })) },
}).createMachine({
  id: 'guard',
  context: { judged: { type: 'JUDGED', charge: false, discharge: false, latched: true, lifeMs: 0 } },
  initial: 'unjudged',
  on: { JUDGED: { target: '.judged', actions: 'note' } },
  states: {
    unjudged: {},
    judged: {
      initial: 'deciding',
      after: { permitEnds: 'lapsed' },
      states: {
        deciding: {
          always: [
            { guard: 'isLatched', target: 'latched' },
            { guard: 'mayBoth', target: 'open' },
            { guard: 'mayCharge', target: 'charge_only' },
            { guard: 'mayDischarge', target: 'discharge_only' },
            { target: 'blocked' },
          ],
        },
        open: { tags: 'permits' },
        charge_only: { tags: 'permits' },
        discharge_only: { tags: 'permits' },
        blocked: {},
        latched: {},
      },
    },
    lapsed: {},
  },
  options: { maxIterations: 100 },
});
