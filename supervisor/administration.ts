/**
 * Children that come and go while a supervisor runs, and what it says of them (OTP: start_child, terminate_child,
 * restart_child, delete_child, which_children, count_children).
 *
 * Changes are made in the supervisor's own turn; the questions are answered at once, also while a child hangs in its start.
 */
import type { AnyActorRef, EventObject } from 'xstate';
import { newChild } from './child.ts';
import type { Child } from './child.ts';
import { isActive, whereIs } from './context.ts';
import type { AnyActorSystem } from './context.ts';
import { countChildren, whichChildren } from './describe.ts';
import type { ChildCount, ChildInfo } from './describe.ts';
import { CALL, nurseryOf } from './nursery.ts';
import type { Nursery } from './nursery.ts';
import { validateChild } from './validate.ts';
import type { ChildSpec } from './spec.ts';

export type Outcome<Reason extends string> =
  | { readonly ok: true; readonly id: string }
  | { readonly ok: false; readonly reason: Reason; readonly error?: string };

export type Administration = {
  /** A new child at the end of the list; of a pool: one more from the template, with that argument. */
  readonly startChild: (
    spec: ChildSpec | { readonly argument: unknown },
  ) => Promise<Outcome<'already_started' | 'already_present' | 'failed' | 'shutting_down'>>;
  /** Ends it and keeps its specification; a temporary one, and one of a pool, is forgotten. */
  readonly terminateChild: (id: string) => Promise<Outcome<'not_found'>>;
  /** Starts one that was terminated. */
  readonly restartChild: (
    id: string,
  ) => Promise<Outcome<'not_found' | 'running' | 'restarting' | 'failed' | 'pool' | 'shutting_down'>>;
  /** Forgets one that was terminated. */
  readonly deleteChild: (id: string) => Promise<Outcome<'not_found' | 'running' | 'restarting' | 'pool'>>;
  readonly whichChildren: () => readonly ChildInfo[];
  readonly countChildren: () => ChildCount;
};

export function administrationOf(system: AnyActorSystem, name: string): Administration | undefined {
  const ref = whereIs(system, name);
  const nursery = ref && nurseryOf(ref);
  if (!ref || !nursery) return undefined;
  return {
    startChild: (spec) => inTurn(ref, (own, done) => done(startChild(own, spec))),
    terminateChild: (id) =>
      inTurn(ref, (own, done) => {
        const child = own.children.get(id);
        if (!child) return done({ ok: false, reason: 'not_found' });
        own.terminate(child, () => {
          if (own.spec.pool || child.spec.restart === 'temporary') own.forget(child);
          done({ ok: true, id });
        });
      }),
    restartChild: (id) => inTurn(ref, (own, done) => done(restartChild(own, id))),
    deleteChild: (id) =>
      inTurn(ref, (own, done) => {
        const child = own.children.get(id);
        const reason = reasonAgainst(own, child);
        if (reason || !child) return done({ ok: false, reason: reason ?? 'not_found' });
        own.forget(child);
        done({ ok: true, id });
      }),
    whichChildren: () => whichChildren(nursery),
    countChildren: () => countChildren(nursery),
  };
}

/** Rejects when the supervisor ends before it has answered; never stays open. */
function inTurn<T>(ref: AnyActorRef, work: (nursery: Nursery, done: (outcome: T) => void) => void): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const tooLate = (): void => reject(new Error('the supervisor has ended'));
  if (isActive(ref)) {
    const subscription = ref.subscribe({ complete: tooLate, error: tooLate });
    const done = (outcome: T): void => {
      subscription.unsubscribe();
      resolve(outcome);
    };
    const call = (nursery: Nursery): void => {
      try {
        work(nursery, done);
      } catch (error) {
        subscription.unsubscribe();
        reject(error as Error);
      }
    };
    ref.send({ type: CALL, call } as EventObject);
  } else tooLate();
  return promise;
}

function startChild(
  nursery: Nursery,
  given: ChildSpec | { readonly argument: unknown },
): Outcome<'already_started' | 'already_present' | 'failed' | 'shutting_down'> {
  if (nursery.stopping) return { ok: false, reason: 'shutting_down' };
  const child = 'argument' in given ? nextOfPool(nursery, given.argument) : nextOfList(nursery, given as ChildSpec);
  const { id } = child.spec;
  const present = nursery.children.get(id);
  if (present) return { ok: false, reason: present.status === 'stopped' ? 'already_present' : 'already_started' };
  nursery.children.set(id, child);
  const failure = nursery.start(child);
  if (!failure) return { ok: true, id };
  nursery.forget(child);
  return { ok: false, reason: 'failed', error: failure.reason };
}

function nextOfList(nursery: Nursery, spec: ChildSpec): Child {
  if (nursery.spec.pool)
    throw new Error(`supervisor ${nursery.spec.id} is a pool: its template starts from an argument`);
  validateChild(spec, nursery.spec);
  return newChild(spec, undefined, nursery.retired);
}

function nextOfPool(nursery: Nursery, argument: unknown): Child {
  const [template] = nursery.spec.children;
  if (!nursery.spec.pool || !template) throw new Error(`supervisor ${nursery.spec.id} is no pool`);
  nursery.started += 1;
  return newChild({ ...template, id: `${template.id}-${nursery.started}` }, argument);
}

function restartChild(
  nursery: Nursery,
  id: string,
): Outcome<'not_found' | 'running' | 'restarting' | 'failed' | 'pool' | 'shutting_down'> {
  if (nursery.stopping) return { ok: false, reason: 'shutting_down' };
  const child = nursery.children.get(id);
  const reason = reasonAgainst(nursery, child);
  if (reason || !child) return { ok: false, reason: reason ?? 'not_found' };
  const failure = nursery.start(child);
  return failure ? { ok: false, reason: 'failed', error: failure.reason } : { ok: true, id };
}

function reasonAgainst(
  { spec }: Nursery,
  child: Child | undefined,
): 'not_found' | 'running' | 'restarting' | 'pool' | undefined {
  if (spec.pool) return 'pool';
  if (!child) return 'not_found';
  if (child.ref) return 'running';
  return child.status === 'restarting' || child.status === 'quarantined' ? 'restarting' : undefined;
}
