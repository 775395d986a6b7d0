/**
 * Connection machine: may this field device be trusted with a setpoint right now?
 *
 *   connecting ──OPENED──▶ identifying ──IDENTIFIED──▶ online ──silence──▶ stale
 *        ▲                      │ session ends: fault, timeout, silence      │
 *        └──delay── backoff ◀───┴────────────────────────────────────────────┘
 *                      └── five failures ──▶ lost ──delay──▶ connecting
 *
 * One session actor lives exactly as long as `linked`: leaving it closes the connection. A connection that was dropped
 * so that a stop need not wait is opened again at once. A device that closes one young connection after the other serves
 * somebody else: it is tried less and less often, up to once a minute; but from HURRY, in whatever state it comes, until a
 * connection has lasted, evictions count for nothing. Invariant: only `online` carries the tag `acceptsSetpoints`.
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
/** A connection that lives this long is nobody else's. */
const SETTLED_MS = 30_000;
/** One eviction is an accident, two may be; from the third on 6, 12, 24, 48, then 60 s. */
const EVICTED_MS = { first: 1500, longest: 60_000, free: 2, most: 8 };

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
    backoff: ({ context }) => Math.max(afterFailures(context), context.urgent ? 0 : afterEvictions(context)),
    settled: SETTLED_MS,
  },
  guards: {
    droppedForStop: ({ context }) => context.lastFault === 'DROPPED_FOR_STOP',
    isLost: ({ context }) => context.failures >= FAILURES_TO_LOST,
  },
  actions: {
    countFailure: assign(({ context, event }) => {
      const lastFault = codeOf((event as { error?: unknown }).error, 'TIMEOUT');
      const evicted = context.young && lastFault === 'CONNECTION_CLOSED' ? 1 : 0;
      return {
        failures: context.failures + 1,
        lastFault,
        evictions: Math.min(context.evictions + evicted, EVICTED_MS.most),
        young: false,
      };
    }),
    forgetFailures: assign({ failures: 0, lastFault: undefined }),
    open: assign({ young: true }),
    settle: assign({ evictions: 0, young: false, urgent: false }),
    hurry: assign({ urgent: true }),
    forgetStop: assign({ lastFault: undefined }),
  },
}).createMachine({
  id: 'connection',
  context: ({ input }) => ({ ...input, failures: 0, lastFault: undefined, evictions: 0, young: false, urgent: false }),
  initial: 'linked',
  on: { HURRY: { actions: 'hurry' } },
  states: {
    linked: {
      tags: 'linked',
      initial: 'connecting',
      after: { settled: { actions: 'settle' } },
      invoke: {
        src: 'session',
        input: ({ context }: { context: ConnectionContext }) => context.session,
        onError: { target: 'failed', actions: 'countFailure' },
        onDone: { target: 'failed', actions: 'countFailure' },
      },
      states: {
        connecting: {
          on: { OPENED: { target: 'identifying', actions: 'open' } },
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
    backoff: { on: { HURRY: { target: 'linked', actions: 'hurry' } }, after: { backoff: 'linked' } },
    lost: { on: { HURRY: { target: 'linked', actions: 'hurry' } }, after: { backoff: 'linked' } },
  },
  options: { maxIterations: 100 },
});

function afterFailures({ failures }: ConnectionContext): number {
  return Math.min(BACKOFF_MS.first * 2 ** Math.max(0, failures - 1), BACKOFF_MS.longest);
}

function afterEvictions({ evictions }: ConnectionContext): number {
  return evictions > EVICTED_MS.free ? Math.min(EVICTED_MS.first * 2 ** (evictions - 1), EVICTED_MS.longest) : 0;
}
