/**
 * Which orders may move power now, kept by what was asked and answered at the front door alone.
 *
 * An order lives from the moment it was sent until its end, its refusal, a newer one, a stop, or anything after which no
 * order is revived: trip, E-stop, maintenance, a new connection, a restart (control rules 5).
 */
import type { Reply } from '../../contracts/commands.ts';
import type { At } from './schedule.ts';

type Order = {
  readonly id: string;
  readonly ats: readonly At[];
  readonly w: number;
  readonly sentAtMs: number;
  readonly endsAtMs: number;
  /** When it ended for each device, if before its time. */
  readonly deadAtMs: [number, number];
};

export type Orders = {
  readonly sent: (order: Omit<Order, 'deadAtMs'>) => void;
  readonly replied: (id: string, reply: Reply, nowMs: number) => void;
  /** Nothing sent up to now lives on for that device, of what `hasBegun`: without it whatever was sent. */
  readonly end: (at: At, nowMs: number, hasBegun?: (id: string) => boolean) => void;
  /**
   * A new connection: what this device was ordered before is over. A site order may still come to it, and so may one that
   * has not begun, because the disk has not taken its id yet.
   */
  readonly linked: (at: At, nowMs: number, hasBegun: (id: string) => boolean) => void;
  /** Whether some order wanted power of this sign and at least this size at that moment. */
  readonly wants: (
    at: At,
    w: number,
    atMs: number,
    slackW: { readonly asset: number; readonly site: number },
  ) => boolean;
  /** Since when no order could have moved this device; undefined while one may. */
  readonly idleSinceMs: (at: At, nowMs: number) => number | undefined;
};

export function ordersReference(): Orders {
  /** Those of before under the same id too: what they had asked for may be on its way still. */
  const orders: Order[] = [];
  /** A second order of the same id does nothing, unless nothing came of the first. */
  const accepted = new Set<string>();

  return {
    sent(order) {
      if (accepted.has(order.id) || orders.some(({ id, deadAtMs }) => id === order.id && deadAtMs.includes(Infinity)))
        return;
      orders.push({ ...order, deadAtMs: [endOf(order, 0), endOf(order, 1)] });
    },
    replied(id, reply, nowMs) {
      const order = orders.findLast((one) => one.id === id && one.sentAtMs <= nowMs);
      if (!order) return;
      const ended = (other: Order, at: At): void => {
        other.deadAtMs[at] = Math.min(other.deadAtMs[at], nowMs);
      };
      if (reply.ok) accepted.add(id);
      if (!reply.ok) for (const at of order.ats) ended(order, at);
      // A newer one takes the place of all before it.
      else
        for (const other of orders) {
          if (other.sentAtMs >= order.sentAtMs || other === order) continue;
          for (const at of order.ats) ended(other, at);
        }
    },
    end(at, nowMs, hasBegun = () => true) {
      for (const order of orders) if (hasBegun(order.id)) order.deadAtMs[at] = Math.min(order.deadAtMs[at], nowMs);
    },
    linked(at, nowMs, hasBegun) {
      for (const order of orders)
        if (order.ats.length === 1 && hasBegun(order.id)) order.deadAtMs[at] = Math.min(order.deadAtMs[at], nowMs);
    },
    wants: (at, w, atMs, slackW) =>
      orders.some(
        (order) =>
          order.ats.includes(at) &&
          order.sentAtMs <= atMs &&
          atMs < Math.min(order.endsAtMs, order.deadAtMs[at] + 1) &&
          fits(order, w, order.ats.length > 1 ? slackW.site : slackW.asset),
      ),
    idleSinceMs(at, nowMs) {
      let sinceMs = 0;
      for (const order of orders) {
        if (!order.ats.includes(at)) continue;
        const endMs = Math.min(order.endsAtMs, order.deadAtMs[at]);
        if (endMs > nowMs) return undefined;
        sinceMs = Math.max(sinceMs, endMs);
      }
      return sinceMs;
    },
  };
}

function endOf({ ats }: Pick<Order, 'ats'>, at: At): number {
  return ats.includes(at) ? Infinity : -Infinity;
}

/** Of the sign of the order and no larger; what is within the slack may be of either sign. */
function fits(order: Order, w: number, slackW: number): boolean {
  return order.w > 0
    ? w >= -slackW * opposite(slackW) && w <= order.w + slackW
    : w <= slackW * opposite(slackW) && w >= order.w - slackW;
}

/** Rounding alone never turns a sign. */
function opposite(slackW: number): 0 | 1 {
  return slackW > 5000 ? 1 : 0;
}
