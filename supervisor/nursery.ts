/**
 * The children of one supervisor and the rules by which they live.
 *
 *   start ─▶ running ─fails─▶ restarting ─▶ running
 *               │                └─ too often ─▶ give up (or quarantined ─delay─▶ restarting)
 *               └─ told to end ─▶ terminating ─ends or is killed─▶ stopped
 *
 * Invariant: an exit is judged once, for the incarnation that it belongs to; later ones of that incarnation are void.
 */
import { createActor } from 'xstate';
import type { AnyActorRef, EventObject } from 'xstate';
import type { TimerId } from '../contracts/clock.ts';
import type { TreeNode } from '../contracts/status.ts';
import { CODES, Fault } from '../contracts/faults.ts';
import { servicesOf } from './context.ts';
import type { AnyActorSystem, SupervisionReport, SystemServices } from './context.ts';
import { RestartWindow } from './intensity.ts';
import { SHUTDOWN } from './process.ts';
import { reaped } from './reaped.ts';
import type { ChildSpec, SupervisorOutput, SupervisorSpec } from './spec.ts';

type Child = {
  readonly spec: ChildSpec;
  ref: AnyActorRef | undefined;
  generation: number;
  status: 'running' | 'terminating' | 'restarting' | 'stopped' | 'quarantined';
  restarts: number;
  parkings: number;
  lastReason: string | undefined;
  deadline: TimerId | undefined;
};

type Exit = { readonly abnormal: boolean; readonly shutdown: boolean; readonly reason: string };

type Scope = {
  readonly self: AnyActorRef;
  readonly system: AnyActorSystem;
  readonly stopChild: (child: AnyActorRef) => void;
};

const RETRY = 'bessd.supervisor.retry';
const KILL = 'bessd.supervisor.kill';
const PARKING_MS = { first: 5000, longest: 300_000 };

const nurseries = new WeakMap<AnyActorRef, Nursery>();

/** The children of a running supervisor; undefined for any other actor. */
export function nurseryOf(ref: AnyActorRef): Nursery | undefined {
  return nurseries.get(ref);
}

export function registerNursery(ref: AnyActorRef, nursery: Nursery): void {
  nurseries.set(ref, nursery);
}

export class Nursery {
  readonly #spec: SupervisorSpec;
  readonly #scope: Scope;
  readonly #services: SystemServices;
  readonly #window: RestartWindow;
  #children: Child[];
  /** Children that are being ended, last first, and what comes when all have ended. */
  #ending: { readonly queue: Child[]; readonly then: () => void } | undefined;
  #failedMeanwhile: Child[] = [];
  #stopping = false;
  /** Set when the supervisor itself has ended. */
  ended: SupervisorOutput | undefined;

  constructor(spec: SupervisorSpec, scope: Scope) {
    this.#spec = spec;
    this.#scope = scope;
    this.#services = servicesOf(scope.system);
    this.#window = new RestartWindow(spec.intensity ?? 1, spec.periodMs ?? 5000);
    this.#children = spec.children.map((child) => ({
      spec: child,
      ref: undefined,
      generation: 0,
      status: 'stopped',
      restarts: 0,
      parkings: 0,
      lastReason: undefined,
      deadline: undefined,
    }));
  }

  /** First start: in order, all or nothing. Throws the first failure after undoing the rest in reverse. */
  startAll(): void {
    for (const child of this.#children) {
      const failure = this.#startChild(child);
      if (failure === undefined) continue;
      if (this.#spec.quarantine) {
        this.#park(child, failure.reason);
        continue;
      }
      this.killAll();
      throw failure.error;
    }
  }

  handle(event: EventObject): void {
    if (event.type === SHUTDOWN.type) return this.#stop({ reason: 'shutdown' });
    if (event.type === RETRY) return this.#retry(event as EventObject & { id: string; generation: number });
    if (event.type === KILL) return this.#killOverdue(event as EventObject & { id: string; generation: number });
    const child = this.#children.find(({ ref }) => ref !== undefined && event.type.endsWith(`.actor.${ref.id}`));
    if (!child) return;
    const exit = exitOf(event);
    if (exit) this.#exited(child, exit);
  }

  /** Ends every child at once, in reverse. */
  killAll(): void {
    for (const child of this.#children.toReversed()) this.#kill(child);
  }

  describe(): readonly TreeNode[] {
    return this.#children.map(({ spec, ref, status, restarts, lastReason }) => {
      const inner = ref && nurseryOf(ref);
      return {
        id: spec.id,
        type: inner ? 'supervisor' : 'worker',
        status: status === 'terminating' ? 'running' : status,
        restarts,
        last_reason: lastReason ?? null,
        ...(inner ? { children: inner.describe() } : {}),
      };
    });
  }

  #startChild(child: Child): { readonly error: unknown; readonly reason: string } | undefined {
    child.generation += 1;
    const { spec } = child;
    let ref: AnyActorRef;
    try {
      const options = {
        parent: this.#scope.self,
        id: `${spec.id}#${child.generation}`,
        systemId: spec.id,
        input: spec.input?.(),
      };
      ref = createActor(reaped(spec.start()), options as never) as AnyActorRef;
    } catch (error) {
      return { error, reason: reasonOf(error) };
    }
    ref.start();
    const snapshot = ref.getSnapshot() as { status: string; error?: unknown };
    if (snapshot.status === 'error') return { error: snapshot.error, reason: reasonOf(snapshot.error) };
    child.ref = ref;
    child.status = 'running';
    this.#report(child, child.generation === 1 ? 'started' : 'restarted', child.lastReason ?? 'start');
    return undefined;
  }

  #exited(child: Child, exit: Exit): void {
    child.ref = undefined;
    child.lastReason = exit.reason;
    if (child.status === 'terminating') {
      this.#report(child, 'exited', exit.reason);
      return this.#ended(child);
    }
    this.#report(child, exit.abnormal ? 'failed' : 'exited', exit.reason);
    const kind = child.spec.restart ?? 'permanent';
    if (kind === 'temporary') {
      child.status = 'stopped';
      this.#children = this.#children.filter((other) => other !== child);
      return;
    }
    if (kind === 'transient' && (!exit.abnormal || exit.shutdown)) {
      child.status = 'stopped';
      return;
    }
    child.status = 'restarting';
    if (this.#ending) this.#failedMeanwhile.push(child);
    else this.#restart(child);
  }

  #restart(child: Child): void {
    if (this.#stopping) return;
    if (this.#window.exceededAt(this.#services.clock.now())) {
      if (this.#spec.quarantine) return this.#park(child, child.lastReason ?? '');
      this.#report(child, 'gave_up', child.lastReason ?? '');
      const error = new Fault(
        'RESTART_INTENSITY',
        `${this.#spec.id}: ${child.spec.id} failed too often (${child.lastReason}); ${CODES.RESTART_INTENSITY}`,
      );
      return this.#stop({ reason: 'intensity', error });
    }
    child.restarts += 1;
    const affected = this.#affectedBy(child);
    this.#end(affected, () => this.#startAgain(affected));
  }

  #affectedBy(child: Child): Child[] {
    switch (this.#spec.strategy) {
      case 'one_for_one':
        return [child];
      case 'one_for_all':
        return [...this.#children];
      case 'rest_for_one':
        return this.#children.slice(this.#children.indexOf(child));
    }
  }

  #startAgain(affected: readonly Child[]): void {
    for (const child of affected) {
      if (!this.#children.includes(child) || child.ref || child.status === 'quarantined') continue;
      const failure = this.#startChild(child);
      if (failure === undefined) continue;
      child.status = 'restarting';
      child.lastReason = failure.reason;
      this.#report(child, 'failed', failure.reason);
      // A message to itself, so that other messages get their turn between two tries.
      this.#scope.self.send({ type: RETRY, id: child.spec.id, generation: child.generation } as EventObject);
      return;
    }
    const next = this.#failedMeanwhile.find(({ status }) => status === 'restarting');
    this.#failedMeanwhile = this.#failedMeanwhile.filter((other) => other !== next);
    if (next) this.#restart(next);
  }

  #retry({ id, generation }: { id: string; generation: number }): void {
    const child = this.#children.find(({ spec }) => spec.id === id);
    if (!child || child.generation !== generation || child.ref || this.#stopping) return;
    child.status = 'restarting';
    if (this.#ending) this.#failedMeanwhile.push(child);
    else this.#restart(child);
  }

  #park(child: Child, reason: string): void {
    child.status = 'quarantined';
    child.lastReason = reason;
    const delayMs = Math.min(PARKING_MS.first * 2 ** child.parkings, PARKING_MS.longest);
    child.parkings += 1;
    this.#window.clear();
    this.#report(child, 'quarantined', `${reason}; next try in ${delayMs / 1000} s`);
    const again = { type: RETRY, id: child.spec.id, generation: child.generation } as EventObject;
    this.#services.clock.setTimeout(() => this.#scope.self.send(again), delayMs);
  }

  /** Ends the given children in reverse, one after the other, then goes on. */
  #end(children: readonly Child[], then: () => void): void {
    this.#ending = { queue: children.toReversed(), then };
    this.#endNext();
  }

  #endNext(): void {
    while (this.#ending) {
      const child = this.#ending.queue[0];
      if (!child) {
        const { then } = this.#ending;
        this.#ending = undefined;
        return then();
      }
      if (!child.ref || child.status === 'terminating') {
        if (child.ref) return;
        this.#dropTemporary(child);
        this.#ending.queue.shift();
        continue;
      }
      const { shutdown = child.spec.type === 'supervisor' ? 'infinity' : 5000 } = child.spec;
      if (shutdown === 'brutal_kill' || !isOrderly(child.ref)) {
        this.#kill(child);
        continue;
      }
      child.status = 'terminating';
      if (shutdown !== 'infinity') {
        const kill = { type: KILL, id: child.spec.id, generation: child.generation } as EventObject;
        child.deadline = this.#services.clock.setTimeout(() => this.#scope.self.send(kill), shutdown);
      }
      child.ref.send(SHUTDOWN);
      return;
    }
  }

  #ended(child: Child): void {
    if (child.deadline !== undefined) this.#services.clock.clearTimeout(child.deadline);
    child.deadline = undefined;
    child.status = this.#stopping ? 'stopped' : 'restarting';
    this.#endNext();
  }

  #killOverdue({ id, generation }: { id: string; generation: number }): void {
    const child = this.#children.find(({ spec }) => spec.id === id);
    if (!child || child.generation !== generation || child.status !== 'terminating') return;
    this.#kill(child);
    this.#report(child, 'killed', `did not end within ${child.spec.shutdown ?? 5000} ms`);
    this.#ended(child);
  }

  #kill(child: Child): void {
    const { ref } = child;
    child.ref = undefined;
    child.status = this.#stopping ? 'stopped' : 'restarting';
    if (ref) this.#scope.stopChild(ref);
  }

  /** OTP: a temporary child that is stopped for a sibling's sake is not started again. */
  #dropTemporary(child: Child): void {
    if (child.spec.restart === 'temporary') this.#children = this.#children.filter((other) => other !== child);
  }

  #stop(output: SupervisorOutput): void {
    if (this.#stopping) return;
    this.#stopping = true;
    const already = this.#ending?.queue.filter(({ status }) => status === 'terminating') ?? [];
    this.#ending = undefined;
    this.#end([...this.#children.filter((child) => !already.includes(child)), ...already], () => {
      this.ended = output;
    });
  }

  #report(child: Child, what: SupervisionReport['what'], reason: string): void {
    this.#services.report({ supervisor: this.#spec.id, child: child.spec.id, what, reason, restarts: child.restarts });
  }
}

/** A child that ends itself when told to; any other is simply stopped. */
function isOrderly(ref: AnyActorRef): boolean {
  return (ref as unknown as { logic?: { orderly?: boolean } }).logic?.orderly === true;
}

function exitOf(event: EventObject): Exit | undefined {
  if (event.type.startsWith('xstate.error.actor.')) {
    return { abnormal: true, shutdown: false, reason: reasonOf((event as unknown as { error: unknown }).error) };
  }
  if (!event.type.startsWith('xstate.done.actor.')) return undefined;
  const { output } = event as unknown as { output: SupervisorOutput | undefined };
  const gaveUp = output?.reason === 'intensity';
  return { abnormal: gaveUp, shutdown: gaveUp, reason: gaveUp ? reasonOf(output.error) : 'normal' };
}

function reasonOf(error: unknown): string {
  if (error instanceof Fault) return `${error.code}: ${error.message}`;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
