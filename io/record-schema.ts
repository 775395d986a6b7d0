/**
 * The tables of the record and their version (`user_version`).
 *
 * Invariant: rows of `audit` are never changed, and removed only from the oldest end, after `audit_tail` has moved.
 */
import type { DatabaseSync } from 'node:sqlite';
import { createHash, randomUUID } from 'node:crypto';

export const SCHEMA_VERSION = 1;

/** Stored as a number in `samples` and `frames`; the order is part of the schema. */
export const QUALITIES = ['good', 'stale', 'suspect', 'missing'] as const;

const TABLES = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE series (id INTEGER PRIMARY KEY, asset TEXT NOT NULL, point TEXT NOT NULL, UNIQUE (asset, point)) STRICT;
  CREATE TABLE samples (
    series INTEGER NOT NULL, ts INTEGER NOT NULL, num REAL, txt TEXT, quality INTEGER NOT NULL,
    PRIMARY KEY (series, ts)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE frames (
    id INTEGER PRIMARY KEY, asset TEXT NOT NULL, ts INTEGER NOT NULL, seq INTEGER NOT NULL, quality INTEGER NOT NULL,
    connection TEXT NOT NULL, operation TEXT NOT NULL, inverter TEXT, permit TEXT NOT NULL, limits_hash TEXT NOT NULL
  ) STRICT;
  CREATE INDEX frames_by_asset ON frames (asset, ts);
  CREATE INDEX frames_by_time ON frames (ts);
  CREATE TABLE events (id INTEGER PRIMARY KEY, ts INTEGER NOT NULL, kind TEXT NOT NULL, asset TEXT, body TEXT NOT NULL) STRICT;
  CREATE INDEX events_by_kind ON events (kind, id);
  CREATE INDEX events_by_time ON events (ts);
  CREATE TABLE commands (
    id INTEGER PRIMARY KEY, ts INTEGER NOT NULL, order_id TEXT, asset TEXT, phase TEXT, reason TEXT,
    final_w REAL, measured_w REAL
  ) STRICT;
  CREATE INDEX commands_by_order ON commands (order_id);
  CREATE INDEX commands_by_time ON commands (ts);
  CREATE TABLE alarms (
    id INTEGER PRIMARY KEY, ts INTEGER NOT NULL, alarm_id TEXT NOT NULL, asset TEXT, severity TEXT NOT NULL,
    state TEXT NOT NULL, message TEXT NOT NULL
  ) STRICT;
  CREATE INDEX alarms_by_time ON alarms (ts);
  CREATE TABLE audit (id INTEGER PRIMARY KEY, ts INTEGER NOT NULL, body TEXT NOT NULL, hash TEXT NOT NULL) STRICT;
  CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
    BEGIN SELECT raise(ABORT, 'audit is append-only'); END;
  CREATE TRIGGER audit_is_removed_from_its_tail BEFORE DELETE ON audit
    WHEN old.id > (SELECT CAST(json_extract(value, '$.id') AS INTEGER) FROM meta WHERE key = 'audit_tail')
    BEGIN SELECT raise(ABORT, 'audit is append-only'); END;
`;

/** Makes the tables of a new record, under a new id. */
export function createTables(db: DatabaseSync, nowMs: number): void {
  const recordId = randomUUID();
  const genesis = createHash('sha256').update(`bessd record ${recordId}`).digest('hex');
  db.exec('BEGIN IMMEDIATE');
  db.exec(TABLES);
  const set = db.prepare('INSERT INTO meta (key, value) VALUES (?, ?)');
  set.run('record_id', recordId);
  set.run('created_at', new Date(nowMs).toISOString());
  set.run('batches', '0');
  set.run('audit_tail', JSON.stringify({ id: 0, hash: genesis }));
  set.run('audit_head', JSON.stringify({ id: 0, hash: genesis }));
  db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  db.exec('COMMIT');
}

export function readMeta(db: DatabaseSync, key: string): string | undefined {
  const row = db.prepare('SELECT value FROM meta WHERE key = ?').get(key);
  return row === undefined ? undefined : String(row['value']);
}

export function readVersion(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
}
