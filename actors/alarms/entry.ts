/**
 * One alarm as the desk keeps it, and the report that goes out about it.
 */
import type { TimerId } from '../../contracts/clock.ts';
import type { AlarmReport, Severity } from '../../contracts/reports.ts';
import { NORMAL } from '../../machines/alarm/alarm.ts';
import type { AlarmCondition } from '../../machines/alarm/alarm.ts';

export type Entry = {
  readonly id: string;
  readonly assetId: string | null;
  severity: Severity;
  message: string;
  condition: AlarmCondition;
  since: string;
  raisedAtMs: readonly number[];
  /** Waits for quiet. */
  settling: TimerId | undefined;
  shelf:
    | { readonly timer: TimerId; readonly untilWallMs: number; readonly by: string; readonly reason: string }
    | undefined;
  acknowledgedBy: string | undefined;
};

export function newEntry(id: string, severity: Severity, assetId: string | null, since: string): Entry {
  return {
    id,
    assetId,
    severity,
    message: '',
    condition: NORMAL,
    since,
    raisedAtMs: [],
    settling: undefined,
    shelf: undefined,
    acknowledgedBy: undefined,
  };
}

/** The name that people acknowledge it by: an asset's alarm has the asset's id before its own. */
export function keyOf({ id, assetId }: Pick<Entry, 'id' | 'assetId'>): string {
  return assetId === null ? id : `${assetId}.${id}`;
}

export function reportOf(entry: Entry, ts = entry.since): AlarmReport {
  const { assetId, severity, message, condition, since, shelf, acknowledgedBy } = entry;
  return {
    ts,
    alarm_id: keyOf(entry),
    asset_id: assetId,
    severity,
    state: condition.active ? 'active' : 'returned',
    message,
    lifecycle: condition.state,
    since,
    ...(acknowledgedBy !== undefined && { acknowledged_by: acknowledgedBy }),
    ...(shelf && {
      shelved: { until: new Date(shelf.untilWallMs).toISOString(), by: shelf.by, reason: shelf.reason },
    }),
  };
}
