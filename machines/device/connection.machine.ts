/**
 * Connection machine: may this field device be trusted with a setpoint right now?
 *
 *   connecting ──OPENED──▶ identifying ──IDENTIFIED──▶ online ──silence──▶ stale
 *        ▲                      │ session ends: fault, timeout, silence      │
 *        └──delay── backoff ◀───┴────────────────────────────────────────────┘
 *                      └── five failures ──▶ lost ──delay──▶ connecting
 *
 * One session actor lives exactly as long as `linked`: leaving it closes the connection. A connection that was dropped
 * so that a stop need not wait is opened again at once. Invariant: only `online` carries the tag `acceptsSetpoints`.
 */
import { assign, fromPromise, setup } from 'xstate';
import type { ConnectionContext, ConnectionEvent, ConnectionInput } from '../../contracts/connection.ts';
import { codeOf } from '../../contracts/faults.ts';

type ConnectionTypes = {
  input: ConnectionInput;
  context: ConnectionContext;
  events: ConnectionEvent;
  tags: 'acceptsSetpoints' | 'linked';
};

/** Tries come after 0.25, 0.5, 1, 2, then every 3 s, so that a device is online again soon after its return. */
const BACKOFF_MS = { first: 250, longest: 3000 };
const FAILURES_TO_LOST = 5;

export const connectionMachine = setup({
  types: {} as ConnectionTypes,
  actors: {
    session: fromPromise<unknown, unknown>(() => Promise.reject(new Error('the driver provides the session'))),
  },
  delays: {
    connectTimeout: ({ context }) => context.connectTimeoutMs,
    identifyTimeout: ({ context }) => context.identifyTimeoutMs,
    staleAfter: ({ context }) => context.staleAfterMs,
    giveUpAfter: ({ context }) => context.giveUpAfterMs,
    backoff: ({ context }) => Math.min(BACKOFF_MS.first * 2 ** Math.max(0, context.failures - 1), BACKOFF_MS.longest),
  },
  guards: {
    droppedForStop: ({ context }) => context.lastFault === 'DROPPED_FOR_STOP',
    isLost: ({ context }) => context.failures >= FAILURES_TO_LOST,
  },
  actions: {
    countFailure: assign(({ context, event }) => ({
      failures: context.failures + 1,
      lastFault: codeOf((event as { error?: unknown }).error, 'TIMEOUT'),
    })),
    forgetFailures: assign({ failures: 0, lastFault: undefined }),
    forgetStop: assign({ lastFault: undefined }),
  },
}).createMachine({
  id: 'connection',
  context: ({ input }) => ({ ...input, failures: 0, lastFault: undefined }),
  initial: 'linked',
  states: {
    linked: {
      tags: 'linked',
      initial: 'connecting',
      invoke: {
        src: 'session',
        input: ({ context }: { context: ConnectionContext }) => context.session,
        onError: { target: 'failed', actions: 'countFailure' },
        onDone: { target: 'failed', actions: 'countFailure' },
      },
      states: {
        connecting: {
          on: { OPENED: 'identifying' },
          after: { connectTimeout: { target: '#connection.failed', actions: 'countFailure' } },
        },
        identifying: {
          on: { IDENTIFIED: { target: 'online', actions: 'forgetFailures' } },
          after: { identifyTimeout: { target: '#connection.failed', actions: 'countFailure' } },
        },
        online: {
          tags: 'acceptsSetpoints',
          on: { TELEMETRY: { target: 'online', reenter: true } },
          after: { staleAfter: 'stale' },
        },
        stale: {
          on: { TELEMETRY: 'online' },
          after: { giveUpAfter: { target: '#connection.failed', actions: 'countFailure' } },
        },
      },
    },
    failed: {
      always: [
        { guard: 'droppedForStop', target: 'linked', actions: 'forgetStop' },
        { guard: 'isLost', target: 'lost' },
        { target: 'backoff' },
      ],
    },
    backoff: { on: { HURRY: 'linked' }, after: { backoff: 'linked' } },
    lost: { on: { HURRY: 'linked' }, after: { backoff: 'linked' } },
  },
  options: { maxIterations: 100 },
});
