/**
 * How an order fares: told to the dispatcher, and published as command events.
 */
import type { Code } from '../../contracts/faults.ts';
import type { OrderPhase } from '../../contracts/messages.ts';
import type { Order } from '../../contracts/operation.ts';
import { traceField } from '../../contracts/trace.ts';
import type { Cockpit } from './cockpit.ts';
import { measured } from './situation.ts';

type Phase = Omit<OrderPhase, 'type' | 'assetId' | 'id' | 'measuredW'>;

/** True when a living dispatcher has heard it. */
export function orderPhase(cockpit: Cockpit, order: Order, phase: Phase): boolean {
  const { asset, board } = cockpit.input;
  const measuredW = measured(cockpit, order.reference === 'ac' ? 'acPowerW' : 'batteryPowerW');
  const message: OrderPhase = {
    type: 'ORDER_PHASE',
    assetId: asset.id,
    id: order.id,
    ...phase,
    ...(measuredW === undefined ? {} : { measuredW }),
  };
  const heard = cockpit.send('dispatcher', message);
  board.event('command', {
    id: order.id,
    asset_id: asset.id,
    phase: phase.phase,
    reason: phase.code ?? null,
    final_w: phase.writtenW ?? null,
    measured_w: measuredW ?? null,
    ...traceField(order.trace),
  });
  return heard;
}

/** Ends the order under way: by its time, or because it can no longer be carried out. */
export function endOrder(cockpit: Cockpit, order: Order, code: Code): void {
  const verified = cockpit.effect?.state === 'verified';
  const phase =
    code === 'EXPIRED'
      ? 'expired'
      : code === 'NOT_FOLLOWING'
        ? 'not_following'
        : code === 'SUPERSEDED'
          ? 'superseded'
          : code === 'LIMIT' || code === 'PERMIT_LAPSED' || code === 'STOPPED'
            ? 'stopped'
            : 'failed';
  orderPhase(cockpit, order, { phase, code, verified });
  cockpit.operation?.send({ type: 'ORDER_ENDED', id: order.id });
}
