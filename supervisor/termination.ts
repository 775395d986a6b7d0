/**
 * Ending children: in reverse order, each after the one that was started later has ended, each within its own time.
 *
 * A child that ends itself when told to gets SHUTDOWN and its deadline; any other, and one that is too late, is stopped.
 * Several endings may wait for each other's children; each goes on as soon as its own have ended.
 */
import type { EventObject } from 'xstate';
import type { Clock } from '../contracts/clock.ts';
import { isOrderly, shutdownOf } from './child.ts';
import type { Child, Scope } from './child.ts';
import { SHUTDOWN } from './context.ts';

/** Event to the supervisor itself: the time of a child is over. */
export const KILL = 'bessd.supervisor.kill';

type Ending = { readonly queue: readonly Child[]; at: number; readonly then: () => void };

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

  /** Something is being ended, so that restarts have to wait. */
  get busy(): boolean {
    return this.#endings.length > 0;
  }

  /** The last first, one after the other. */
  end(children: readonly Child[], then: () => void): void {
    this.#go({ queue: children.toReversed(), at: 0, then });
  }

  endTogether(children: readonly Child[], then: () => void): void {
    for (const child of children) this.#tellToEnd(child);
    this.end(children, then);
  }

  /** A child that was told to end has ended. */
  exited(child: Child): void {
    this.#settle(child);
    for (const ending of this.#endings) if (ending.queue[ending.at] === child) this.#go(ending);
  }

  overdue(child: Child): void {
    if (child.status !== 'terminating') return;
    this.kill(child);
    this.#hooks.killed(child, `did not end within ${shutdownOf(child)} ms`);
    this.exited(child);
  }

  kill(child: Child): void {
    const { ref } = child;
    child.ref = undefined;
    if (ref) this.#scope.stopChild(ref);
    this.#settle(child);
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
    ending.then();
  }

  #tellToEnd(child: Child): void {
    const { ref } = child;
    if (!ref || child.status === 'terminating') return;
    const shutdown = shutdownOf(child);
    if (shutdown === 'brutal_kill' || !isOrderly(ref)) return this.kill(child);
    child.status = 'terminating';
    if (shutdown !== 'infinity') {
      const kill = { type: KILL, id: child.spec.id, generation: child.generation } as EventObject;
      child.deadline = this.#clock.setTimeout(() => this.#scope.self.send(kill), shutdown);
    }
    ref.send(SHUTDOWN);
  }

  #settle(child: Child): void {
    if (child.deadline !== undefined) this.#clock.clearTimeout(child.deadline);
    child.deadline = undefined;
    if (child.status === 'terminating') child.status = 'restarting';
  }
}
