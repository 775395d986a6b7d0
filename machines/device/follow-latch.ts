/**
 * What the latch of the site means for one asset: events for its operation machine, in order.
 *
 * Invariant: a record of an older epoch says nothing any more, in whatever order records arrive; an E-stop of a newer
 * epoch than the one that stands was pressed again, and is carried out again.
 */
import type { Code } from '../../contracts/faults.ts';
import type { LatchRecord } from '../../contracts/latch.ts';
import type { OperationContext, OperationEvent } from '../../contracts/operation.ts';

/** `ends`: why the order under way, if there is one, ends before the event. */
export type LatchStep = { readonly event: OperationEvent; readonly ends?: Code };

export function followLatch(
  { estopped, trip, fault, maintenance }: OperationContext,
  knownEpoch: number,
  latch: LatchRecord,
  assetId: string,
): readonly LatchStep[] {
  if (latch.epoch < knownEpoch) return [];
  const tagged = latch.maintenance[assetId];
  const tripped = latch.trips[assetId];
  const steps: LatchStep[] = [];
  if (latch.estop && (!estopped || latch.epoch > knownEpoch))
    steps.push({ event: { type: 'ESTOP' }, ends: 'ESTOP_LATCHED' });
  if (tripped?.kind === 'trip' && trip === undefined)
    steps.push({ event: { type: 'TRIP', cause: tripped.cause }, ends: 'TRIPPED' });
  if (tripped?.kind === 'fault' && fault === undefined)
    steps.push({ event: { type: 'FAULT', cause: tripped.cause }, ends: 'TRIPPED' });
  if (tagged && maintenance === undefined)
    steps.push({ event: { type: 'MAINTENANCE_ON', tag: tagged.tag }, ends: 'MAINTENANCE' });
  if (!latch.estop && estopped) steps.push({ event: { type: 'ESTOP_RESET' } });
  if (!tripped && (trip ?? fault) !== undefined) steps.push({ event: { type: 'TRIP_RESET' } });
  if (!tagged && maintenance !== undefined) steps.push({ event: { type: 'MAINTENANCE_OFF' } });
  return steps;
}
