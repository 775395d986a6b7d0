/**
 * The notice board of control: the newest view of each asset and the active alarms, for status answers.
 *
 * Lives beside the tree, so that a restarted actor does not blank what the others know. Nobody decides by it.
 */
import type { AlarmReport, Report, Severity } from '../contracts/reports.ts';
import type { AssetStatus } from '../contracts/status.ts';
import type { Clock } from '../contracts/clock.ts';
import { traceField } from '../contracts/trace.ts';
import type { SyncedFile } from '../contracts/ports.ts';
import { createAlarmDesk } from './alarms/desk.ts';
import type { AlarmDesk } from './alarms/desk.ts';

export type Board = {
  readonly assets: Map<string, AssetStatus>;
  /** Devices that are only read: meters, and battery management systems beside an inverter. */
  readonly instruments: Map<string, AssetStatus>;
  readonly desk: AlarmDesk;
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

/** The same board, on whose events the trace of a command stands. */
export function boardFor(trace: string | undefined, board: Board): Board {
  const more = traceField(trace);
  return { ...board, event: (kind, fields) => board.event(kind, { ...fields, ...more }) };
}

export function createBoard(clock: Clock, report: (report: Report) => void, alarmsFile: SyncedFile): Board {
  let seq = 0;
  const timestamp = (): string => new Date(clock.wall()).toISOString();
  const desk = createAlarmDesk(
    clock,
    alarmsFile,
    (alarm) => report({ type: 'ALARM', alarm }),
    (fields) => board.event('transition', fields),
  );
  const board: Board = {
    assets: new Map(),
    instruments: new Map(),
    desk,
    alarms: desk.standing,
    alarm: desk.condition,
    report,
    timestamp,
    nextSeq: () => (seq += 1),
    event(kind, fields) {
      report({ type: 'EVENT', event: { ts: timestamp(), seq: board.nextSeq(), kind, ...fields } });
    },
  };
  return board;
}
