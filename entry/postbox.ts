/**
 * Reports on their way to a thread that may be starting or restarting: kept for it, bounded, oldest telemetry first out.
 */
import type { Report } from '../contracts/reports.ts';

const MOST_KEPT = 2000;
const OF_THE_MOMENT: readonly Report['type'][] = ['HEARTBEAT', 'CYCLE', 'UPLINK', 'TRACE'];

export type Postbox = { readonly post: (report: Report) => void; readonly open: () => void };

/** `deliver` says whether somebody took it. */
export function createPostbox(deliver: (report: Report) => boolean): Postbox {
  let kept: Report[] = [];
  let isOpen = false;
  return {
    post(report) {
      if (isOpen && deliver(report)) return;
      isOpen = false;
      if (OF_THE_MOMENT.includes(report.type)) return;
      kept.push(report);
      if (kept.length <= MOST_KEPT) return;
      const oldest = kept.findIndex(({ type }) => type === 'TELEMETRY');
      kept.splice(Math.max(0, oldest), 1);
    },
    open() {
      isOpen = true;
      const waiting = kept;
      kept = [];
      for (const report of waiting) this.post(report);
    },
  };
}
