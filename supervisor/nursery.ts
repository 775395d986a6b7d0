/**
 * The children of one supervisor and the rules by which they live.
 *
 *   start ─▶ running ─fails─▶ restarting ─▶ running
 *               │                └─ too often ─▶ give up (or quarantined ─delay─▶ restarting)
 *               └─ told to end ─▶ terminating ─ends or is killed─▶ stopped
 *
 * Invariant: an exit is judged once, for the incarnation that it belongs to; later ones of that incarnation are void.
 * By which rules is in `rules.ts`, whose turn it is in `turns.ts`.
 */
import type { AnyActorRef, EventObject } from 'xstate';
import { CODES, Fault } from '../contracts/faults.ts';
import { Comeback, RETURN } from './comeback.ts';
import type { Return, Returning } from './comeback.ts';
import { childIdOf, incarnate, newChild } from './child.ts';
import type { Child, Scope } from './child.ts';
import { dismiss, raiseDefect, READY, servicesOf, SHUTDOWN } from './context.ts';
import type { SupervisionReport, SystemServices } from './context.ts';
import { exitOf } from './exit.ts';
import type { Exit } from './exit.ts';
import { pauseMsAfter } from './pauses.ts';
import { affectedBy, comesBack, endsItself, RestartBudget } from './rules.ts';
import type { SupervisorOutput, SupervisorSpec } from './spec.ts';
import { GONE, KILL, Termination } from './termination.ts';
import type { OfChild } from './termination.ts';
import { Turns } from './turns.ts';

/** Event `{type, call}`: work on the children, in the supervisor's turn. */
export const CALL = 'bessd.supervisor.call';

const nurseries = new WeakMap<AnyActorRef, Nursery>();

/** The children of a running supervisor; undefined for any other actor. */
export function nurseryOf(ref: AnyActorRef): Nursery | undefined {
  return nurseries.get(ref);
}

export class Nursery {
  readonly spec: SupervisorSpec;
  readonly #scope: Scope;
  readonly #services: SystemServices;
  readonly #budget: RestartBudget;
  readonly #turns = new Turns();
  /** In order of their start. */
  readonly children = new Map<string, Child>();
  readonly #termination: Termination;
  readonly #comeback: Comeback;
  #stopping = false;
  /** Children that a pool has started so far; the number is part of their names. */
  started = 0;
  /** The highest generation of a child that is forgotten. */
  retired = 0;
  /** Set when the supervisor itself has ended. */
  ended: SupervisorOutput | undefined;

  constructor(spec: SupervisorSpec, scope: Scope) {
    this.spec = spec;
    this.#scope = scope;
    this.#services = servicesOf(scope.system);
    this.#budget = new RestartBudget(spec);
    this.#comeback = new Comeback(scope, this.#services.clock, spec.periodMs ?? 5000);
    this.#termination = new Termination(scope, this.#services.clock, {
      // OTP: a temporary child that is stopped for a sibling's sake is not started again.
      ended: (child) => {
        this.#comeback.cancel(child);
        // What was still to be judged of it is void.
        child.generation += 1;
        if (child.spec.restart === 'temporary') this.forget(child);
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

  /** Restarts that may still be made in the present window; in quarantine, by the child that has the fewest left. */
  get restartsLeft(): number {
    return this.#budget.leftAt(this.#services.clock.now(), [...this.children.values()]);
  }

  /** First start: in order, all or nothing. Throws the first failure after undoing the rest in reverse. */
  startAll(): void {
    for (const child of this.children.values()) {
      const failure = this.start(child);
      if (failure === undefined) continue;
      this.#report(child, 'failed', failure.reason);
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
      case RETURN:
        return this.#comesBack(event as Returning);
      case KILL:
        return this.#ifPresent(event as OfChild, (child) => this.#termination.overdue(child));
      case GONE:
        return this.#ifPresent(event as OfChild, (child) => this.#termination.exited(child));
      case CALL: {
        const { call } = event as unknown as { call: (nursery: Nursery) => void };
        return this.#turns.take(() => call(this));
      }
      case READY:
        return this.#becameReady((event as unknown as { actor: string }).actor);
      default: {
        const exit = exitOf(event);
        if (!exit) return;
        const child = this.#bearing(event.type.slice(event.type.indexOf('.actor.') + '.actor.'.length));
        if (child) this.#exited(child, exit);
      }
    }
  }

  /** Ends every child at once, in reverse. */
  killAll(): void {
    this.#stopping = true;
    for (const child of [...this.children.values()].toReversed()) {
      this.#comeback.cancel(child);
      if (child.ref) dismiss(child.ref, 'killed');
      this.#termination.kill(child);
      child.status = 'stopped';
    }
  }

  /** Starts an incarnation; the failure, or undefined. */
  start(child: Child): Exit | undefined {
    this.#comeback.cancel(child);
    const outcome = incarnate(child, this.#scope);
    if (outcome === 'ignored') {
      child.status = 'stopped';
      if (child.spec.restart === 'temporary' || this.spec.pool) this.forget(child);
      return undefined;
    }
    if (outcome) return outcome;
    child.startedAt = this.#services.clock.now();
    this.#report(
      child,
      child.restarts === 0 && !child.lastReason ? 'started' : 'restarted',
      child.lastReason ?? 'start',
    );
    return undefined;
  }

  /** Ends one child in order and keeps it ended; `then` runs when it has. */
  terminate(child: Child, then: () => void): void {
    if (!this.#stopping) this.#turns.hold();
    this.#termination.end([child], () => {
      child.status = 'stopped';
      then();
      this.#turns.free();
    });
  }

  forget(child: Child): void {
    this.#comeback.cancel(child);
    this.retired = Math.max(this.retired, child.generation);
    if (this.children.get(child.spec.id) === child) this.children.delete(child.spec.id);
  }

  /** Ends the children in reverse (a pool, and what needs nothing of each other: all at once), then the supervisor. */
  stop(output: SupervisorOutput): void {
    if (this.#stopping) return;
    this.#stopping = true;
    const finish = (): void => {
      this.ended = output;
    };
    const children = [...this.children.values()];
    if (this.spec.pool || this.spec.endsTogether) this.#termination.endTogether(children, finish);
    else this.#termination.end(children, finish);
    this.#turns.free();
  }

  #exited(child: Child, exit: Exit): void {
    child.lastReason = exit.reason;
    if (child.status === 'terminating') {
      this.#report(child, 'exited', exit.reason);
      return this.#termination.exited(child);
    }
    child.ref = undefined;
    child.status = 'restarting';
    this.#report(child, exit.kind === 'abnormal' || exit.error !== undefined ? 'failed' : 'exited', exit.reason);
    const { generation } = child;
    this.#turns.take(() => {
      if (this.#isDown(child) && child.generation === generation) this.#judge(child, exit);
    });
  }

  #judge(child: Child, exit: Exit): void {
    if (this.#stopping) return;
    const { restart, significant = false, mustBecomeReady = false } = child.spec;
    if (!comesBack(child, exit)) {
      child.status = 'stopped';
      if (restart === 'temporary' || this.spec.pool) this.forget(child);
      if (significant && endsItself(this.spec, [...this.children.values()])) this.stop({ reason: 'shutdown' });
      return;
    }
    if (mustBecomeReady && !child.ready) return this.#giveUpOn(child, 'failed before it was ready');
    this.#restart(child, 'again');
  }

  /** What returns from quarantine gets its try; its next failure is judged with this one counted. */
  #restart(child: Child, how: Return): void {
    const tooOften = this.#budget.spend(child, this.#services.clock.now());
    if (tooOften && how !== 'parked') return this.#giveUpOn(child, CODES.RESTART_INTENSITY);
    child.restarts += 1;
    const affected = this.#affectedBy(child);
    this.#turns.hold();
    this.#termination.end(affected, () => {
      if (this.#stopping) return;
      const pauseMs = pauseMsAfter(child.window?.count ?? 0, child.spec.backoff, this.#services.random);
      if (pauseMs > 0) this.#comeback.later(child, pauseMs, 'paused');
      else this.#startAgain(affected);
      this.#turns.free();
    });
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
    return affectedBy(this.spec.strategy, child, [...this.children.values()]);
  }

  #startAgain(affected: readonly Child[]): void {
    for (const child of affected) {
      if (!this.#isDown(child)) continue;
      const failure = this.start(child);
      if (failure === undefined) continue;
      child.status = 'restarting';
      child.lastReason = failure.reason;
      this.#report(child, 'failed', failure.reason);
      // Not in this turn, so that other messages get theirs between two tries.
      return this.#comeback.later(child, 0, 'again');
    }
  }

  /** Waits to be started again, and nothing else has happened to it. */
  #isDown(child: Child): boolean {
    return child.status === 'restarting' && !child.ref && this.children.get(child.spec.id) === child;
  }

  #comesBack(event: Returning): void {
    this.#turns.take(() =>
      this.#ifPresent(event, (child) => {
        if (child.ref || child.status === 'stopped' || this.#stopping) return;
        child.status = 'restarting';
        if (event.how === 'paused') this.#startAgain(this.#affectedBy(child));
        else this.#restart(child, event.how);
      }),
    );
  }

  #park(child: Child, reason: string): void {
    this.#report(child, 'quarantined', this.#comeback.park(child, reason));
  }

  #becameReady(actor: string): void {
    const child = this.#bearing(actor);
    if (!child) return;
    child.ready = true;
    child.parkings = 0;
  }

  #bearing(actor: string): Child | undefined {
    const child = this.children.get(childIdOf(actor));
    return child?.ref?.id === actor ? child : undefined;
  }

  #ifPresent({ child, generation }: OfChild, act: (child: Child) => void): void {
    if (child.generation === generation && this.children.get(child.spec.id) === child) act(child);
  }

  /** Who listens may fail, but not at the cost of the children. */
  #report(child: Child, what: SupervisionReport['what'], reason: string): void {
    try {
      this.#services.report({ supervisor: this.spec.id, child: child.spec.id, what, reason, restarts: child.restarts });
    } catch (error) {
      raiseDefect(error);
    }
  }
}
