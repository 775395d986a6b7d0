/**
 * What every actor of one system shares: the clock, and who is told about starts and ends. Looked up by the XState
 * system, because XState hands actors no services of ours.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
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
};

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
export const runningActor = new AsyncLocalStorage<AnyActorRef>();

/** Delivers to the living actor of that name; false when there is none. */
export function sendTo(system: AnyActorSystem, name: string, message: { readonly type: string }): boolean {
  const target = system.get(name) as AnyActorRef | undefined;
  if (!target || (target.getSnapshot() as { status: string }).status !== 'active') return false;
  target.send(message);
  return true;
}
