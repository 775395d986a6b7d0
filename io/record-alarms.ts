/**
 * The alarms of the record: raised at once, returned when their cause has been gone for a while, so that a disk on its
 * edge, which takes one batch and refuses the next, is one alarm and not a stream of them.
 */
import type { Clock, TimerId } from '../contracts/clock.ts';
import type { ThreadSignal } from '../contracts/links.ts';

type AlarmId = 'record-unavailable' | 'record-slow';

export type RecordAlarms = {
  readonly raise: (id: AlarmId, message: string) => void;
  /** The cause seems gone. The alarm returns, with what `message` then says, after `CALM_MS` in which `holds` stays true. */
  readonly settle: (id: AlarmId, holds: () => boolean, message: () => string) => void;
  readonly stands: (id: AlarmId) => boolean;
  /** Nothing returns any more: the thread ends. */
  readonly stop: () => void;
};

const CALM_MS = 5000;

export function createRecordAlarms(clock: Clock, signal: (signal: ThreadSignal) => void): RecordAlarms {
  const raised = new Set<AlarmId>();
  const settling = new Map<AlarmId, TimerId>();

  return {
    raise(id, message) {
      clock.clearTimeout(settling.get(id));
      settling.delete(id);
      if (raised.has(id)) return;
      raised.add(id);
      signal({ type: 'NOTICE', severity: 'P3', alarm_id: id, state: 'active', message });
    },
    settle(id, holds, message) {
      if (!raised.has(id) || settling.has(id)) return;
      const later = (): void => {
        if (!holds()) return void settling.set(id, clock.setTimeout(later, CALM_MS));
        settling.delete(id);
        raised.delete(id);
        signal({ type: 'NOTICE', severity: 'P3', alarm_id: id, state: 'returned', message: message() });
      };
      settling.set(id, clock.setTimeout(later, CALM_MS));
    },
    stands: (id) => raised.has(id),
    stop() {
      for (const timer of settling.values()) clock.clearTimeout(timer);
      settling.clear();
    },
  };
}
