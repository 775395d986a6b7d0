/**
 * E-stop machine: is the emergency stop of this site latched, and who is resetting it?
 *
 *   armed ─ENGAGE─▶ engaging ─STOPPED─▶ latched ─RESET─▶ resetRequested ─RESET by another─▶ resetConfirmed ─▶ armed
 *                       └──────3 s────────▲  └▲──────120 s───────┘
 *
 * Where the site says that one person is enough, RESET leads from latched to resetConfirmed.
 * ENGAGE leads to engaging from everywhere and raises the epoch, which voids every order and permit given before it. While
 * the stop is carried out nobody can reset it.
 * Invariant: armed is reached only by RESET events that `permitted` lets pass. A non-safety-rated request; never a SIL.
 */
import { assign, setup } from 'xstate';
import { ENGAGES_WITHIN_MS, RESET_WINDOW_MS } from '../../contracts/estop.ts';
import type { EstopContext, EstopEvent, EstopInput } from '../../contracts/estop.ts';

type EstopTypes = { input: EstopInput; context: EstopContext; events: EstopEvent; tags: 'stopped' };

export const estopMachine = setup({
  types: {} as EstopTypes,
  delays: { requestLapses: RESET_WINDOW_MS, engagesWithin: ENGAGES_WITHIN_MS },
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
  on: { ENGAGE: { target: '.engaging', actions: 'bumpEpoch' } },
  states: {
    deciding: { always: [{ guard: 'startsLatched', target: 'latched' }, { target: 'armed' }] },
    armed: {},
    engaging: { tags: 'stopped', on: { STOPPED: 'latched' }, after: { engagesWithin: 'latched' } },
    latched: {
      tags: 'stopped',
      entry: 'forgetFirst',
      on: {
        RESET: [
          { guard: 'onePersonIsEnough', target: 'resetConfirmed' },
          { guard: 'isFirst', target: 'resetRequested', actions: 'rememberFirst' },
        ],
      },
    },
    resetRequested: {
      tags: 'stopped',
      on: { RESET: { guard: 'isAnother', target: 'resetConfirmed' } },
      after: { requestLapses: 'latched' },
    },
    resetConfirmed: { tags: 'stopped', entry: 'release', always: 'armed' },
  },
  options: { maxIterations: 100 },
});
