/**
 * The restart window: more than `intensity` restarts within `periodMs` is too many. Sliding, one per supervisor.
 */
import type { Duration } from '../contracts/units.ts';

export class RestartWindow {
  readonly #intensity: number;
  readonly #periodMs: Duration;
  #restarts: number[] = [];

  constructor(intensity: number, periodMs: Duration) {
    this.#intensity = intensity;
    this.#periodMs = periodMs;
  }

  /** Counts one restart at that moment and says whether it is one too many. */
  exceededAt(nowMs: number): boolean {
    // In order of time: the first within the period ends the search, so a storm does not make each restart dearer.
    const first = this.#restarts.findIndex((at) => at > nowMs - this.#periodMs);
    if (first !== 0) this.#restarts = first < 0 ? [] : this.#restarts.slice(first);
    this.#restarts.push(nowMs);
    return this.#restarts.length > this.#intensity;
  }

  /** Restarts within the window that ends now, as far as they were counted. */
  get count(): number {
    return this.#restarts.length;
  }

  /** How many more restarts are allowed at that moment. */
  leftAt(nowMs: number): number {
    return Math.max(0, this.#intensity - this.#restarts.filter((at) => at > nowMs - this.#periodMs).length);
  }

  clear(): void {
    this.#restarts = [];
  }
}
