/**
 * `fromProcess`: an async function as a supervised actor.
 *
 * A rejection is a crash that the supervisor sees; returning is a normal exit. On an orderly shutdown the signal aborts
 * and the body releases what it holds and returns; when its time is over it is killed, which in one JavaScript process
 * means that it loses its lease: `lease.held` turns false and whoever guards a resource must refuse it from then on.
 * Messages reach a handler synchronously (`onMessage`), or wait for `receive` in a bounded mailbox. Its timers, children
 * and monitors end with it.
 */
import type { ActorLogic, AnyActorLogic, AnyActorRef, EventObject, Snapshot } from 'xstate';
import { createActor } from 'xstate';
import type { Clock, TimerId } from '../contracts/clock.ts';
import { CRASH, READY, registerMailbox, runningActor, sendTo, servicesOf, SHUTDOWN } from './context.ts';
import type { AnyActorSystem } from './context.ts';
import { ProcessMailbox } from './mailbox.ts';
import type { MailboxPolicy } from './mailbox.ts';
import { monitor } from './monitor.ts';

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
  /** A DOWN message to this process when the actor of that name ends, or at once when there is none. */
  readonly monitor: (name: string) => void;
  /** Tells the supervisor that the process does its work now. */
  readonly ready: () => void;
  /** Ends the process as if the body had thrown. */
  readonly crash: (error: unknown) => void;
};

export type ProcessSnapshot = Snapshot<unknown> & { readonly input: unknown };
export type ProcessLogic<Message extends EventObject, Input> = ActorLogic<
  ProcessSnapshot,
  Message | EventObject,
  Input
>;

const RESOLVED = 'bessd.process.resolved';

export function fromProcess<Message extends EventObject, Input = undefined>(
  body: (self: ProcessContext<Message, Input>) => Promise<unknown>,
  policy: MailboxPolicy<Message> = {},
): ProcessLogic<Message, Input> & { readonly orderly: true } {
  const running = new WeakMap<AnyActorRef, Running<Message>>();

  return {
    orderly: true,
    config: body,
    getInitialSnapshot: (_scope, input) => ({ status: 'active', output: undefined, error: undefined, input }),
    getPersistedSnapshot: (snapshot) => snapshot,
    start(snapshot, scope) {
      const state = createRunning<Message>(scope.stopChild, policy);
      running.set(scope.self, state);
      registerMailbox(scope.self, state.mailbox);
      const { self } = scope;
      const context = contextOf(
        state,
        { self, system: scope.system, parent: self._parent as AnyActorRef | undefined },
        snapshot.input as Input,
      );
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
        state?.mailbox.deliver(event as Message);
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
  readonly timers: Set<() => void>;
  readonly monitors: (() => void)[];
  readonly stopChild: (child: AnyActorRef) => void;
};

type Running<Message extends EventObject> = Holdings & { readonly mailbox: ProcessMailbox<Message> };

function createRunning<Message extends EventObject>(
  stopChild: (child: AnyActorRef) => void,
  policy: MailboxPolicy<Message>,
): Running<Message> {
  return {
    abort: new AbortController(),
    leaseLoss: new AbortController(),
    children: [],
    timers: new Set(),
    monitors: [],
    stopChild,
    mailbox: new ProcessMailbox(policy),
  };
}

/** The one end of a process: lease gone, signal aborted, children stopped. */
function end<S>(state: Holdings | undefined, snapshot: S): S {
  if (!state) return snapshot;
  state.leaseLoss.abort(new Error('lease lost'));
  state.abort.abort(new Error('stopped'));
  for (const child of state.children.toReversed()) state.stopChild(child);
  for (const clear of state.timers) clear();
  for (const demonitor of state.monitors) demonitor();
  return snapshot;
}

function contextOf<Message extends EventObject, Input>(
  state: Running<Message>,
  scope: { readonly self: AnyActorRef; readonly system: AnyActorSystem; readonly parent: AnyActorRef | undefined },
  input: Input,
): ProcessContext<Message, Input> {
  const clock = ownClock(servicesOf(scope.system).clock, state);
  const { mailbox } = state;
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
      const next = mailbox.take();
      if (next || signal.aborted) return Promise.resolve(next);
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
    },
    onMessage: (handler) => mailbox.handleWith(handler),
    send: (name, message) => sendTo(scope.system, name, message),
    spawn: (logic, options) => {
      const child = createActor(logic, { ...options, parent: scope.self } as never) as AnyActorRef;
      state.children.push(child);
      child.start();
      return child;
    },
    monitor: (name) => {
      state.monitors.push(monitor(scope.system, name, (down) => scope.self.send(down)));
    },
    ready: () => scope.parent?.send({ type: READY, actor: scope.self.id }),
    crash: (error) => scope.self.send({ type: CRASH, error }),
  };
}

/** The clock of the system; what the process has armed is disarmed when it ends, so that no dead process acts later. */
function ownClock(clock: Clock, { timers }: Pick<Holdings, 'timers'>): Clock {
  const clears = new Map<TimerId, () => void>();
  return {
    now: clock.now,
    wall: clock.wall,
    setTimeout(run, delayMs) {
      const id = clock.setTimeout(() => {
        forget();
        run();
      }, delayMs);
      const clear = (): void => clock.clearTimeout(id);
      const forget = (): void => {
        timers.delete(clear);
        clears.delete(id);
      };
      timers.add(clear);
      clears.set(id, clear);
      return id;
    },
    clearTimeout(id) {
      const clear = clears.get(id);
      if (clear) timers.delete(clear);
      clears.delete(id);
      clock.clearTimeout(id);
    },
  };
}
