/**
 * E-stop machine: is the emergency stop of this site latched, and who is resetting it?
 *
 *   armed ──ENGAGE──▶ latched ──RESET by the first──▶ resetRequested ──RESET by another──▶ armed
 *                        ▲              └─────120 s──────┘   (or RESET by one person, where the site says so)
 *
 * ENGAGE leads to latched from everywhere and raises the epoch, which voids every order and permit given before it.
 * Invariant: armed is reached only by RESET events that `permitted` lets pass. A non-safety-rated request; never a SIL.
 */
import { assign, setup } from 'xstate';
import { RESET_WINDOW_MS } from '../../contracts/estop.ts';
import type { EstopContext, EstopEvent, EstopInput } from '../../contracts/estop.ts';

type EstopTypes = { input: EstopInput; context: EstopContext; events: EstopEvent; tags: 'stopped' };

export const estopMachine = setup({
  types: {} as EstopTypes,
  delays: { requestLapses: RESET_WINDOW_MS },
  guards: {
    startsLatched: ({ context }) => context.latched,
    onePersonIsEnough: ({ context, event }) =>
      event.type === 'RESET' && event.permitted && context.mode === 'local_one_person',
    isFirst: ({ event }) => event.type === 'RESET' && event.permitted,
    isAnother: ({ context, event }) => event.type === 'RESET' && event.permitted && event.by !== context.requestedBy,
  },
  actions: {
    bumpEpoch: assign(({ context }) => ({ epoch: context.epoch + 1, latched: true, requestedBy: undefined })),
    rememberFirst: assign(({ event }) => (event.type === 'RESET' ? { requestedBy: event.by } : {})),
    forgetFirst: assign({ requestedBy: undefined }),
    release: assign(({ context }) => ({ latched: false, requestedBy: undefined, epoch: context.epoch + 1 })),
  },
}).createMachine({
  id: 'estop',
  context: ({ input }) => ({ ...input, requestedBy: undefined }),
  initial: 'deciding',
  on: { ENGAGE: { target: '.latched', actions: 'bumpEpoch' } },
  states: {
    deciding: { always: [{ guard: 'startsLatched', target: 'latched' }, { target: 'armed' }] },
    armed: {},
    latched: {
      tags: 'stopped',
      entry: 'forgetFirst',
      on: {
        RESET: [
          { guard: 'onePersonIsEnough', target: 'armed', actions: 'release' },
          { guard: 'isFirst', target: 'resetRequested', actions: 'rememberFirst' },
        ],
      },
    },
    resetRequested: {
      tags: 'stopped',
      on: { RESET: { guard: 'isAnother', target: 'armed', actions: 'release' } },
      after: { requestLapses: 'latched' },
    },
  },
  options: { maxIterations: 100 },
});
