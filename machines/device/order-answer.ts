/**
 * Who gave an order is answered when its first write is told. Pure.
 *
 * Invariant: an order whose first write no living dispatcher heard of ends when the next one begins: whoever gave it was told
 * no, so it must not move power.
 */
import type { Order } from '../../contracts/operation.ts';
import { batteryTarget } from './posture.ts';
import type { Situation } from './posture.ts';
import { clampToPermit } from './setpoint.ts';

/** The device is where the order wants it; `isOwn`: its power was written since the order was taken. */
export function isCarriedOut(s: Situation, order: Order, isOwn: boolean): boolean {
  const { posture, permit } = s;
  const targetW = batteryTarget(s, order);
  // On its way through zero the order is not written yet.
  if (posture?.kind === 'hold') return Math.abs(targetW) < 1;
  // Nor by a device that runs by its own control, or was stopped: that is what another posture has just made of it.
  if (posture?.kind !== 'power') return false;
  if (isOwn) return true;
  // Nor while the power of the order before stands until the next write is due, but for what its permit leaves of it.
  const cutW = permit === undefined ? targetW : clampToPermit(targetW, permit);
  return Math.abs(targetW - posture.w) < 1 || Math.abs(cutW - posture.w) < 1;
}

export function endsUnanswered(order: Order | undefined, answeredId: string | undefined): order is Order {
  return order !== undefined && order.id !== answeredId;
}
