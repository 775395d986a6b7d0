/**
 * One child of a supervisor: its specification, its present incarnation, and what is known of the earlier ones.
 */
import { createActor } from 'xstate';
import type { AnyActorRef } from 'xstate';
import type { TimerId } from '../contracts/clock.ts';
import type { AnyActorSystem } from './context.ts';
import { exitFrom } from './exit.ts';
import type { Exit } from './exit.ts';
import type { RestartWindow } from './intensity.ts';
import { reaped } from './reaped.ts';
import { IGNORE } from './spec.ts';
import type { ChildSpec, Shutdown } from './spec.ts';

export type Child = {
  readonly spec: ChildSpec;
  /** What a child of a pool was started with. */
  readonly argument: unknown;
  ref: AnyActorRef | undefined;
  /** Counts incarnations; part of the actor's id, so that a late event of an old one fits nobody. */
  generation: number;
  /** The generation from which this child counts on: an earlier child of the same id may have come and gone. */
  readonly born: number;
  status: 'running' | 'terminating' | 'restarting' | 'stopped' | 'quarantined';
  restarts: number;
  parkings: number;
  /** Its own failures; made when backoff or quarantine needs it. */
  window: RestartWindow | undefined;
  startedAt: number;
  ready: boolean;
  lastReason: string | undefined;
  /** Until it is killed. */
  deadline: TimerId | undefined;
  /** Until it is started again. */
  retry: TimerId | undefined;
};

/** The actor of a supervisor, as its children need it. */
export type Scope = {
  readonly self: AnyActorRef;
  readonly system: AnyActorSystem;
  readonly stopChild: (child: AnyActorRef) => void;
};

export function newChild(spec: ChildSpec, argument?: unknown, born = 0): Child {
  return {
    spec,
    argument,
    ref: undefined,
    generation: born,
    born,
    status: 'stopped',
    restarts: 0,
    parkings: 0,
    window: undefined,
    startedAt: 0,
    ready: false,
    lastReason: undefined,
    deadline: undefined,
    retry: undefined,
  };
}

/** Starts the next incarnation, synchronously; a failure leaves the child without one. */
export function incarnate(child: Child, scope: Scope): Exit | 'ignored' | undefined {
  child.generation += 1;
  child.ready = false;
  const { spec, argument } = child;
  try {
    const logic = spec.start(argument);
    if (logic === IGNORE) return 'ignored';
    const options = {
      parent: scope.self,
      id: `${spec.id}#${child.generation}`,
      systemId: spec.id,
      input: spec.input?.(argument),
    };
    const ref = createActor(reaped(logic), options as never) as AnyActorRef;
    ref.start();
    const snapshot = ref.getSnapshot() as { status: string; error?: unknown };
    if (snapshot.status === 'error') return exitFrom(snapshot.error);
    child.ref = ref;
  } catch (error) {
    return exitFrom(error);
  }
  child.status = 'running';
  return undefined;
}

/** The `id` of the child whose incarnation bears that actor id. */
export function childIdOf(actor: string): string {
  return actor.slice(0, actor.lastIndexOf('#'));
}

export function shutdownOf({ spec }: Child): Shutdown {
  return spec.shutdown ?? (spec.type === 'supervisor' ? 'infinity' : 5000);
}

/** A child that ends itself when told to; any other is simply stopped. */
export function isOrderly(ref: AnyActorRef): boolean {
  return (ref as unknown as { logic?: { orderly?: boolean } }).logic?.orderly === true;
}
