/**
 * Supervised logic leaves nothing behind: when a machine throws, its own children are stopped too.
 *
 * XState keeps the children of a failed machine running, even after its parent stopped it (statelyai/xstate#5153). For a
 * battery that would be two drivers on one inverter. Errors in timers and sockets of the actor are attributed to it.
 */
import type { AnyActorLogic, AnyActorRef } from 'xstate';
import { CRASH, runningActor } from './context.ts';

export function reaped<L extends AnyActorLogic>(logic: L): L {
  const wrapped = Object.create(logic) as L;
  wrapped.start = (snapshot: unknown, scope: { self: AnyActorRef; stopChild: (child: AnyActorRef) => void }): void => {
    scope.self.subscribe({
      error: () => {
        const { children } = scope.self.getSnapshot() as { children?: Record<string, AnyActorRef | undefined> };
        for (const child of Object.values(children ?? {})) if (child) scope.stopChild(child);
      },
    });
    runningActor.run(scope.self, () => logic.start?.(snapshot, scope as never));
  };
  if ((logic as { orderly?: boolean }).orderly !== true) {
    wrapped.transition = (
      snapshot: object,
      event: { type: string; error?: unknown },
      scope: Parameters<L['transition']>[2],
    ) =>
      event.type === CRASH
        ? { ...snapshot, status: 'error', error: event.error }
        : logic.transition(snapshot, event, scope);
  }
  return wrapped;
}
