/**
 * Asks the record when a traced order is on the disk. Only where there are traces: each question writes the batch at once.
 */
import type { Clock } from '../contracts/clock.ts';
import type { RecordSync } from '../contracts/links.ts';
import type { Report } from '../contracts/reports.ts';
import type { Recorded } from '../contracts/trace.ts';

export type RecordedTraces = {
  /** Called for every report after it went to the record. */
  readonly sent: (report: Report) => void;
  readonly synced: (id: number) => void;
};

/** A record that is away does not answer. */
const ASKED_KEPT = 256;

export function recordedTraces(parts: {
  readonly clock: Pick<Clock, 'wall'>;
  readonly ask: (sync: RecordSync) => void;
  readonly tell: (step: Recorded) => void;
}): RecordedTraces {
  const { clock, ask, tell } = parts;
  const asked = new Map<number, { readonly orderId: string; readonly fromMs: number }>();
  let lastId = 0;
  return {
    sent(report) {
      if (report.type !== 'EVENT' || report.event.kind !== 'command') return;
      const { id: orderId, trace_id, phase } = report.event;
      if (typeof orderId !== 'string' || typeof trace_id !== 'string' || phase !== 'written') return;
      const id = (lastId += 1);
      asked.set(id, { orderId, fromMs: clock.wall() });
      const [oldest] = asked.keys();
      if (asked.size > ASKED_KEPT && oldest !== undefined) asked.delete(oldest);
      ask({ type: 'SYNC', id });
    },
    synced(id) {
      const one = asked.get(id);
      if (!one) return;
      asked.delete(id);
      tell({ step: 'recorded', ...one, toMs: clock.wall() });
    },
  };
}
