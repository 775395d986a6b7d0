/**
 * The latch of the site, from one event to the next. Pure; the E-stop actor keeps the record, on the disk and in memory.
 *
 * Invariant: nothing here takes an E-stop or a trip away but what is named for it.
 */
import type { LatchRecord } from '../../contracts/latch.ts';

/** Pressed. The epoch is that of the machine, which has raised it. */
export function engaged(latch: LatchRecord, epoch: number, press: NonNullable<LatchRecord['estop']>): LatchRecord {
  return { ...latch, epoch, estop: press };
}

export function disarmed(latch: LatchRecord, epoch: number): LatchRecord {
  return { ...latch, epoch, estop: null };
}

/** Undefined where that, or worse, stands already: a trip outweighs a fault. */
export function tripped(
  latch: LatchRecord,
  assetId: string,
  trip: LatchRecord['trips'][string],
): LatchRecord | undefined {
  const standing = latch.trips[assetId];
  if (standing?.kind === 'trip' || standing?.kind === trip.kind) return undefined;
  return { ...latch, trips: { ...latch.trips, [assetId]: trip } };
}

export function untripped(latch: LatchRecord, assetId: string): LatchRecord {
  return { ...latch, trips: without(latch.trips, assetId) };
}

/** Tagged out, or, without a tag, taken back into service. */
export function tagged(
  latch: LatchRecord,
  assetId: string,
  tag: LatchRecord['maintenance'][string] | undefined,
): LatchRecord {
  const rest = without(latch.maintenance, assetId);
  return { ...latch, maintenance: tag ? { ...rest, [assetId]: tag } : rest };
}

function without<Row>(rows: Readonly<Record<string, Row>>, id: string): Record<string, Row> {
  return Object.fromEntries(Object.entries(rows).filter(([key]) => key !== id));
}

/** Whether a person has taken an E-stop or a trip away between the two. */
export function wasReset(before: LatchRecord | undefined, now: LatchRecord): boolean {
  if (!before) return false;
  return (before.estop !== null && !now.estop) || Object.keys(before.trips).some((id) => !now.trips[id]);
}
