/**
 * Monitors: who depends on an actor that is not its child learns of its end, once, with the reason.
 */
import type { AnyActorRef, EventObject } from 'xstate';
import type { AnyActorSystem } from './context.ts';
import { whereIs } from './context.ts';
import { exitFrom } from './exit.ts';

/** `noproc`: nobody of that name lived when the monitor was set. `killed`: it was stopped from outside. */
export type Down = EventObject & {
  readonly type: 'DOWN';
  readonly name: string;
  readonly kind: 'normal' | 'shutdown' | 'abnormal' | 'killed' | 'noproc';
  readonly reason: string;
};

/** Calls back when the present incarnation of `name` ends; at once when there is none. The answer takes the monitor away. */
export function monitor(system: AnyActorSystem, name: string, tell: (down: Down) => void): () => void {
  const target = whereIs(system, name);
  if (!target) {
    tell({ type: 'DOWN', name, kind: 'noproc', reason: 'noproc' });
    return () => undefined;
  }
  const subscription = target.subscribe({
    complete: () => tell({ type: 'DOWN', name, ...endOf(target) }),
    error: (error: unknown) => {
      const { kind, reason } = exitFrom(error);
      tell({ type: 'DOWN', name, kind, reason });
    },
  });
  return () => subscription.unsubscribe();
}

function endOf(target: AnyActorRef): { kind: Down['kind']; reason: string } {
  const { status } = target.getSnapshot() as { status: string };
  return status === 'done' ? { kind: 'normal', reason: 'normal' } : { kind: 'killed', reason: 'killed' };
}
