/**
 * What every actor of one system shares: the clock, and who is told about starts and ends. Looked up by the XState
 * system, because XState hands actors no services of ours.
 */
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import type { AnyActorRef } from 'xstate';
import type { Clock } from '../contracts/clock.ts';

export type AnyActorSystem = AnyActorRef['system'];

/** One fact about one child, for events, logs and metrics. */
export type SupervisionReport = {
  readonly supervisor: string;
  readonly child: string;
  readonly what: 'started' | 'exited' | 'failed' | 'restarted' | 'killed' | 'quarantined' | 'gave_up';
  readonly reason: string;
  readonly restarts: number;
};

export type SystemServices = {
  readonly clock: Clock;
  readonly report: (report: SupervisionReport) => void;
  /** 0 to 1; spreads restarts. Injected, so that a seed gives the same trace. */
  readonly random: () => number;
};

/** Sent by a supervisor: release what you hold and end. */
export const SHUTDOWN = { type: 'bessd.shutdown' } as const;

/** Event `{type, actor}` to the parent: that child has become ready. */
export const READY = 'bessd.ready';

/** Event `{type, error}` by which an error that the actor did not throw itself becomes its failure. */
export const CRASH = 'bessd.crash';

const services = new WeakMap<AnyActorSystem, SystemServices>();

export function provideServices(system: AnyActorSystem, provided: SystemServices): void {
  services.set(system, provided);
}

export function servicesOf(system: AnyActorSystem): SystemServices {
  const found = services.get(system);
  if (!found) throw new Error('this actor does not run in a system started by startSystem');
  return found;
}

/** The actor on whose behalf the present code runs, also inside its timers, sockets and floating promises. */
export const runningActor = new AsyncLocalStorage<AnyActorRef | undefined>();

/**
 * The context of one actor, to run its turns in. Entering it costs a tenth of `runningActor.run`, which matters because it
 * is done for every message.
 */
export function turnsOf(actor: AnyActorRef): AsyncResource {
  return runningActor.run(actor, () => new AsyncResource('bessd.actor', { requireManualDestroy: true }));
}

/** Throws an error of nobody's: outside every actor, after the present turn, so that it ends the process and no child. */
export function raiseDefect(error: unknown): void {
  runningActor.run(undefined, () =>
    setImmediate(() => {
      throw error;
    }),
  );
}

/** How an actor that did not fail was made to end, as its monitors are told. */
const dismissals = new WeakMap<AnyActorRef, 'shutdown' | 'killed'>();

export function dismiss(ref: AnyActorRef, how: 'shutdown' | 'killed'): void {
  dismissals.set(ref, how);
}

export function dismissalOf(ref: AnyActorRef): 'shutdown' | 'killed' | undefined {
  return dismissals.get(ref);
}

export function isActive(ref: AnyActorRef): boolean {
  return (ref.getSnapshot() as { status: string }).status === 'active';
}

/** The mailbox of an actor, where it has one of ours. */
export type Mailbox = {
  readonly depth: number;
  readonly refused: number;
  readonly dropped: number;
  readonly full: boolean;
};

const mailboxes = new WeakMap<AnyActorRef, Mailbox>();

export function registerMailbox(ref: AnyActorRef, mailbox: Mailbox): void {
  mailboxes.set(ref, mailbox);
}

export function mailboxOf(ref: AnyActorRef): Mailbox | undefined {
  return mailboxes.get(ref);
}

/** The living actor of that name, never a dead incarnation. */
export function whereIs(system: AnyActorSystem, name: string): AnyActorRef | undefined {
  const found = system.get(name) as AnyActorRef | undefined;
  return found && isActive(found) ? found : undefined;
}

/** Delivers to the living actor of that name; false when there is none, or when its mailbox refuses. */
export function sendTo(system: AnyActorSystem, name: string, message: { readonly type: string }): boolean {
  const target = whereIs(system, name);
  if (!target) return false;
  const before = mailboxes.get(target)?.refused;
  target.send(message);
  return mailboxes.get(target)?.refused === before;
}
