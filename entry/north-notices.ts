/**
 * What is wrong in the north itself, as alarms: told to the main thread when it changes, shown at once by our own faces.
 *
 * A part that keeps failing raises `<part>-failing`; it clears after the part has stood for a while, so that a crash loop
 * is one alarm and not a stream of them.
 */
import type { Clock, TimerId } from '../contracts/clock.ts';
import type { ThreadSignal } from '../contracts/links.ts';
import type { SiteView } from '../io/site-view.ts';
import type { SupervisionReport } from '../supervisor/context.ts';

type Severity = Extract<ThreadSignal, { type: 'NOTICE' }>['severity'];

export type Notices = {
  readonly raise: (alarmId: string, severity: Severity, message: string) => void;
  readonly clear: (alarmId: string) => void;
  readonly judge: (report: SupervisionReport) => void;
  /** Waits for nothing any more. */
  readonly close: () => void;
};

const STANDS_MS = 20_000;

export function createNotices(post: (signal: ThreadSignal) => void, view: SiteView, clock: Clock): Notices {
  const raised = new Map<string, { readonly severity: Severity; readonly message: string }>();
  const settling = new Map<string, TimerId>();

  const tell = (alarmId: string, severity: Severity, state: 'active' | 'returned', message: string): void => {
    post({ type: 'NOTICE', severity, alarm_id: alarmId, state, message });
    view.noteOwn({
      ts: new Date(clock.wall()).toISOString(),
      alarm_id: alarmId,
      asset_id: null,
      severity,
      state,
      message,
    });
  };
  const raise: Notices['raise'] = (alarmId, severity, message) => {
    const before = raised.get(alarmId);
    if (before?.severity === severity && before.message === message) return;
    raised.set(alarmId, { severity, message });
    tell(alarmId, severity, 'active', message);
  };
  const clear: Notices['clear'] = (alarmId) => {
    const was = raised.get(alarmId);
    if (!was) return;
    raised.delete(alarmId);
    tell(alarmId, was.severity, 'returned', was.message);
  };
  return {
    raise,
    clear,
    close() {
      for (const timer of settling.values()) clock.clearTimeout(timer);
    },
    judge({ child, what, reason }) {
      const alarmId = `${child}-failing`;
      clock.clearTimeout(settling.get(alarmId));
      if (what === 'failed' || what === 'quarantined' || what === 'gave_up')
        raise(alarmId, 'P3', `${child}: ${reason}`);
      if ((what === 'restarted' || what === 'started') && raised.has(alarmId))
        settling.set(
          alarmId,
          clock.setTimeout(() => clear(alarmId), STANDS_MS),
        );
    },
  };
}
