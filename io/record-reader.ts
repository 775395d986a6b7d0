/**
 * Reads the record from another thread, while its owner writes: for HTTP and the command line. Read-only by its handle.
 *
 * Holds no handle across a replacement of the file: after damage the owner sets the file aside and begins a new one.
 */
import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Fault } from '../contracts/faults.ts';
import type { EventKind, SiteEvent } from '../contracts/reports.ts';
import type { Quality } from '../contracts/telemetry.ts';
import { verifyAudit } from './record-audit.ts';
import type { AuditVerdict } from './record-audit.ts';
import { guarded } from './record-fault.ts';
import { recordPath } from './record-file.ts';
import { QUALITIES, readVersion, SCHEMA_VERSION } from './record-schema.ts';

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

/** Opens at the first question; every question throws RECORD_UNAVAILABLE while there is no record to read. */
export function openRecordReader(dataDir: string): RecordReader {
  const file = recordPath(dataDir);
  let open: { readonly db: DatabaseSync; readonly inode: number } | undefined;

  return {
    telemetry: (query) => ask((db) => readTelemetry(db, query)),
    events: (query) => ask((db) => readEvents(db, query)),
    verify: () => ask((db) => inSnapshot(db, () => verifyAudit(db))),
    close,
    [Symbol.dispose]: close,
  };

  function ask<T>(question: (db: DatabaseSync) => T): T {
    return guarded('the record cannot be read', () => question(current()));
  }

  function current(): DatabaseSync {
    const inode = statSync(file).ino;
    if (open?.inode === inode) return open.db;
    close();
    const db = new DatabaseSync(file, { readOnly: true, timeout: 1000 });
    try {
      if (readVersion(db) !== SCHEMA_VERSION) throw new Fault('RECORD_UNAVAILABLE', `${file} has another schema`);
    } catch (error) {
      db.close();
      throw error;
    }
    open = { db, inode };
    return db;
  }

  function close(): void {
    open?.db.close();
    open = undefined;
  }
}

/** Reads at most `limit` rows of each series, so that a long span of many points stays cheap. */
function readTelemetry(db: DatabaseSync, { asset, point, fromMs, toMs, limit }: TelemetryQuery): TelemetryRow[] {
  const series = db
    .prepare('SELECT id, point FROM series WHERE asset = ? AND (? IS NULL OR point = ?) ORDER BY point')
    .all(asset, point ?? null, point ?? null);
  const samples = db.prepare(
    'SELECT ts, num, txt, quality FROM samples WHERE series = ? AND ts BETWEEN ? AND ? ORDER BY ts LIMIT ?',
  );
  const found: { ts: number; name: string; row: Record<string, unknown> }[] = [];
  let untilMs = toMs;
  for (const { id, point: name } of series) {
    const rows = samples.all(Number(id), fromMs, untilMs, limit);
    for (const row of rows) found.push({ ts: Number(row['ts']), name: String(name), row });
    // What lies behind a full series cannot be among the first `limit` rows.
    if (rows.length === limit) untilMs = Math.min(untilMs, Number(rows.at(-1)?.['ts']));
  }
  return found
    .toSorted((a, b) => a.ts - b.ts || (a.name < b.name ? -1 : 1))
    .slice(0, limit)
    .map(({ ts, name, row }) => ({
      ts: new Date(ts).toISOString(),
      asset_id: asset,
      point: name,
      value: valueOf(row),
      quality: QUALITIES[Number(row['quality'])] ?? 'suspect',
    }));
}

function valueOf({ num, txt }: Record<string, unknown>): number | string | null {
  if (typeof num === 'number') return num;
  return typeof txt === 'string' ? txt : null;
}

function readEvents(db: DatabaseSync, { kind, limit }: EventQuery): SiteEvent[] {
  const rows =
    kind === undefined
      ? db.prepare('SELECT body FROM events ORDER BY id DESC LIMIT ?').all(limit)
      : db.prepare('SELECT body FROM events WHERE kind = ? ORDER BY id DESC LIMIT ?').all(kind, limit);
  return rows.map(({ body }) => JSON.parse(String(body)) as SiteEvent);
}

/** One transaction, so that entries which are appended meanwhile do not part the chain from its noted head. */
function inSnapshot<T>(db: DatabaseSync, read: () => T): T {
  db.exec('BEGIN');
  try {
    return read();
  } finally {
    db.exec('COMMIT');
  }
}
