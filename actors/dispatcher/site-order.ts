/**
 * The site order in force: a share that fails is offered to the others, at the next frame of any of them, and again at the
 * following ones while nobody can take it.
 */
import type { LatchRecord } from '../../contracts/latch.ts';
import type { OrderPhase } from '../../contracts/messages.ts';
import type { Order } from '../../contracts/operation.ts';
import { traceField } from '../../contracts/trace.ts';
import { allocateToSite } from '../../machines/site/allocation.ts';
import type { Allocation, AllocationInput } from '../../machines/site/allocation.ts';
import type { Seen } from '../../machines/site/headroom.ts';
import { beginOrder, hearOfLatch, hearOfShare, leaveOrder } from '../../machines/site/in-force.ts';
import type { InForce } from '../../machines/site/in-force.ts';
import type { Board } from '../board.ts';

export type SiteOrderParts = {
  readonly board: Board;
  readonly nowMs: () => number;
  /** What an allocation needs to know of this moment. */
  readonly moment: () => Omit<AllocationInput, 'requestedW' | 'durationS'>;
  /** Who could take a share now. */
  readonly ready: () => readonly Seen[];
  readonly allocated: (allocation: Allocation) => void;
  readonly give: (assetId: string, order: Order) => void;
};

export type SiteOrder = {
  readonly begin: (order: Omit<Order, 'w'>, requestedW: number) => void;
  readonly end: () => void;
  readonly has: (id: string) => boolean;
  /** The order of that id was refused after all. */
  readonly forget: (id: string) => void;
  /** An asset got an order of its own, or its driver began anew. */
  readonly leave: (assetId: string) => void;
  readonly hear: (phase: OrderPhase) => void;
  readonly hearLatch: (before: LatchRecord | undefined, now: LatchRecord) => void;
  /** A frame came in. */
  readonly tick: () => void;
};

export function siteOrder({ board, nowMs, moment, ready, allocated, give }: SiteOrderParts): SiteOrder {
  let inForce: InForce | undefined;
  return {
    begin: (order, requestedW) => (inForce = beginOrder(order, requestedW)),
    end: () => (inForce = undefined),
    has: (id) => inForce?.order.id === id,
    forget(id) {
      if (inForce?.order.id === id) inForce = undefined;
    },
    leave: (assetId) => (inForce &&= leaveOrder(inForce, assetId)),
    hear: (phase) => (inForce &&= hearOfShare(inForce, phase)),
    hearLatch: (before, now) => (inForce &&= hearOfLatch(inForce, before, now)),
    tick() {
      if (inForce?.solveAgain) solve(inForce);
    },
  };

  function solve(force: InForce): void {
    const leftS = (force.order.expiresAtMs - nowMs()) / 1000;
    if (leftS <= 0) return void (inForce = undefined);
    const targets = ready().filter(({ asset }) => !force.left.has(asset.id));
    if (targets.length === 0) return;
    inForce = { ...force, solveAgain: false };
    const allocation = allocateToSite({ ...moment(), requestedW: force.requestedW, durationS: leftS }, targets);
    allocated(allocation);
    for (const { asset_id, final_w } of allocation.shares) give(asset_id, { ...force.order, w: final_w });
    board.event('command', {
      id: force.order.id,
      phase: 'shared_again',
      reason: [...(inForce ?? force).left].join(','),
      final_w: allocation.appliedW,
      residual_w: allocation.residualW,
      ...traceField(force.order.trace),
    });
  }
}
