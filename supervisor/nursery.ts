/**
 * The children of one supervisor and the rules by which they live.
 *
 *   start ─▶ running ─fails─▶ restarting ─▶ running
 *               │                └─ too often ─▶ give up (or quarantined ─delay─▶ restarting)
 *               └─ told to end ─▶ terminating ─ends or is killed─▶ stopped
 *
 * Invariant: an exit is judged once, for the incarnation that it belongs to; later ones of that incarnation are void.
 */
import type { AnyActorRef, EventObject } from 'xstate';
import { CODES, Fault } from '../contracts/faults.ts';
import { incarnate, newChild } from './child.ts';
import type { Child, Scope } from './child.ts';
import { READY, servicesOf, SHUTDOWN } from './context.ts';
import type { SupervisionReport, SystemServices } from './context.ts';
import { exitOf } from './exit.ts';
import type { Exit } from './exit.ts';
import { RestartWindow } from './intensity.ts';
import type { SupervisorOutput, SupervisorSpec } from './spec.ts';
import { KILL, Termination } from './termination.ts';

const RETRY = 'bessd.supervisor.retry';
/** Event `{type, call}`: work on the children, in the supervisor's turn. */
export const CALL = 'bessd.supervisor.call';
const PARKING_MS = { first: 5000, longest: 300_000 };

type Addressed = EventObject & { readonly id: string; readonly generation: number };

const nurseries = new WeakMap<AnyActorRef, Nursery>();

/** The children of a running supervisor; undefined for any other actor. */
export function nurseryOf(ref: AnyActorRef): Nursery | undefined {
  return nurseries.get(ref);
}

export class Nursery {
  readonly spec: SupervisorSpec;
  readonly #scope: Scope;
  readonly #services: SystemServices;
  readonly window: RestartWindow;
  /** In order of their start. */
  readonly children = new Map<string, Child>();
  readonly #byActor = new Map<string, Child>();
  readonly #termination: Termination;
  #failedMeanwhile: Child[] = [];
  #stopping = false;
  /** Children that a pool has started so far; the number is part of their names. */
  started = 0;
  /** Set when the supervisor itself has ended. */
  ended: SupervisorOutput | undefined;

  constructor(spec: SupervisorSpec, scope: Scope) {
    this.spec = spec;
    this.#scope = scope;
    this.#services = servicesOf(scope.system);
    this.window = new RestartWindow(spec.intensity ?? 1, spec.periodMs ?? 5000);
    this.#termination = new Termination(scope, this.#services.clock, {
      // OTP: a temporary child that is stopped for a sibling's sake is not started again.
      ended: (child) => {
        if (child.spec.restart === 'temporary') this.children.delete(child.spec.id);
        child.status = this.#stopping ? 'stopped' : 'restarting';
      },
      killed: (child, reason) => this.#report(child, 'killed', reason),
    });
    nurseries.set(scope.self, this);
    if (!spec.pool) for (const child of spec.children) this.children.set(child.id, newChild(child));
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  now(): number {
    return this.#services.clock.now();
  }

  /** First start: in order, all or nothing. Throws the first failure after undoing the rest in reverse. */
  startAll(): void {
    for (const child of this.children.values()) {
      const failure = this.start(child);
      if (failure === undefined) continue;
      if (this.spec.quarantine) {
        this.#park(child, failure.reason);
        continue;
      }
      this.killAll();
      throw failure.error instanceof Error ? failure.error : new Error(failure.reason);
    }
  }

  handle(event: EventObject): void {
    switch (event.type) {
      case SHUTDOWN.type:
        return this.stop({ reason: 'shutdown' });
      case RETRY:
        return this.#retry(event as Addressed);
      case KILL:
        return this.#killOverdue(event as Addressed);
      case CALL:
        return (event as unknown as { call: (nursery: Nursery) => void }).call(this);
      case READY:
        return this.#becameReady((event as unknown as { actor: string }).actor);
      default: {
        const exit = exitOf(event);
        if (!exit) return;
        const actor = event.type.slice(event.type.indexOf('.actor.') + '.actor.'.length);
        const child = this.#byActor.get(actor);
        this.#byActor.delete(actor);
        if (child?.ref?.id === actor) this.#exited(child, exit);
      }
    }
  }

  /** Ends every child at once, in reverse. */
  killAll(): void {
    for (const child of [...this.children.values()].toReversed()) this.#termination.kill(child);
  }

  /** Starts an incarnation; the failure, or undefined. */
  start(child: Child): Exit | undefined {
    const outcome = incarnate(child, this.#scope);
    if (outcome === 'ignored') {
      child.status = 'stopped';
      if (child.spec.restart === 'temporary') this.children.delete(child.spec.id);
      return undefined;
    }
    if (outcome) return outcome;
    if (child.ref) this.#byActor.set(child.ref.id, child);
    this.#report(child, child.generation === 1 ? 'started' : 'restarted', child.lastReason ?? 'start');
    return undefined;
  }

  /** Ends one child in order and keeps it ended; `then` runs when it has. */
  terminate(child: Child, then: () => void): void {
    this.#termination.end([child], () => {
      child.status = 'stopped';
      then();
      this.#restartNext();
    });
  }

  /** Ends the children in reverse (a pool: all at once), then the supervisor. */
  stop(output: SupervisorOutput): void {
    if (this.#stopping) return;
    this.#stopping = true;
    const finish = (): void => {
      this.ended = output;
    };
    const children = [...this.children.values()];
    if (this.spec.pool) this.#termination.endTogether(children, finish);
    else this.#termination.end(children, finish);
  }

  #killOverdue({ id, generation }: Addressed): void {
    const child = this.children.get(id);
    if (child?.generation === generation) this.#termination.overdue(child);
  }

  #exited(child: Child, exit: Exit): void {
    child.ref = undefined;
    child.lastReason = exit.reason;
    if (child.status === 'terminating') {
      this.#report(child, 'exited', exit.reason);
      return this.#termination.exited(child);
    }
    this.#report(child, exit.kind === 'abnormal' || exit.error !== undefined ? 'failed' : 'exited', exit.reason);
    const { restart = 'permanent', significant = false, mustBecomeReady = false } = child.spec;
    const staysDown = restart === 'temporary' || (restart === 'transient' && exit.kind !== 'abnormal');
    if (staysDown) {
      child.status = 'stopped';
      if (restart === 'temporary' || this.spec.pool) this.children.delete(child.spec.id);
      if (significant) this.#significantEnded();
      return;
    }
    child.status = 'restarting';
    if (mustBecomeReady && !child.ready) return this.#giveUpOn(child, 'failed before it was ready');
    if (this.#termination.busy) this.#failedMeanwhile.push(child);
    else this.#restart(child);
  }

  /** OTP: auto_shutdown. */
  #significantEnded(): void {
    const { autoShutdown = 'never' } = this.spec;
    const left = [...this.children.values()].some(({ spec, ref }) => spec.significant && ref !== undefined);
    if (autoShutdown === 'any_significant' || (autoShutdown === 'all_significant' && !left))
      this.stop({ reason: 'shutdown' });
  }

  #restart(child: Child): void {
    if (this.#stopping) return;
    if (this.window.exceededAt(this.now())) return this.#giveUpOn(child, CODES.RESTART_INTENSITY);
    child.restarts += 1;
    const affected = this.#affectedBy(child);
    this.#termination.end(affected, () => {
      if (this.#stopping) return;
      // What happened to these children meanwhile is over with this restart.
      this.#failedMeanwhile = this.#failedMeanwhile.filter((other) => !affected.includes(other));
      const pauseMs = this.#pauseBefore(child);
      if (pauseMs > 0) this.#later(child, pauseMs, false);
      else this.#startAgain(affected);
      this.#restartNext();
    });
  }

  /** Exponential, with jitter, while failures come within the window. */
  #pauseBefore({ spec: { backoff } }: Child): number {
    if (!backoff) return 0;
    const { firstMs, longestMs, jitter = 0 } = backoff;
    const pauseMs = Math.min(firstMs * 2 ** Math.max(0, this.window.count - 1), longestMs);
    return pauseMs * (1 + jitter * (2 * this.#services.random() - 1));
  }

  #giveUpOn(child: Child, why: string): void {
    const reason = child.lastReason ?? '';
    if (this.spec.quarantine) return this.#park(child, reason);
    this.#report(child, 'gave_up', reason);
    this.stop({
      reason: 'intensity',
      error: new Fault('RESTART_INTENSITY', `${this.spec.id}: ${child.spec.id}: ${reason}; ${why}`),
    });
  }

  #affectedBy(child: Child): readonly Child[] {
    const all = [...this.children.values()];
    switch (this.spec.strategy) {
      case 'one_for_one':
        return [child];
      case 'one_for_all':
        return all;
      case 'rest_for_one':
        return all.slice(all.indexOf(child));
    }
  }

  #startAgain(affected: readonly Child[]): void {
    for (const child of affected) {
      if (this.children.get(child.spec.id) !== child || child.ref || child.status === 'quarantined') continue;
      const failure = this.start(child);
      if (failure === undefined) continue;
      child.status = 'restarting';
      child.lastReason = failure.reason;
      this.#report(child, 'failed', failure.reason);
      // A message to itself, so that other messages get their turn between two tries.
      return this.#later(child, 0, true);
    }
  }

  /** Turns to those that failed while others were being ended, in that order; before any second try of a start. */
  #restartNext(): void {
    while (!this.#termination.busy && !this.#stopping) {
      const next = this.#failedMeanwhile.shift();
      if (!next) return;
      if (next.status === 'restarting' && !next.ref) this.#restart(next);
    }
  }

  /** Comes back to the child; `counts`: as another restart. */
  #later(child: Child, delayMs: number, counts: boolean): void {
    const again = { type: RETRY, id: child.spec.id, generation: child.generation, counts } as EventObject;
    if (delayMs === 0) this.#scope.self.send(again);
    else this.#services.clock.setTimeout(() => this.#scope.self.send(again), delayMs);
  }

  #retry({ id, generation, counts }: Addressed & { readonly counts?: boolean }): void {
    const child = this.children.get(id);
    if (!child || child.generation !== generation || child.ref || this.#stopping) return;
    if (child.status === 'stopped') return;
    child.status = 'restarting';
    if (this.#termination.busy) this.#failedMeanwhile.push(child);
    else if (counts) this.#restart(child);
    else this.#startAgain(this.#affectedBy(child));
  }

  #park(child: Child, reason: string): void {
    child.status = 'quarantined';
    child.lastReason = reason;
    const delayMs = Math.min(PARKING_MS.first * 2 ** child.parkings, PARKING_MS.longest);
    child.parkings += 1;
    this.window.clear();
    this.#report(child, 'quarantined', `${reason}; next try in ${delayMs / 1000} s`);
    this.#later(child, delayMs, true);
  }

  #becameReady(actor: string): void {
    const child = this.#byActor.get(actor);
    if (!child) return;
    child.ready = true;
    child.parkings = 0;
  }

  #report(child: Child, what: SupervisionReport['what'], reason: string): void {
    this.#services.report({ supervisor: this.spec.id, child: child.spec.id, what, reason, restarts: child.restarts });
  }
}
