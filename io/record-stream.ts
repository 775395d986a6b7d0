/**
 * One class of the record while it is written: the file of the day, and the next one when the day is over.
 *
 * Invariant: `n` goes on over files without a hole; when nobody can know where it stood, because the newest file had to
 * be set aside, the stream begins again under a new id.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import type { Report } from '../contracts/reports.ts';
import { Fault } from '../contracts/faults.ts';
import { genesis } from './record-audit.ts';
import type { RecordClass } from './record-buffer.ts';
import { troubleOf } from './record-fault.ts';
import { dayOf, fileFor, isEmpty, listFiles, openForWriting, setFileAside } from './record-file.ts';
import type { RecordFile } from './record-file.ts';
import { insertInto } from './record-rows.ts';
import { createTables, readFileMeta, readState } from './record-schema.ts';
import type { ChainEnd, FileMeta, FileState } from './record-schema.ts';

export type RecordStream = {
  readonly id: string;
  readonly setAside: string | undefined;
  readonly file: () => RecordFile;
  readonly state: () => FileState;
  /** Everything or nothing is on the disk when it returns or throws. */
  readonly append: (reports: readonly Report[]) => void;
  /** Deletes the oldest part of the file of the day: the last resort of a full disk. */
  readonly thin: (share: number) => boolean;
  /** What its file of the day holds, without free pages. */
  readonly liveBytes: () => number;
  readonly limitPages: (maxBytes: number) => void;
  readonly close: () => void;
};

export type StreamOptions = {
  readonly dataDir: string;
  readonly kind: RecordClass;
  readonly nowMs: number;
  readonly check: boolean;
  /** Begin a new stream although there is one: it was restored, and its next numbers may have been used elsewhere. */
  readonly anew?: boolean;
};

type Open = { file: RecordFile; db: DatabaseSync; meta: FileMeta; insert: ReturnType<typeof insertInto> };

const DAY_MS = 86_400_000;

export function openStream({ dataDir, kind, nowMs, check, anew = false }: StreamOptions): RecordStream {
  let setAside: string | undefined;
  const open = (file: RecordFile, birth: FileMeta, proven: boolean, batches = 0): Open => {
    const unborn = !existsSync(file.path);
    const db = openForWriting(file, !unborn && !proven && check);
    if (unborn || isEmpty(db)) createTables(db, kind, birth, batches);
    return { file, db, meta: readFileMeta(db), insert: insertInto(db, kind) };
  };
  let now = openNewest();
  let pages: number | undefined;

  return {
    id: now.meta.streamId,
    get setAside() {
      return setAside;
    },
    file: () => now.file,
    state: () => readState(now.db),
    append(reports) {
      const last = reports.at(-1);
      if (last === undefined) return;
      roll(wallOf(last));
      const { db } = now;
      try {
        db.exec('BEGIN IMMEDIATE');
        for (const report of reports) now.insert.report(report);
        now.insert.end();
        db.exec('COMMIT');
      } catch (error) {
        // SQLite ends a transaction by itself after some errors and not after others.
        if (db.isTransaction) db.exec('ROLLBACK');
        now.insert = insertInto(db, kind);
        throw error;
      }
    },
    thin: (share) => THIN[kind](now.db, share),
    liveBytes: () => (pragma('page_count') - pragma('freelist_count')) * pragma('page_size'),
    limitPages(maxBytes) {
      pages = Math.max(64, Math.ceil(maxBytes / pragma('page_size')));
      now.db.exec(`PRAGMA max_page_count = ${pages}`);
    },
    close: () => now.db.close(),
  };

  function pragma(name: string): number {
    return Number(now.db.prepare(`PRAGMA ${name}`).get()?.[name]);
  }

  function openNewest(): Open {
    const newest = listFiles(dataDir, kind).at(-1);
    if (newest === undefined) return open(fileFor(dataDir, kind, 1, dayOf(nowMs)), newStream(nowMs), true);
    if (anew) return open(fileFor(dataDir, kind, newest.number + 1, dayOf(nowMs)), newStream(nowMs), true);
    try {
      return open(newest, newStream(nowMs), false);
    } catch (error) {
      if (!(error instanceof Fault) || troubleOf(error) !== 'damaged') throw error;
      setAside = setFileAside(newest, nowMs);
      return open(fileFor(dataDir, kind, newest.number + 1, dayOf(nowMs)), newStream(nowMs), true);
    }
  }

  /** The next file when a new day has begun, or when the clock went back by more than a day. */
  function roll(wallMs: number): void {
    if (!Number.isFinite(wallMs)) return; // the insert refuses it
    const day = dayOf(wallMs);
    if (day === now.file.day || dayOf(wallMs + DAY_MS) === now.file.day) return;
    const { batches, last } = readState(now.db);
    const meta = { streamId: now.meta.streamId, createdAt: new Date(wallMs).toISOString(), before: last };
    const next = open(fileFor(dataDir, kind, now.file.number + 1, day), meta, true, batches);
    now.db.close();
    now = next;
    if (pages !== undefined) now.db.exec(`PRAGMA max_page_count = ${pages}`);
  }

  function newStream(wallMs: number): FileMeta {
    const streamId = randomUUID();
    const before: ChainEnd = { n: 0, hash: kind === 'audit' ? genesis(streamId) : '' };
    return { streamId, createdAt: new Date(wallMs).toISOString(), before };
  }
}

export function wallOf(report: Report): number {
  switch (report.type) {
    case 'TELEMETRY':
      return Date.parse(report.report.ts);
    case 'EVENT':
      return Date.parse(report.event.ts);
    case 'ALARM':
      return Date.parse(report.alarm.ts);
    case 'AUDIT':
      return Date.parse(report.entry.ts);
    case 'CYCLE':
    case 'HEARTBEAT':
    case 'TRACE':
    case 'UPLINK':
      return Number.NaN;
  }
}

/** What can be deleted of the oldest `share` of a file; the audit log only goes in whole files. */
const THIN: Readonly<Record<RecordClass, (db: DatabaseSync, share: number) => boolean>> = {
  telemetry: (db, share) => {
    const until = boundary(db, ['frames'], share);
    if (until === undefined) return false;
    const lastTs = Number(db.prepare('SELECT max(ts) AS ts FROM frames WHERE n <= ?').get(until)?.['ts']);
    // A series a transaction, so that each stays small.
    const ofSeries = db.prepare('DELETE FROM samples WHERE series = ? AND ts <= ? AND n <= ?');
    for (const { id } of db.prepare('SELECT id FROM series').all()) ofSeries.run(Number(id), lastTs, until);
    db.prepare('DELETE FROM frames WHERE n <= ?').run(until);
    return true;
  },
  events: (db, share) => {
    const until = boundary(db, ['events', 'alarms'], share);
    if (until === undefined) return false;
    for (const table of ['events', 'alarms', 'commands']) db.prepare(`DELETE FROM ${table} WHERE n <= ?`).run(until);
    return true;
  },
  audit: () => false,
};

function boundary(db: DatabaseSync, tables: readonly string[], share: number): number | undefined {
  const ends = tables.map((table) => db.prepare(`SELECT min(n) AS a, max(n) AS b FROM ${table}`).get());
  const all = ends.flatMap((row) => [row?.['a'], row?.['b']]).filter((n) => typeof n === 'number');
  if (all.length === 0) return undefined;
  const [from, to] = [Math.min(...all), Math.max(...all)];
  return from + Math.ceil((to - from) * share);
}
