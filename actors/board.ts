/**
 * The notice board of control: the newest view of each asset and the active alarms, for status answers.
 *
 * Lives beside the tree, so that a restarted actor does not blank what the others know. Nobody decides by it.
 */
import type { AlarmReport, Report, Severity } from '../contracts/reports.ts';
import type { AssetStatus } from '../contracts/status.ts';
import type { Clock } from '../contracts/clock.ts';

export type Board = {
  readonly assets: Map<string, AssetStatus>;
  /** Devices that are only read: meters, and battery management systems beside an inverter. */
  readonly instruments: Map<string, AssetStatus>;
  readonly alarms: () => readonly AlarmReport[];
  /** Raises or returns an alarm; reports only changes. */
  readonly alarm: (id: string, active: boolean, severity: Severity, message: string, assetId?: string) => void;
  readonly report: (report: Report) => void;
  /** ISO time of the wall clock. */
  readonly timestamp: () => string;
  readonly nextSeq: () => number;
  /** Publishes an event with time and number filled in. */
  readonly event: (
    kind: Extract<Report, { type: 'EVENT' }>['event']['kind'],
    fields: Readonly<Record<string, unknown>>,
  ) => void;
};

export function createBoard(clock: Clock, report: (report: Report) => void): Board {
  const active = new Map<string, AlarmReport>();
  let seq = 0;
  const timestamp = (): string => new Date(clock.wall()).toISOString();
  const board: Board = {
    assets: new Map(),
    instruments: new Map(),
    alarms: () => [...active.values()],
    alarm(id, isActive, severity, message, assetId) {
      const key = assetId === undefined ? id : `${assetId}.${id}`;
      if (active.has(key) === isActive) return;
      const alarm: AlarmReport = {
        ts: timestamp(),
        alarm_id: key,
        asset_id: assetId ?? null,
        severity,
        state: isActive ? 'active' : 'returned',
        message,
      };
      if (isActive) active.set(key, alarm);
      else active.delete(key);
      report({ type: 'ALARM', alarm });
    },
    report,
    timestamp,
    nextSeq: () => (seq += 1),
    event(kind, fields) {
      report({ type: 'EVENT', event: { ts: timestamp(), seq: board.nextSeq(), kind, ...fields } });
    },
  };
  return board;
}
