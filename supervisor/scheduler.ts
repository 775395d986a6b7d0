/**
 * Delayed events of machines, kept by their actor.
 *
 * XState's own scheduler looks through the timers of the whole system whenever one actor stops, so thousands of children
 * with one timer each take minutes to stop. This one finds the timers of an actor at once.
 */
import type { AnyActorRef, EventObject } from 'xstate';
import type { Clock, TimerId } from '../contracts/clock.ts';
import type { AnyActorSystem } from './context.ts';

export function useOwnScheduler(system: AnyActorSystem, clock: Clock): void {
  const timers = new WeakMap<AnyActorRef, Map<string, TimerId>>();
  let anonymous = 0;
  system.scheduler = {
    schedule(source: AnyActorRef, target: AnyActorRef, event: EventObject, delayMs: number, id?: string): void {
      const own = timers.get(source) ?? new Map<string, TimerId>();
      timers.set(source, own);
      const key = id ?? `anonymous-${(anonymous += 1)}`;
      clock.clearTimeout(own.get(key));
      own.set(
        key,
        clock.setTimeout(() => {
          own.delete(key);
          target.send(event);
        }, delayMs),
      );
    },
    cancel(source: AnyActorRef, id: string): void {
      const own = timers.get(source);
      clock.clearTimeout(own?.get(id));
      own?.delete(id);
    },
    cancelAll(source: AnyActorRef): void {
      for (const timer of timers.get(source)?.values() ?? []) clock.clearTimeout(timer);
      timers.delete(source);
    },
  };
}
