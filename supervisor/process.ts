/**
 * `fromProcess`: an async function as a supervised actor.
 *
 * A rejection is a crash that the supervisor sees; returning is a normal exit. On an orderly shutdown the signal aborts
 * and the body releases what it holds and returns; when its time is over it is killed, which in one JavaScript process
 * means that it loses its lease: `lease.held` turns false and whoever guards a resource must refuse it from then on.
 * Messages reach a handler synchronously (`onMessage`), or wait for `receive` in a bounded mailbox. Its timers, children
 * and monitors end with it.
 */
import type { AsyncResource } from 'node:async_hooks';
import type { ActorLogic, AnyActorLogic, AnyActorRef, EventObject, Snapshot } from 'xstate';
import type { Clock } from '../contracts/clock.ts';
import { CRASH, dismiss, READY, registerMailbox, sendTo, servicesOf, SHUTDOWN, turnsOf } from './context.ts';
import type { AnyActorSystem } from './context.ts';
import { Holdings } from './holdings.ts';
import type { Lease } from './holdings.ts';
import { ProcessMailbox } from './mailbox.ts';
import type { MailboxPolicy } from './mailbox.ts';
import { monitor } from './monitor.ts';

export type { Lease } from './holdings.ts';

export type ProcessContext<Message extends EventObject, Input> = {
  readonly input: Input;
  /** Aborts on shutdown, stop and crash. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly lease: Lease;
  /**
   * The next queued message, in order; undefined after `timeoutMs` or when the signal aborts. One at a time: a second one
   * beside it would take its message, so it is refused.
   */
  readonly receive: (timeoutMs?: number) => Promise<Message | undefined>;
  /** Takes every message as it arrives, before the sender goes on; queued ones first. A throw is a crash. */
  readonly onMessage: (handler: (message: Message) => void) => void;
  /** Sends to the living actor of that name; false when there is none, and from a process that has ended. */
  readonly send: (name: string, message: { readonly type: string }) => boolean;
  /** Starts a child of this process in the same system; its failure is this process's failure, its end is not. */
  readonly spawn: <L extends AnyActorLogic>(logic: L, options: { id: string; input?: unknown }) => AnyActorRef;
  /** A DOWN message to this process when the actor of that name ends, or at once when there is none. */
  readonly monitor: (name: string) => void;
  /** Tells the supervisor that the process does its work now. */
  readonly ready: () => void;
  /** Ends the process as if the body had thrown. */
  readonly crash: (error: unknown) => void;
};

export type ProcessSnapshot = Snapshot<unknown> & {
  readonly input: unknown;
  /** What the incarnation holds, once it has started; kept here because it is looked at for every message. */
  readonly running: { readonly now?: unknown };
};
export type ProcessLogic<Message extends EventObject, Input> = ActorLogic<
  ProcessSnapshot,
  Message | EventObject,
  Input
>;

const RESOLVED = 'bessd.process.resolved';

const OWN_EVENTS: ReadonlySet<string> = new Set([RESOLVED, CRASH, SHUTDOWN.type]);
const SMALL_A = 97;

/** Anything but an event of XState or of the supervisor. Messages of the house are in capitals, and told at a glance. */
function isMessage(type: string): boolean {
  return type.charCodeAt(0) < SMALL_A || (!OWN_EVENTS.has(type) && !type.startsWith('xstate.'));
}

export function fromProcess<Message extends EventObject, Input = undefined>(
  body: (self: ProcessContext<Message, Input>) => Promise<unknown>,
  policy: MailboxPolicy<Message> = {},
): ProcessLogic<Message, Input> & { readonly orderly: true; readonly ownTurns: true } {
  return {
    orderly: true,
    ownTurns: true,
    config: body,
    getInitialSnapshot: (_scope, input) => ({
      status: 'active',
      output: undefined,
      error: undefined,
      input,
      running: {},
    }),
    getPersistedSnapshot: (snapshot) => snapshot,
    start(snapshot, { self, system, stopChild }) {
      const fail = (error: unknown): void => self.send({ type: CRASH, error } as EventObject);
      const holdings = new Holdings(servicesOf(system).clock, stopChild, fail);
      const mailbox = new ProcessMailbox(policy);
      const state = { holdings, mailbox, turns: turnsOf(self) };
      (snapshot.running as { now?: Running<Message> }).now = state;
      registerMailbox(self, mailbox);
      const context = contextOf(
        state,
        { self, system, parent: self._parent as AnyActorRef | undefined },
        snapshot.input as Input,
      );
      state.turns.runInAsyncScope(() => {
        try {
          void body(context).then((output) => self.send({ type: RESOLVED, output } as EventObject), fail);
        } catch (error) {
          holdings.release();
          throw error;
        }
      });
    },
    transition(snapshot, event, { self }) {
      const state = (snapshot.running as { now?: Running<Message> }).now;
      if (snapshot.status !== 'active' || !state) return snapshot;
      const { type } = event;
      if (isMessage(type)) {
        try {
          state.turns.runInAsyncScope(state.mailbox.deliver, undefined, event as Message);
          return snapshot;
        } catch (thrown) {
          state.turns.runInAsyncScope(() => state.holdings.release());
          return { ...snapshot, status: 'error', output: undefined, error: thrown };
        }
      }
      const end = (how: Omit<ProcessSnapshot, 'input' | 'running'>): ProcessSnapshot => {
        state.turns.runInAsyncScope(() => state.holdings.release());
        return { ...snapshot, ...how } as ProcessSnapshot;
      };
      const { output, error } = event as unknown as { output: unknown; error: unknown };
      if (type === RESOLVED) return end({ status: 'done', output, error: undefined });
      if (type === CRASH || type.startsWith('xstate.error.actor.'))
        return end({ status: 'error', output: undefined, error });
      if (type === 'xstate.stop') return end({ status: 'stopped', output: undefined, error: undefined });
      if (type === SHUTDOWN.type) {
        dismiss(self, 'shutdown');
        state.turns.runInAsyncScope(() => state.holdings.tellToEnd());
        return snapshot;
      }
      return snapshot;
    },
  };
}

type Running<Message extends EventObject> = {
  readonly holdings: Holdings;
  readonly mailbox: ProcessMailbox<Message>;
  readonly turns: AsyncResource;
};

function contextOf<Message extends EventObject, Input>(
  { holdings, mailbox }: Running<Message>,
  { self, system, parent }: { self: AnyActorRef; system: AnyActorSystem; parent: AnyActorRef | undefined },
  input: Input,
): ProcessContext<Message, Input> {
  const { clock, lease, signal } = holdings;
  return {
    input,
    signal,
    clock,
    lease,
    receive: (timeoutMs) => receive(mailbox, holdings, timeoutMs),
    onMessage: (handler) => mailbox.handleWith(handler),
    send: (name, message) => lease.held && sendTo(system, name, message),
    spawn: (logic, options) => holdings.spawn(logic, options, self),
    monitor: (name) =>
      holdings.monitor((said) =>
        monitor(system, name, (down) => {
          said();
          self.send(down);
        }),
      ),
    ready: () => parent?.send({ type: READY, actor: self.id }),
    crash: (error) => self.send({ type: CRASH, error }),
  };
}

async function receive<Message extends EventObject>(
  mailbox: ProcessMailbox<Message>,
  { lease, signal, clock }: Holdings,
  timeoutMs: number | undefined,
): Promise<Message | undefined> {
  if (mailbox.awaited) throw new Error('this process already waits for a message');
  const next = lease.held ? mailbox.take() : undefined;
  if (next || signal.aborted) return next;
  return new Promise((resolve) => {
    const finish = (message: Message | undefined): void => {
      if (timer !== undefined) clock.clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      mailbox.waitWith(undefined);
      resolve(message);
    };
    const onAbort = (): void => finish(undefined);
    const timer = timeoutMs === undefined ? undefined : clock.setTimeout(onAbort, timeoutMs);
    signal.addEventListener('abort', onAbort);
    mailbox.waitWith(finish);
  });
}
