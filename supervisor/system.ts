/**
 * The root of a tree of supervisors: starts it, stops it in order, says how it ended.
 *
 * An error that no actor caught (a timer, a socket handler, a floating promise) becomes the failure of the actor on whose
 * behalf the code ran; one that belongs to no actor is a defect of the process and ends it.
 */
import { createActor } from 'xstate';
import type { AnyActorRef, EventObject } from 'xstate';
import type { Clock } from '../contracts/clock.ts';
import type { TreeNode } from '../contracts/status.ts';
import { CRASH, provideServices, runningActor, sendTo, SHUTDOWN } from './context.ts';
import type { AnyActorSystem, SupervisionReport } from './context.ts';
import { administrationOf } from './administration.ts';
import type { Administration } from './administration.ts';
import { describeRoot } from './describe.ts';
import { useOwnScheduler } from './scheduler.ts';
import type { SupervisorOutput, SupervisorSpec } from './spec.ts';
import { supervisor } from './supervisor.ts';

export type RunningSystem = {
  readonly send: (name: string, message: EventObject) => boolean;
  readonly tree: () => TreeNode;
  /** Dynamic children of the supervisor of that name; undefined where there is none. */
  readonly administration: (name: string) => Administration | undefined;
  /** Ends all children in reverse order; resolves when the root has ended. */
  readonly stop: () => Promise<SupervisorOutput>;
  /** Ends everything at once, as a killed process does: nobody releases anything in order. */
  readonly kill: () => void;
  /** Resolves when the root ends, by itself or because it was stopped. */
  readonly ended: Promise<SupervisorOutput>;
  readonly system: AnyActorSystem;
};

export type SystemOptions = {
  readonly clock: Clock;
  readonly report?: (report: SupervisionReport) => void;
  /** 0 to 1; default Math.random. */
  readonly random?: () => number;
};

export function startSystem(
  spec: SupervisorSpec,
  { clock, report = () => {}, random = Math.random }: SystemOptions,
): RunningSystem {
  const { promise: ended, resolve } = Promise.withResolvers<SupervisorOutput>();
  const root = createActor(supervisor(spec), { clock, systemId: spec.id } as never) as AnyActorRef;
  provideServices(root.system, { clock, report, random });
  useOwnScheduler(root.system, clock);
  root.subscribe({
    // Without an output it was killed: nothing was in order, but nothing failed either.
    complete: () =>
      resolve((root.getSnapshot() as { output?: SupervisorOutput }).output ?? { reason: 'shutdown', error: 'killed' }),
    error: (error: unknown) => resolve({ reason: 'intensity', error }),
  });
  root.start();
  return {
    send: (name, message) => sendTo(root.system, name, message),
    tree: () => describeRoot(spec, root),
    administration: (name) => administrationOf(root.system, name),
    stop: () => {
      root.send(SHUTDOWN);
      return ended;
    },
    kill: () => {
      root.stop();
    },
    ended,
    system: root.system,
  };
}

/**
 * Turns errors that nobody caught into the failure of the actor that they belong to. Call once per thread; what
 * belongs to no actor goes to `onDefect`.
 */
export function attributeLateErrors(onDefect: (error: unknown) => void): void {
  const judge = (error: unknown): void => {
    const owner = runningActor.getStore();
    const { status } = (owner?.getSnapshot() ?? {}) as { status?: string };
    if (owner && status === 'active') owner.send({ type: CRASH, error });
    else if (!owner) onDefect(error);
  };
  process.on('uncaughtException', judge);
  process.on('unhandledRejection', judge);
}
