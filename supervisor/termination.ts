/**
 * Ending children: in reverse order, each after the one that was started later has ended, each within its own time.
 *
 * A child that ends itself when told to gets SHUTDOWN and its deadline; any other, and one that is too late, is stopped.
 * One that is stopped in the middle of a turn of its own ends right after that turn, and is waited for: its successor
 * must never run beside it. Several endings may wait for each other's children.
 */
import type { EventObject } from 'xstate';
import type { Clock } from '../contracts/clock.ts';
import { isOrderly, shutdownOf } from './child.ts';
import type { Child, Scope } from './child.ts';
import { dismiss, isActive, SHUTDOWN } from './context.ts';

/** Event to the supervisor itself: the time of a child is over. */
export const KILL = 'bessd.supervisor.kill';

/** Event to the supervisor itself: a stopped child has finished its turn. */
export const GONE = 'bessd.supervisor.gone';

export type OfChild = EventObject & { readonly child: Child; readonly generation: number };

type Ending = { readonly queue: readonly Child[]; at: number; readonly whenEnded: () => void };

export type TerminationHooks = {
  /** The child has no incarnation any more. */
  readonly ended: (child: Child) => void;
  readonly killed: (child: Child, reason: string) => void;
};

export class Termination {
  readonly #scope: Scope;
  readonly #clock: Clock;
  readonly #hooks: TerminationHooks;
  #endings: readonly Ending[] = [];

  constructor(scope: Scope, clock: Clock, hooks: TerminationHooks) {
    this.#scope = scope;
    this.#clock = clock;
    this.#hooks = hooks;
  }

  /** The last first, one after the other. */
  end(children: readonly Child[], whenEnded: () => void): void {
    this.#go({ queue: children.toReversed(), at: 0, whenEnded });
  }

  endTogether(children: readonly Child[], whenEnded: () => void): void {
    for (const child of children) this.#tellToEnd(child);
    this.end(children, whenEnded);
  }

  /** A child that was told to end has ended. */
  exited(child: Child): void {
    child.ref = undefined;
    this.#settle(child);
    for (const ending of this.#endings) if (ending.queue[ending.at] === child) this.#go(ending);
  }

  overdue(child: Child): void {
    if (child.status !== 'terminating' || !child.ref) return;
    dismiss(child.ref, 'killed');
    this.kill(child);
    this.#hooks.killed(child, `did not end within ${shutdownOf(child)} ms`);
    if (!child.ref) this.exited(child);
  }

  kill(child: Child): void {
    const { ref } = child;
    this.#settle(child);
    if (!ref) return;
    this.#scope.stopChild(ref);
    if (!isActive(ref)) {
      child.ref = undefined;
      return;
    }
    child.status = 'terminating';
    const gone = this.#about(child, GONE);
    ref.subscribe({ complete: gone, error: gone });
  }

  #go(ending: Ending): void {
    this.#endings = this.#endings.filter((other) => other !== ending);
    for (let child = ending.queue[ending.at]; child; child = ending.queue[ending.at]) {
      this.#tellToEnd(child);
      if (child.ref) {
        this.#endings = [...this.#endings, ending];
        return;
      }
      this.#hooks.ended(child);
      ending.at += 1;
    }
    ending.whenEnded();
  }

  #tellToEnd(child: Child): void {
    const { ref } = child;
    if (!ref || child.status === 'terminating') return;
    const shutdown = shutdownOf(child);
    if (shutdown === 'brutal_kill') return this.kill(child);
    dismiss(ref, 'shutdown');
    if (!isOrderly(ref)) return this.kill(child);
    child.status = 'terminating';
    if (shutdown !== 'infinity') child.deadline = this.#clock.setTimeout(this.#about(child, KILL), shutdown);
    ref.send(SHUTDOWN);
  }

  #about(child: Child, type: string): () => void {
    const event: OfChild = { type, child, generation: child.generation };
    return () => this.#scope.self.send(event);
  }

  #settle(child: Child): void {
    if (child.deadline !== undefined) this.#clock.clearTimeout(child.deadline);
    child.deadline = undefined;
    if (child.status === 'terminating') child.status = 'restarting';
  }
}
