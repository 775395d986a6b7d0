/**
 * Reads the record from another thread, while its owner writes: for HTTP and the command line. Read-only by its handles.
 *
 * Only the files of the days that are asked for are opened; a file that was dropped or set aside is let go.
 */
import { statSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { EventKind, SiteEvent } from '../contracts/reports.ts';
import type { Quality } from '../contracts/telemetry.ts';
import { verifyAudit } from './record-audit.ts';
import type { AuditVerdict } from './record-audit.ts';
import { guarded } from './record-fault.ts';
import { dayOf, isWritable, listFiles, openForReading } from './record-file.ts';
import type { RecordFile } from './record-file.ts';
import { QUALITIES } from './record-schema.ts';

export type TelemetryQuery = {
  readonly asset: string;
  /** All points of the asset, where it is not given. */
  readonly point?: string | undefined;
  /** Wall-clock time; both ends belong to the answer. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly limit: number;
};

export type TelemetryRow = {
  readonly ts: string;
  readonly asset_id: string;
  readonly point: string;
  readonly value: number | string | null;
  readonly quality: Quality;
};

export type EventQuery = { readonly kind?: EventKind | undefined; readonly limit: number };

export type RecordReader = Disposable & {
  /** Oldest first, at most `limit` rows. */
  readonly telemetry: (query: TelemetryQuery) => readonly TelemetryRow[];
  /** Newest first. */
  readonly events: (query: EventQuery) => readonly SiteEvent[];
  readonly verify: () => AuditVerdict;
  readonly close: () => void;
};

const DAY_MS = 86_400_000;

/** Every question throws RECORD_UNAVAILABLE while there is no record to read. */
export function openRecordReader(dataDir: string): RecordReader {
  const open = new Map<string, { readonly db: DatabaseSync; readonly inode: number }>();
  const close = (): void => {
    for (const { db } of open.values()) db.close();
    open.clear();
  };
  return {
    telemetry: (query) => ask(() => telemetryOf(query)),
    events: (query) => ask(() => eventsOf(query)),
    verify: () => ask(() => verifyAudit(dataDir)),
    close,
    [Symbol.dispose]: close,
  };

  function ask<T>(question: () => T): T {
    try {
      return guarded('the record cannot be read', question);
    } finally {
      if (!isWritable(dataDir)) close();
    }
  }

  function telemetryOf(query: TelemetryQuery): readonly TelemetryRow[] {
    const files = filesOf('telemetry').filter((one) => mayHold(one, query));
    const found = files.map((file) => readTelemetry(dbOf(file), query)).filter((rows) => rows.length > 0);
    const rows = inOrder(found.length === 1 && found[0] ? found[0] : found.flat());
    return rows.length <= query.limit ? rows : rows.slice(0, query.limit);
  }

  function eventsOf({ kind, limit }: EventQuery): readonly SiteEvent[] {
    const events: SiteEvent[] = [];
    for (const file of filesOf('events').toReversed()) {
      if (events.length >= limit) break;
      const rows = dbOf(file)
        .prepare('SELECT body FROM events WHERE ? IS NULL OR kind = ? ORDER BY n DESC LIMIT ?')
        .all(kind ?? null, kind ?? null, limit - events.length);
      for (const row of rows) events.push(JSON.parse(String(row['body'])) as SiteEvent);
    }
    return events;
  }

  /** Lets go of handles whose file is no longer there. */
  function filesOf(kind: RecordFile['kind']): readonly RecordFile[] {
    const files = listFiles(dataDir, kind);
    for (const [path, { db, inode }] of open) {
      if (statSync(path, { throwIfNoEntry: false })?.ino === inode) continue;
      db.close();
      open.delete(path);
    }
    return files;
  }

  function dbOf(file: RecordFile): DatabaseSync {
    const known = open.get(file.path);
    if (known) return known.db;
    const db = openForReading(file);
    open.set(file.path, { db, inode: statSync(file.path).ino });
    return db;
  }
}

/** A file holds the day in its name and, where the clock was set back or at midnight, some of the day before. */
function mayHold({ day }: RecordFile, { fromMs, toMs }: TelemetryQuery): boolean {
  const [from, to] = [clamped(fromMs), clamped(toMs + DAY_MS)];
  return day >= dayOf(from) && day <= dayOf(to);
}

/** Within what a date can be. */
function clamped(ms: number): number {
  return Math.min(Math.max(ms, 0), 8.64e15 - DAY_MS);
}

type Column = number | string | null;

/** Reads at most `limit` rows of each series, so that a long span of many points stays cheap. */
function readTelemetry(db: DatabaseSync, { asset, point, fromMs, toMs, limit }: TelemetryQuery): TelemetryRow[] {
  const series = db
    .prepare('SELECT id, point FROM series WHERE asset = ? AND (? IS NULL OR point = ?) ORDER BY point')
    .all(asset, point ?? null, point ?? null);
  const samples = db.prepare(
    'SELECT ts, num, txt, quality FROM samples WHERE series = ? AND ts BETWEEN ? AND ? ORDER BY ts, n LIMIT ?',
  );
  samples.setReturnArrays(true);
  const found: TelemetryRow[] = [];
  const isoOf = isoTimes();
  let untilMs = toMs;
  for (const { id, point: name } of series) {
    const rows = arraysOf(samples, Number(id), fromMs, untilMs, limit);
    for (const [ts, num, txt, quality] of rows)
      found.push({
        ts: isoOf(Number(ts)),
        asset_id: asset,
        point: String(name),
        value: num ?? txt ?? null,
        quality: QUALITIES[Number(quality)] ?? 'suspect',
      });
    // What lies behind a full series cannot be among the first `limit` rows.
    if (rows.length === limit) untilMs = Math.min(untilMs, Number(rows.at(-1)?.[0]));
  }
  return found;
}

function arraysOf(statement: StatementSync, ...values: number[]): readonly (readonly Column[])[] {
  return statement.all(...values) as unknown as readonly (readonly Column[])[];
}

/** By time, then by point; most answers are in order already, and that costs one look. */
function inOrder(rows: TelemetryRow[]): readonly TelemetryRow[] {
  let before = rows[0];
  let inPlace = true;
  for (const row of rows) {
    if (before && isBefore(row, before)) inPlace = false;
    before = row;
  }
  return inPlace ? rows : rows.toSorted((a, b) => (isBefore(a, b) ? -1 : isBefore(b, a) ? 1 : 0));
}

/** Times in ISO 8601 sort as text. */
function isBefore(a: TelemetryRow, b: TelemetryRow): boolean {
  return a.point === b.point ? a.ts < b.ts : a.ts < b.ts || (a.ts === b.ts && a.point < b.point);
}

/** `toISOString` for times that follow each other: the minute is written once. */
function isoTimes(): (ms: number) => string {
  let minute = Number.NaN;
  let prefix = '';
  return (ms) => {
    const rest = ms - minute;
    if (!(rest >= 0 && rest < 60_000)) {
      minute = Math.floor(ms / 60_000) * 60_000;
      prefix = new Date(minute).toISOString().slice(0, 17);
    }
    const inMinute = ms - minute;
    const second = Math.floor(inMinute / 1000);
    return `${prefix}${SECONDS[second]}${MILLISECONDS[inMinute - second * 1000]}`;
  };
}

const SECONDS = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'));
const MILLISECONDS = Array.from({ length: 1000 }, (_, n) => `.${String(n).padStart(3, '0')}Z`);
