/**
 * Timers of a plant, in its own time: what a device does by itself happens at its moment, however seldom somebody looks.
 */
type Timer = { readonly atMs: number; readonly fire: () => void };

export class PlantTimers {
  readonly #timers = new Map<string, Timer>();

  /** Replaces the timer of that name. */
  set(name: string, atMs: number, fire: () => void): void {
    this.#timers.set(name, { atMs, fire });
  }

  clear(name: string): void {
    this.#timers.delete(name);
  }

  /** Infinity without a timer. */
  get nextMs(): number {
    let next = Infinity;
    for (const { atMs } of this.#timers.values()) next = Math.min(next, atMs);
    return next;
  }

  fireDue(nowMs: number): void {
    for (const [name, { atMs, fire }] of this.#timers) {
      if (atMs > nowMs) continue;
      this.#timers.delete(name);
      fire();
    }
  }
}
