/**
 * What a tree of supervisors says of itself: status, restarts, last reason, budget left, mailbox depth.
 */
import type { AnyActorRef } from 'xstate';
import type { TreeNode } from '../contracts/status.ts';
import type { Child } from './child.ts';
import { mailboxOf } from './context.ts';
import { nurseryOf } from './nursery.ts';
import type { Nursery } from './nursery.ts';
import type { SupervisorSpec } from './spec.ts';

export type ChildInfo = {
  readonly id: string;
  readonly type: 'worker' | 'supervisor';
  readonly status: Child['status'];
};
export type ChildCount = {
  readonly specs: number;
  readonly active: number;
  readonly supervisors: number;
  readonly workers: number;
};

export function whichChildren({ children }: Nursery): readonly ChildInfo[] {
  return [...children.values()].map((child) => ({
    id: child.spec.id,
    type: child.spec.type ?? 'worker',
    status: child.status,
  }));
}

export function countChildren({ children, spec }: Nursery): ChildCount {
  const all = [...children.values()];
  const supervisors = all.filter(({ spec: { type } }) => type === 'supervisor').length;
  return {
    specs: spec.pool ? 1 : all.length,
    active: all.filter(({ ref }) => ref !== undefined).length,
    supervisors,
    workers: all.length - supervisors,
  };
}

export function describeRoot(spec: SupervisorSpec, root: AnyActorRef): TreeNode {
  const { status } = root.getSnapshot() as { status: string };
  return {
    id: spec.id,
    type: 'supervisor',
    status: status === 'active' ? 'running' : 'stopped',
    restarts: 0,
    last_reason: null,
    ...describeInside(root),
  };
}

function describeChild({ spec, ref, status, restarts, lastReason }: Child): TreeNode {
  const mailbox = ref && mailboxOf(ref);
  const placement = (ref as unknown as { logic?: { placement?: TreeNode['placement'] } } | undefined)?.logic?.placement;
  return {
    id: spec.id,
    type: ref && nurseryOf(ref) ? 'supervisor' : (spec.type ?? 'worker'),
    status: status === 'terminating' ? 'running' : status,
    restarts,
    last_reason: lastReason ?? null,
    ...(placement ? { placement } : {}),
    ...(mailbox ? { mailbox_depth: mailbox.depth, mailbox_lost: mailbox.refused + mailbox.dropped } : {}),
    ...(ref ? describeInside(ref) : {}),
  };
}

function describeInside(ref: AnyActorRef): Pick<TreeNode, 'children' | 'restarts_left'> {
  const nursery = nurseryOf(ref);
  if (!nursery) return {};
  return {
    restarts_left: nursery.restartsLeft,
    children: [...nursery.children.values()].map(describeChild),
  };
}
