/**
 * Uplink machine: does the record reach the other side now?
 *
 *   connecting ──OPENED──▶ draining ◀──BEHIND / CAUGHT_UP──▶ online
 *        ▲                     │ session ends: fault, timeout    │
 *        └──delay── offline ◀──┴─────────────────────────────────┘
 *
 * One session actor lives exactly as long as `linked`. Delays double up to a minute, with jitter, so that a fleet does not
 * come back at one moment. Invariant: only in `draining` and `online` is anything sent.
 */
import { assign, fromPromise, setup } from 'xstate';
import { codeOf } from '../../contracts/faults.ts';
import type { Code } from '../../contracts/faults.ts';

export type UplinkMachineInput = {
  /** Evenly from 0 to 1. */
  readonly jitter: () => number;
  readonly session: unknown;
};

export type UplinkEvent =
  | { readonly type: 'OPENED' }
  /** A batch was acknowledged; there is more. */
  | { readonly type: 'BEHIND' }
  | { readonly type: 'CAUGHT_UP' };

type UplinkTypes = {
  input: UplinkMachineInput;
  context: UplinkMachineInput & { failures: number; lastFault: Code | undefined; reason: string };
  events: UplinkEvent;
  tags: 'linked' | 'delivers';
};

const BACKOFF_MS = { first: 1000, longest: 60_000 };
/** The target's own timeouts are shorter; these end what hangs in spite of them. */
const CONNECT_MS = 30_000;
const STALLED_MS = 60_000;

export const uplinkMachine = setup({
  types: {} as UplinkTypes,
  actors: {
    session: fromPromise<unknown, unknown>(() => Promise.reject(new Error('the uplink actor provides the session'))),
  },
  delays: {
    connectTimeout: CONNECT_MS,
    stalled: STALLED_MS,
    backoff: ({ context }) =>
      Math.min(BACKOFF_MS.first * 2 ** Math.max(0, context.failures - 1), BACKOFF_MS.longest) *
      (0.5 + context.jitter() / 2),
  },
  actions: {
    countFailure: assign(({ context, event }) => {
      const { error } = event as { error?: unknown };
      return {
        failures: context.failures + 1,
        lastFault: codeOf(error, 'TIMEOUT'),
        reason: error instanceof Error ? error.message : 'no progress in time',
      };
    }),
    forgetFailures: assign({ failures: 0, lastFault: undefined, reason: '' }),
  },
}).createMachine({
  id: 'uplink',
  context: ({ input }) => ({ ...input, failures: 0, lastFault: undefined, reason: '' }),
  initial: 'linked',
  states: {
    linked: {
      tags: 'linked',
      initial: 'connecting',
      invoke: {
        src: 'session',
        input: ({ context }: { context: UplinkMachineInput }) => context.session,
        onError: { target: 'offline', actions: 'countFailure' },
        onDone: { target: 'offline', actions: 'countFailure' },
      },
      states: {
        connecting: {
          on: { OPENED: 'draining' },
          after: { connectTimeout: { target: '#uplink.offline', actions: 'countFailure' } },
        },
        draining: {
          tags: 'delivers',
          on: {
            BEHIND: { target: 'draining', reenter: true, actions: 'forgetFailures' },
            CAUGHT_UP: { target: 'online', actions: 'forgetFailures' },
          },
          after: { stalled: { target: '#uplink.offline', actions: 'countFailure' } },
        },
        online: { tags: 'delivers', on: { BEHIND: 'draining' } },
      },
    },
    offline: { after: { backoff: 'linked' } },
  },
});
