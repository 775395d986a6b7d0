/**
 * The children of one supervisor and the rules by which they live.
 *
 *   start ─▶ running ─fails─▶ restarting ─▶ running
 *               │                └─ too often ─▶ give up (or quarantined ─delay─▶ restarting)
 *               └─ told to end ─▶ terminating ─ends or is killed─▶ stopped
 *
 * Invariant: an exit is judged once, for the incarnation that it belongs to; later ones of that incarnation are void.
 * One thing at a time, as in OTP: while children are being ended, other exits and wishes wait for their turn.
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
import { RestartWindow } from './intensity.ts';
import { pauseMsAfter } from './pauses.ts';
import type { SupervisorOutput, SupervisorSpec } from './spec.ts';
import { GONE, KILL, Termination } from './termination.ts';
import type { OfChild } from './termination.ts';

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
  readonly #window: RestartWindow;
  /** In order of their start. */
  readonly children = new Map<string, Child>();
  readonly #termination: Termination;
  readonly #comeback: Comeback;
  /** Children are being ended, by hand or for a restart. */
  #busy = false;
  #waiting: (() => void)[] = [];
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
    this.#window = this.#newWindow();
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
    const now = this.#services.clock.now();
    const windows = this.spec.quarantine ? [...this.children.values()].map(({ window }) => window) : [];
    return Math.min(this.#window.leftAt(now), ...windows.map((window) => window?.leftAt(now) ?? Infinity));
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
        return this.#inTurn(() => call(this));
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
    this.#busy = !this.#stopping;
    this.#termination.end([child], () => {
      child.status = 'stopped';
      then();
      this.#free();
    });
  }

  forget(child: Child): void {
    this.#comeback.cancel(child);
    this.retired = Math.max(this.retired, child.generation);
    if (this.children.get(child.spec.id) === child) this.children.delete(child.spec.id);
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
    this.#free();
  }

  /** Now, or when the children have ended that are being ended. */
  #inTurn(work: () => void): void {
    if (this.#busy) this.#waiting.push(work);
    else work();
  }

  #free(): void {
    this.#busy = false;
    while (!this.#busy) {
      const work = this.#waiting.shift();
      if (!work) return;
      work();
    }
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
    this.#inTurn(() => {
      if (this.#isDown(child) && child.generation === generation) this.#judge(child, exit);
    });
  }

  #judge(child: Child, { kind }: Exit): void {
    if (this.#stopping) return;
    const { restart = 'permanent', significant = false, mustBecomeReady = false } = child.spec;
    if (restart === 'temporary' || (restart === 'transient' && kind !== 'abnormal')) {
      child.status = 'stopped';
      if (restart === 'temporary' || this.spec.pool) this.forget(child);
      if (significant) this.#significantEnded();
      return;
    }
    if (mustBecomeReady && !child.ready) return this.#giveUpOn(child, 'failed before it was ready');
    this.#restart(child, 'again');
  }

  /** OTP: auto_shutdown. */
  #significantEnded(): void {
    const { autoShutdown = 'never' } = this.spec;
    const left = [...this.children.values()].some(({ spec, status }) => spec.significant && status !== 'stopped');
    if (autoShutdown === 'any_significant' || (autoShutdown === 'all_significant' && !left))
      this.stop({ reason: 'shutdown' });
  }

  /** What returns from quarantine gets its try; its next failure is judged with this one counted. */
  #restart(child: Child, how: Return): void {
    const tooOften = this.#countFailure(child);
    if (tooOften && how !== 'parked') return this.#giveUpOn(child, CODES.RESTART_INTENSITY);
    child.restarts += 1;
    const affected = this.#affectedBy(child);
    this.#busy = true;
    this.#termination.end(affected, () => {
      if (this.#stopping) return;
      const pauseMs = pauseMsAfter(child.window?.count ?? 0, child.spec.backoff, this.#services.random);
      if (pauseMs > 0) this.#comeback.later(child, pauseMs, 'paused');
      else this.#startAgain(affected);
      this.#free();
    });
  }

  /** In quarantine each child is judged by its own failures, else all together. */
  #countFailure(child: Child): boolean {
    const now = this.#services.clock.now();
    const { quarantine = false } = this.spec;
    if (quarantine || child.spec.backoff) child.window ??= this.#newWindow();
    const own = child.window?.exceededAt(now) ?? false;
    return quarantine ? own : this.#window.exceededAt(now);
  }

  #newWindow(): RestartWindow {
    return new RestartWindow(this.spec.intensity ?? 1, this.spec.periodMs ?? 5000);
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
    this.#inTurn(() =>
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
