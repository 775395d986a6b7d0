/**
 * The site order in force: who has left it, and whether it has to be shared again. Pure.
 *
 * Invariant: who has left never gets a share of it again; no event takes an asset back in.
 */
import type { LatchRecord } from '../../contracts/latch.ts';
import type { OrderPhase } from '../../contracts/messages.ts';
import type { Order } from '../../contracts/operation.ts';

export type InForce = {
  readonly order: Omit<Order, 'w'>;
  readonly requestedW: number;
  /** Assets that left it: their share failed, they got an order of their own, or they began anew. */
  readonly left: ReadonlySet<string>;
  /** A share has failed and was not offered to the others yet. */
  readonly solveAgain: boolean;
};

export function beginOrder(order: Omit<Order, 'w'>, requestedW: number): InForce {
  return { order, requestedW, left: new Set(), solveAgain: false };
}

export function leaveOrder(force: InForce, assetId: string): InForce {
  return { ...force, left: new Set([...force.left, assetId]) };
}

/** What a driver tells of its share; undefined: the order is over. */
export function hearOfShare(force: InForce, { id, assetId, phase, code }: OrderPhase): InForce | undefined {
  if (force.order.id !== id) return force;
  if (phase === 'expired') return undefined;
  if (phase === 'superseded') return leaveOrder(force, assetId);
  return isFailure(phase, code) ? { ...leaveOrder(force, assetId), solveAgain: true } : force;
}

/**
 * A reset starts nothing, and neither does a tag that is taken away: an asset that was tripped or tagged out gets no share of an
 * order given before. Nor does anybody, once stopped.
 */
export function hearOfLatch(force: InForce, before: LatchRecord | undefined, now: LatchRecord): InForce | undefined {
  if (now.estop) return undefined;
  const reset = Object.keys(before?.trips ?? {}).filter((id) => !now.trips[id]);
  const untagged = Object.keys(before?.maintenance ?? {}).filter((id) => !now.maintenance[id]);
  return [...reset, ...untagged].reduce(leaveOrder, force);
}

function isFailure(phase: OrderPhase['phase'], code: OrderPhase['code']): boolean {
  return (
    phase === 'refused' ||
    phase === 'failed' ||
    phase === 'not_following' ||
    (phase === 'stopped' && code !== 'STOPPED')
  );
}
