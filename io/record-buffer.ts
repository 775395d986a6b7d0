/**
 * Reports that wait for the disk, bounded. When the bound is reached the oldest telemetry goes first, then events and
 * alarms, audit last; what went is counted.
 *
 * The bound is a weight, about one per stored row, since one telemetry report may carry hundreds of points.
 */
import type { Report } from '../contracts/reports.ts';

/** Classes in the order in which they are given up. */
export const RECORD_CLASSES = ['telemetry', 'events', 'audit'] as const;
export type RecordClass = (typeof RECORD_CLASSES)[number];

export type RecordBuffer = {
  readonly add: (report: Report) => void;
  /** Takes out up to `max` reports of one class, in order: audit before events and alarms before telemetry. */
  readonly take: (max: number) => readonly Report[];
  /** Puts a batch that could not be written back to the front. */
  readonly giveBack: (batch: readonly Report[]) => void;
  readonly size: () => number;
  /** What was dropped since it was last asked. */
  readonly takeDropped: () => Readonly<Record<RecordClass, number>>;
};

const NOTHING: Readonly<Record<RecordClass, number>> = { telemetry: 0, events: 0, audit: 0 };

export function createRecordBuffer(maxWeight = 400_000): RecordBuffer {
  const waiting: Record<RecordClass, Report[]> = { telemetry: [], events: [], audit: [] };
  let dropped = { ...NOTHING };
  let weight = 0;

  return {
    add: (report) => {
      const kind = classOf(report);
      if (kind === undefined) return;
      waiting[kind].push(report);
      weight += weightOf(report);
      dropToBound();
    },
    take: (max) => {
      const kind = RECORD_CLASSES.findLast((one) => waiting[one].length > 0);
      const batch = kind === undefined ? [] : waiting[kind].splice(0, max);
      for (const report of batch) weight -= weightOf(report);
      return batch;
    },
    giveBack: (batch) => {
      for (const kind of RECORD_CLASSES) waiting[kind].unshift(...batch.filter((report) => classOf(report) === kind));
      for (const report of batch) weight += weightOf(report);
      dropToBound();
    },
    size: () => RECORD_CLASSES.reduce((sum, kind) => sum + waiting[kind].length, 0),
    takeDropped: () => {
      const counts = dropped;
      dropped = { ...NOTHING };
      return counts;
    },
  };

  function dropToBound(): void {
    while (weight > maxWeight) {
      const kind = RECORD_CLASSES.find((one) => waiting[one].length > 0);
      const oldest = kind && waiting[kind].shift();
      if (!kind || !oldest) return;
      weight -= weightOf(oldest);
      dropped[kind] += 1;
    }
  }
}

/** Heartbeats, cycles and states of uplinks are figures of the moment: they are not recorded. */
export function classOf(report: Report): RecordClass | undefined {
  switch (report.type) {
    case 'TELEMETRY':
      return 'telemetry';
    case 'EVENT':
    case 'ALARM':
      return 'events';
    case 'AUDIT':
      return 'audit';
    case 'CYCLE':
    case 'HEARTBEAT':
    case 'TRACE':
    case 'UPLINK':
      return undefined;
  }
}

function weightOf(report: Report): number {
  return report.type === 'TELEMETRY' ? 10 + Object.keys(report.report.points).length : 10;
}
