/**
 * The supervisor: starts its children in order, restarts what fails, stops in reverse.
 *
 * Words and semantics are those of Erlang/OTP. Start is synchronous and all-or-nothing; only *re*starts are retried, and
 * each try counts. More than `intensity` restarts within `periodMs` and the supervisor stops its children in reverse
 * and itself with reason `shutdown`, which its own supervisor then judges. With `quarantine` the failing child is
 * parked instead, with growing delays, and the supervisor lives on.
 */
import type { ActorLogic, EventObject, Snapshot } from 'xstate';
import { Nursery, nurseryOf } from './nursery.ts';
import { validate } from './validate.ts';
import type { SupervisorOutput, SupervisorSpec } from './spec.ts';

export type SupervisorSnapshot = Snapshot<SupervisorOutput>;

export function supervisor(
  spec: SupervisorSpec,
): ActorLogic<SupervisorSnapshot, EventObject> & { readonly orderly: true } {
  validate(spec);
  return {
    orderly: true,
    config: spec,
    getInitialSnapshot: () => ({ status: 'active', output: undefined, error: undefined }),
    getPersistedSnapshot: (snapshot) => snapshot,
    start(_snapshot, scope) {
      const nursery = new Nursery(spec, scope);
      sparingNone(nursery, () => nursery.startAll());
    },
    transition(snapshot, event, scope) {
      if (snapshot.status !== 'active') return snapshot;
      const nursery = nurseryOf(scope.self);
      if (event.type === 'xstate.stop') {
        nursery?.killAll();
        return { status: 'stopped', output: undefined, error: undefined };
      }
      if (nursery) sparingNone(nursery, () => nursery.handle(event));
      return nursery?.ended ? { status: 'done', output: nursery.ended, error: undefined } : snapshot;
    },
  };
}

/** A supervisor that fails itself, which is a defect, still leaves no child behind. */
function sparingNone(nursery: Nursery, act: () => void): void {
  try {
    act();
  } catch (error) {
    nursery.killAll();
    throw error;
  }
}
