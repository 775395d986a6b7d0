/**
 * What a process holds and what therefore dies with it: lease, signal, children, timers, monitors.
 *
 * Invariant: after `release` nothing of it acts any more, and nothing can be added, also not by a body that runs on.
 */
import { createActor } from 'xstate';
import type { AnyActorLogic, AnyActorRef } from 'xstate';
import type { Clock, TimerId } from '../contracts/clock.ts';
import { reaped } from './reaped.ts';

/** The right to use a resource; lost for good when the process ends or is killed. */
export type Lease = { readonly held: boolean; readonly lost: AbortSignal };

/** Made once: where a process ended stands in no stack trace, and taking two of them was half the cost of a restart. */
const LEASE_LOST = new Error('lease lost');
const STOPPED = new Error('stopped');

export class Holdings {
  readonly #abort = new AbortController();
  readonly #leaseLoss = new AbortController();
  readonly #children = new Set<AnyActorRef>();
  readonly #timers = new Set<TimerId>();
  readonly #monitors = new Set<() => void>();
  readonly #clock: Clock;
  readonly #stopChild: (child: AnyActorRef) => void;
  readonly #onFailure: (error: unknown) => void;
  readonly lease: Lease;
  /** The clock of the system, for this process alone. */
  readonly clock: Clock;

  /** `onFailure`: a timer of the process has thrown. */
  constructor(clock: Clock, stopChild: (child: AnyActorRef) => void, onFailure: (error: unknown) => void) {
    this.#clock = clock;
    this.#stopChild = stopChild;
    this.#onFailure = onFailure;
    const lost = this.#leaseLoss.signal;
    this.lease = {
      lost,
      get held() {
        return !lost.aborted;
      },
    };
    this.clock = {
      now: clock.now,
      wall: clock.wall,
      setTimeout: (run, delayMs) => this.#arm(run, delayMs),
      clearTimeout: (id) => {
        this.#timers.delete(id);
        clock.clearTimeout(id);
      },
    };
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The process was told to end in order. */
  tellToEnd(): void {
    this.#abort.abort(new Error('shutdown'));
  }

  spawn(logic: AnyActorLogic, options: { id: string; input?: unknown }, parent: AnyActorRef): AnyActorRef {
    if (!this.lease.held) throw new Error(`${parent.id} has ended and starts no ${options.id}`);
    const child = createActor(reaped(logic), { ...options, parent } as never) as AnyActorRef;
    const forget = (): void => void this.#children.delete(child);
    this.#children.add(child);
    child.subscribe({ complete: forget, error: forget });
    child.start();
    return child;
  }

  /** `set` gets what it has to call when the monitor has said what it had to say. */
  monitor(set: (said: () => void) => () => void): void {
    if (!this.lease.held) return;
    let demonitor: (() => void) | undefined;
    let over = false;
    demonitor = set(() => {
      over = true;
      if (demonitor) this.#monitors.delete(demonitor);
    });
    // Where there is nobody it speaks at once, before there is anything to keep.
    if (!over) this.#monitors.add(demonitor);
  }

  /** The one end of a process: lease gone, signal aborted, children stopped. */
  release(): void {
    this.#leaseLoss.abort(LEASE_LOST);
    this.#abort.abort(STOPPED);
    for (const child of [...this.#children].toReversed()) this.#stopChild(child);
    for (const timer of this.#timers) this.#clock.clearTimeout(timer);
    this.#timers.clear();
    for (const demonitor of this.#monitors) demonitor();
    this.#monitors.clear();
  }

  #arm(run: () => void, delayMs: number): TimerId {
    if (!this.lease.held) return undefined;
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(timer);
      try {
        run();
      } catch (error) {
        this.#onFailure(error);
      }
    }, delayMs);
    this.#timers.add(timer);
    return timer;
  }
}
