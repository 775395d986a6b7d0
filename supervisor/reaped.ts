/**
 * Supervised logic leaves nothing behind: when a machine throws, its own children are stopped too.
 *
 * XState keeps the children of a failed machine running, even after its parent stopped it (statelyai/xstate#5153). For a
 * battery that would be two drivers on one inverter. Errors in timers and sockets of the actor are attributed to it.
 */
import type { AnyActorLogic, AnyActorRef } from 'xstate';
import type { AsyncResource } from 'node:async_hooks';
import { CRASH, turnsOf } from './context.ts';

export function reaped<L extends AnyActorLogic>(logic: L): L {
  const wrapped = Object.create(logic) as L;
  // A process runs in its own context and leaves nothing behind by itself.
  if ((logic as { ownTurns?: boolean }).ownTurns) return wrapped;
  let turns: AsyncResource | undefined;
  wrapped.start = (snapshot: unknown, scope: ReapedScope): void => {
    scope.self.subscribe({ error: () => reap(logic, scope) });
    turns ??= turnsOf(scope.self);
    turns.runInAsyncScope(() => logic.start?.(snapshot, scope as never));
  };
  const crashes = (logic as { orderly?: boolean }).orderly !== true;
  wrapped.transition = (snapshot: object, event: { type: string; error?: unknown }, scope: ReapedScope) => {
    if (crashes && event.type === CRASH) return { ...snapshot, status: 'error', error: event.error };
    turns ??= turnsOf(scope.self);
    return turns.runInAsyncScope(logic.transition, logic, snapshot as never, event as never, scope as never) as never;
  };
  return wrapped;
}

type ReapedScope = { self: AnyActorRef; stopChild: (child: AnyActorRef) => void };

function reap(logic: AnyActorLogic, { self, stopChild }: ReapedScope): void {
  const snapshot = self.getSnapshot() as { children?: Record<string, AnyActorRef | undefined> };
  for (const child of Object.values(snapshot.children ?? {})) if (child) stopChild(child);
  // The logic of a callback cleans up in its stop alone, which XState leaves out when it throws.
  if (isCallback(logic)) logic.transition({ ...snapshot }, { type: 'xstate.stop' }, { self } as never);
}

function isCallback(logic: AnyActorLogic): boolean {
  const { config, start } = logic as { config?: unknown; start?: unknown };
  return typeof config === 'function' && typeof start === 'function' && !('orderly' in logic);
}
