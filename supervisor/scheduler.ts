/**
 * Delayed events of machines, kept by their actor.
 *
 * XState's own scheduler looks through the timers of the whole system whenever one actor stops, so thousands of children
 * with one timer each take minutes to stop. This one finds the timers of an actor at once.
 */
import type { AnyActorRef, EventObject } from 'xstate';
import type { Clock, TimerId } from '../contracts/clock.ts';
import type { AnyActorSystem } from './context.ts';

type Pending = { readonly byId: Map<string, TimerId>; readonly all: Set<TimerId> };

/**
 * Cancel and re-arm are XState's own: an event scheduled again under its id comes both times, and `cancel` takes away the
 * last. Unlike there, an actor that ends takes all of them with it.
 */
export function useOwnScheduler(system: AnyActorSystem, clock: Clock): void {
  const pending = new WeakMap<AnyActorRef, Pending>();
  system.scheduler = {
    schedule(source: AnyActorRef, target: AnyActorRef, event: EventObject, delayMs: number, id?: string): void {
      const own: Pending = pending.get(source) ?? { byId: new Map(), all: new Set() };
      pending.set(source, own);
      const timer = clock.setTimeout(() => {
        own.all.delete(timer);
        if (id !== undefined) own.byId.delete(id);
        relay(system, source, target, event);
      }, delayMs);
      own.all.add(timer);
      if (id !== undefined) own.byId.set(id, timer);
    },
    cancel(source: AnyActorRef, id: string): void {
      const own = pending.get(source);
      if (!own?.byId.has(id)) return;
      const timer = own.byId.get(id);
      own.byId.delete(id);
      own.all.delete(timer);
      clock.clearTimeout(timer);
    },
    cancelAll(source: AnyActorRef): void {
      for (const timer of pending.get(source)?.all ?? []) clock.clearTimeout(timer);
      pending.delete(source);
    },
  };
}

/** As `target.send`, but the inspector sees who sent it; XState has no public name for this. */
function relay(system: AnyActorSystem, source: AnyActorRef, target: AnyActorRef, event: EventObject): void {
  const { _relay: send } = system as unknown as {
    _relay?: (source: AnyActorRef, target: AnyActorRef, event: EventObject) => void;
  };
  if (send) send(source, target, event);
  else target.send(event);
}
