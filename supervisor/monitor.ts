/**
 * Monitors: who depends on an actor that is not its child learns of its end, once, with the reason.
 */
import type { AnyActorRef, EventObject } from 'xstate';
import type { AnyActorSystem } from './context.ts';
import { dismissalOf, whereIs } from './context.ts';
import { exitFrom, exitWith } from './exit.ts';

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
    complete: () => {
      const { kind, reason } = endOf(target);
      tell({ type: 'DOWN', name, kind, reason });
    },
    error: (error: unknown) => {
      const { kind, reason } = exitFrom(error);
      tell({ type: 'DOWN', name, kind, reason });
    },
  });
  return () => subscription.unsubscribe();
}

function endOf(target: AnyActorRef): { kind: Down['kind']; reason: string } {
  const { status, output } = target.getSnapshot() as { status: string; output?: unknown };
  const dismissal = dismissalOf(target);
  if (dismissal === 'shutdown') return { kind: 'shutdown', reason: 'shutdown' };
  return status === 'done' ? exitWith(output) : { kind: 'killed', reason: 'killed' };
}
