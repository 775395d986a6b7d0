/**
 * How a child that waits comes back: after a pause between restarts, after a start that failed, from quarantine.
 *
 * Invariant: at most one return of a child is under way, and one of an earlier incarnation is void.
 */
import type { EventObject } from 'xstate';
import type { Child, Scope } from './child.ts';
import type { SystemServices } from './context.ts';
import { parkingMsAfter } from './pauses.ts';
import type { OfChild } from './termination.ts';

/** After a pause, after a failed start, from quarantine. */
export type Return = 'paused' | 'again' | 'parked';

/** Event to the supervisor: the time of that child has come. */
export const RETURN = 'bessd.supervisor.return';
export type Returning = OfChild & EventObject & { readonly how: Return };

export class Comeback {
  readonly #scope: Scope;
  readonly #clock: SystemServices['clock'];
  /** How long a child must have run for its next trouble to count as a new one. */
  readonly #periodMs: number;

  constructor(scope: Scope, clock: SystemServices['clock'], periodMs: number) {
    this.#scope = scope;
    this.#clock = clock;
    this.#periodMs = periodMs;
  }

  later(child: Child, delayMs: number, how: Return): void {
    this.cancel(child);
    const event: Returning = { type: RETURN, child, generation: child.generation, how };
    child.retry = this.#clock.setTimeout(() => this.#scope.self.send(event), delayMs);
  }

  cancel(child: Child): void {
    if (child.retry !== undefined) this.#clock.clearTimeout(child.retry);
    child.retry = undefined;
  }

  /** Quarantine: the child rests, longer each time; what to tell about it. */
  park(child: Child, reason: string): string {
    if (child.startedAt > 0 && this.#clock.now() - child.startedAt > this.#periodMs) child.parkings = 0;
    const delayMs = parkingMsAfter(child.parkings);
    child.status = 'quarantined';
    child.lastReason = reason;
    child.parkings += 1;
    child.window?.clear();
    this.later(child, delayMs, 'parked');
    return `${reason}; next try in ${delayMs / 1000} s`;
  }
}
