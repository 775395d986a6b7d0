/**
 * `fromProcess`: an async function as a supervised actor.
 *
 * A rejection is a crash that the supervisor sees; returning is a normal exit. On an orderly shutdown the signal aborts
 * and the body releases what it holds and returns; when its time is over it is killed, which in one JavaScript process
 * means that it loses its lease: `lease.held` turns false and whoever guards a resource must refuse it from then on.
 * Messages reach a handler synchronously (`onMessage`), or queue for `receive`, bounded.
 */
import type { ActorLogic, AnyActorLogic, AnyActorRef, EventObject, Snapshot } from 'xstate';
import { createActor } from 'xstate';
import type { Clock } from '../contracts/clock.ts';
import { Fault } from '../contracts/faults.ts';
import { CRASH, runningActor, sendTo, servicesOf } from './context.ts';
import type { AnyActorSystem } from './context.ts';

/** Sent by a supervisor: release what you hold and end. */
export const SHUTDOWN = { type: 'bessd.shutdown' } as const;

/** The right to use a resource; lost for good when the process ends or is killed. */
export type Lease = { readonly held: boolean; readonly lost: AbortSignal };

export type ProcessContext<Message extends EventObject, Input> = {
  readonly input: Input;
  /** Aborts on shutdown, stop and crash. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly lease: Lease;
  /** The next queued message, in order; undefined after `timeoutMs` or when the signal aborts. */
  readonly receive: (timeoutMs?: number) => Promise<Message | undefined>;
  /** Takes every message as it arrives, before the sender goes on; queued ones first. A throw is a crash. */
  readonly onMessage: (handler: (message: Message) => void) => void;
  /** Sends to the living actor of that name; false when there is none. */
  readonly send: (name: string, message: { readonly type: string }) => boolean;
  /** Starts a child of this process in the same system; its failure is this process's failure, its end is not. */
  readonly spawn: <L extends AnyActorLogic>(logic: L, options: { id: string; input?: unknown }) => AnyActorRef;
  /** Ends the process as if the body had thrown. */
  readonly crash: (error: unknown) => void;
};

export type ProcessSnapshot = Snapshot<unknown> & { readonly input: unknown };
export type ProcessLogic<Message extends EventObject, Input> = ActorLogic<
  ProcessSnapshot,
  Message | EventObject,
  Input
>;

const MAILBOX_LIMIT = 10_000;
const RESOLVED = 'bessd.process.resolved';

export function fromProcess<Message extends EventObject, Input = undefined>(
  body: (self: ProcessContext<Message, Input>) => Promise<unknown>,
): ProcessLogic<Message, Input> & { readonly orderly: true } {
  const running = new WeakMap<AnyActorRef, Running<Message>>();

  return {
    orderly: true,
    config: body,
    getInitialSnapshot: (_scope, input) => ({ status: 'active', output: undefined, error: undefined, input }),
    getPersistedSnapshot: (snapshot) => snapshot,
    start(snapshot, scope) {
      const state = createRunning<Message>(scope.stopChild);
      running.set(scope.self, state);
      const { self } = scope;
      const context = contextOf(state, scope, snapshot.input as Input);
      runningActor.run(self, () => {
        void body(context).then(
          (output) => self.send({ type: RESOLVED, output } as EventObject),
          (error: unknown) => self.send({ type: CRASH, error } as EventObject),
        );
      });
    },
    transition(snapshot, event, scope) {
      if (snapshot.status !== 'active') return snapshot;
      const state = running.get(scope.self);
      if (event.type === RESOLVED)
        return end(state, {
          ...snapshot,
          status: 'done',
          output: (event as unknown as { output: unknown }).output,
          error: undefined,
        });
      if (event.type === CRASH)
        return end(state, {
          ...snapshot,
          status: 'error',
          output: undefined,
          error: (event as unknown as { error: unknown }).error,
        });
      if (event.type === 'xstate.stop')
        return end(state, { ...snapshot, status: 'stopped', output: undefined, error: undefined });
      if (event.type === SHUTDOWN.type) {
        state?.abort.abort(new Error('shutdown'));
        return snapshot;
      }
      if (event.type.startsWith('xstate.error.actor.'))
        return end(state, {
          ...snapshot,
          status: 'error',
          output: undefined,
          error: (event as unknown as { error: unknown }).error,
        });
      if (event.type.startsWith('xstate.')) return snapshot;
      try {
        if (state) deliver(state, event as Message);
        return snapshot;
      } catch (error) {
        return end(state, { ...snapshot, status: 'error', output: undefined, error });
      }
    },
  };
}

/** What dies with the process, whatever its messages are. */
type Holdings = {
  readonly abort: AbortController;
  readonly leaseLoss: AbortController;
  readonly children: AnyActorRef[];
  readonly stopChild: (child: AnyActorRef) => void;
};

type Running<Message> = Holdings & {
  queue: Message[];
  handler: ((message: Message) => void) | undefined;
  waiting: ((message: Message | undefined) => void) | undefined;
};

function createRunning<Message>(stopChild: (child: AnyActorRef) => void): Running<Message> {
  return {
    abort: new AbortController(),
    leaseLoss: new AbortController(),
    children: [],
    stopChild,
    queue: [],
    handler: undefined,
    waiting: undefined,
  };
}

function deliver<Message>(state: Running<Message>, message: Message): void {
  if (state.handler) return state.handler(message);
  if (state.waiting) return state.waiting(message);
  if (state.queue.length >= MAILBOX_LIMIT) throw new Fault('MAILBOX_FULL', `more than ${MAILBOX_LIMIT} messages wait`);
  state.queue.push(message);
}

/** The one end of a process: lease gone, signal aborted, children stopped. */
function end<S>(state: Holdings | undefined, snapshot: S): S {
  if (!state) return snapshot;
  state.leaseLoss.abort(new Error('lease lost'));
  state.abort.abort(new Error('stopped'));
  for (const child of state.children.toReversed()) state.stopChild(child);
  return snapshot;
}

function contextOf<Message extends EventObject, Input>(
  state: Running<Message>,
  scope: { readonly self: AnyActorRef; readonly system: AnyActorSystem },
  input: Input,
): ProcessContext<Message, Input> {
  const { clock } = servicesOf(scope.system);
  const { signal } = state.abort;
  const lost = state.leaseLoss.signal;
  return {
    input,
    signal,
    clock,
    lease: {
      lost,
      get held() {
        return !lost.aborted;
      },
    },
    receive: (timeoutMs) => {
      if (state.queue.length > 0 || signal.aborted) return Promise.resolve(state.queue.shift());
      return new Promise((resolve) => {
        const finish = (message: Message | undefined): void => {
          if (timer !== undefined) clock.clearTimeout(timer);
          signal.removeEventListener('abort', onAbort);
          state.waiting = undefined;
          resolve(message);
        };
        const onAbort = (): void => finish(undefined);
        const timer = timeoutMs === undefined ? undefined : clock.setTimeout(onAbort, timeoutMs);
        signal.addEventListener('abort', onAbort);
        state.waiting = finish;
      });
    },
    onMessage: (handler) => {
      state.handler = handler;
      const queued = state.queue;
      state.queue = [];
      for (const message of queued) handler(message);
    },
    send: (name, message) => sendTo(scope.system, name, message),
    spawn: (logic, options) => {
      const child = createActor(logic, { ...options, parent: scope.self } as never) as AnyActorRef;
      state.children.push(child);
      child.start();
      return child;
    },
    crash: (error) => scope.self.send({ type: CRASH, error }),
  };
}
