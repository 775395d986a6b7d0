/**
 * The tables of the record and their version (`user_version`): one file per class and day, each with its own `meta`.
 *
 * `n` counts what a class of the record holds, over all its files, from 1 without a hole; with the id of the stream it
 * names a report for ever. Invariant: rows of `audit` are never changed, and none is removed: only whole files go.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { RecordClass } from './record-buffer.ts';

export const SCHEMA_VERSION = 2;

/** Stored as a number in `samples` and `frames`; the order is part of the schema. */
export const QUALITIES = ['good', 'stale', 'suspect', 'missing'] as const;

/** What a file says of itself; never changes. */
export type FileMeta = {
  /** Begins anew when a file had to be set aside, so that no two reports ever share a name. */
  readonly streamId: string;
  readonly createdAt: string;
  /** Number and, in the audit log, hash of the last report before this file. */
  readonly before: ChainEnd;
};

/** Moves with every batch. */
export type FileState = {
  /** How many batches of the stream were committed; a commit that seemed to fail may have counted. */
  readonly batches: number;
  readonly last: ChainEnd;
};

/** The end of a stream; the hash is empty in classes without a chain. */
export type ChainEnd = { readonly n: number; readonly hash: string };

const TABLES: Readonly<Record<RecordClass, string>> = {
  telemetry: `
    CREATE TABLE series (id INTEGER PRIMARY KEY, asset TEXT NOT NULL, point TEXT NOT NULL, UNIQUE (asset, point)) STRICT;
    CREATE TABLE samples (
      series INTEGER NOT NULL, ts INTEGER NOT NULL, n INTEGER NOT NULL, num REAL, txt TEXT, quality INTEGER NOT NULL,
      PRIMARY KEY (series, ts, n)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE frames (
      n INTEGER PRIMARY KEY, ts INTEGER NOT NULL, asset TEXT NOT NULL, seq INTEGER NOT NULL, quality INTEGER NOT NULL,
      connection TEXT NOT NULL, operation TEXT NOT NULL, inverter TEXT, permit TEXT NOT NULL, limits_hash TEXT NOT NULL
    ) STRICT;`,
  events: `
    CREATE TABLE events (n INTEGER PRIMARY KEY, ts INTEGER NOT NULL, kind TEXT NOT NULL, asset TEXT, body TEXT NOT NULL) STRICT;
    CREATE INDEX events_by_kind ON events (kind, n);
    CREATE TABLE commands (
      n INTEGER PRIMARY KEY, ts INTEGER NOT NULL, order_id TEXT, asset TEXT, phase TEXT, reason TEXT,
      final_w REAL, measured_w REAL
    ) STRICT;
    CREATE INDEX commands_by_order ON commands (order_id);
    CREATE TABLE alarms (
      n INTEGER PRIMARY KEY, ts INTEGER NOT NULL, alarm_id TEXT NOT NULL, asset TEXT, severity TEXT NOT NULL,
      state TEXT NOT NULL, message TEXT NOT NULL
    ) STRICT;`,
  audit: `
    CREATE TABLE audit (n INTEGER PRIMARY KEY, ts INTEGER NOT NULL, body TEXT NOT NULL, hash TEXT NOT NULL) STRICT;
    CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
      BEGIN SELECT raise(ABORT, 'audit is append-only'); END;
    CREATE TRIGGER audit_is_never_removed BEFORE DELETE ON audit
      BEGIN SELECT raise(ABORT, 'audit is append-only'); END;`,
};

/** Makes the tables of a new file. */
export function createTables(db: DatabaseSync, kind: RecordClass, meta: FileMeta, batches: number): void {
  db.exec('BEGIN IMMEDIATE');
  db.exec('CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID');
  db.exec(TABLES[kind]);
  const set = db.prepare('INSERT INTO meta (key, value) VALUES (?, ?)');
  const state: FileState = { batches, last: meta.before };
  set.run('file', JSON.stringify(meta));
  set.run('state', JSON.stringify(state));
  db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  db.exec('COMMIT');
}

export function readFileMeta(db: DatabaseSync): FileMeta {
  return JSON.parse(readMeta(db, 'file')) as FileMeta;
}

export function readState(db: DatabaseSync): FileState {
  return JSON.parse(readMeta(db, 'state')) as FileState;
}

export function readVersion(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
}

function readMeta(db: DatabaseSync, key: string): string {
  return String(db.prepare('SELECT value FROM meta WHERE key = ?').get(key)?.['value']);
}
