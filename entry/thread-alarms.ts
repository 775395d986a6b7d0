/**
 * The alarms that a thread has raised. A new incarnation knows nothing of those before it: what it has not raised again
 * by the time it is ready has returned.
 */
import type { ThreadSignal } from '../contracts/links.ts';

type Notice = Extract<ThreadSignal, { type: 'NOTICE' }>;

export type ThreadAlarms = {
  readonly hear: (signal: ThreadSignal) => void;
  /** The incarnation has ended. */
  readonly ended: () => void;
};

export function threadAlarms(tell: (notice: Notice) => void): ThreadAlarms {
  let orphaned = new Map<string, Notice>();
  const raised = new Map<string, Notice>();
  return {
    hear(signal) {
      if (signal.type === 'READY') {
        for (const notice of orphaned.values()) tell({ ...notice, state: 'returned' });
        orphaned.clear();
      }
      if (signal.type !== 'NOTICE') return;
      orphaned.delete(signal.alarm_id);
      if (signal.state === 'active') raised.set(signal.alarm_id, signal);
      else raised.delete(signal.alarm_id);
      tell(signal);
    },
    ended() {
      orphaned = new Map([...orphaned, ...raised]);
      raised.clear();
    },
  };
}
