/**
 * The durable record of a site: telemetry, frames, events, commands, alarms and the hash-chained audit log, in SQLite.
 *
 * Invariant: when `append` returns, the whole batch is on the disk (write-ahead log, synchronous=FULL); when it throws,
 * nothing of the batch is. One thread owns the store; others read through `record-reader.ts`.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Report } from '../contracts/reports.ts';
import { verifyAudit } from './record-audit.ts';
import type { AuditVerdict } from './record-audit.ts';
import { guarded } from './record-fault.ts';
import { openRecordFile } from './record-file.ts';
import { giveUpOldest, retain, usedBytes } from './record-retention.ts';
import type { Keep, RecordClass } from './record-retention.ts';
import { releaseReserve, takeReserve } from './record-reserve.ts';
import { insertInto } from './record-rows.ts';
import { readMeta } from './record-schema.ts';

export type RecordStoreOptions = Keep & {
  readonly dataDir: string;
  readonly nowMs: number;
  /** Read the file through before it is trusted. */
  readonly check: boolean;
};

export type RecordStore = {
  /** New with every new file, so that whoever follows the record sees that it began again. */
  readonly recordId: string;
  /** The name under which a damaged file was set aside at this opening. */
  readonly setAside: string | undefined;
  readonly append: (reports: readonly Report[]) => void;
  /** How many batches this record holds. A commit that fails may have reached the disk: this number tells. */
  readonly batches: () => number;
  readonly retain: (nowMs: number) => void;
  /** The disk is full: gives up the oldest slice of the least important class; `undefined` when nothing is left. */
  readonly makeRoom: () => RecordClass | undefined;
  readonly verify: () => AuditVerdict;
  readonly usedBytes: () => number;
  readonly close: () => void;
};

/** A file may grow past `maxBytes` by this factor between two retentions; then it counts as a full disk. */
const HARD_LIMIT = 1.25;

export function openRecordStore(options: RecordStoreOptions): RecordStore {
  const { dataDir, nowMs, check, maxBytes } = options;
  const { db, setAside } = openRecordFile(dataDir, nowMs, check);
  return guarded('the record cannot be opened', () => {
    const pageSize = Number(db.prepare('PRAGMA page_size').get()?.['page_size']);
    db.exec(`PRAGMA max_page_count = ${Math.ceil((maxBytes * HARD_LIMIT) / pageSize)}`);
    takeReserve(dataDir);
    let insert = insertInto(db);
    const count = db.prepare(`UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'batches'`);
    return {
      recordId: readMeta(db, 'record_id') ?? '',
      setAside,
      append: (reports) =>
        guarded('the record cannot be written', () => {
          try {
            inTransaction(db, () => {
              for (const report of reports) insert.report(report);
              insert.end();
              count.run();
            });
          } catch (error) {
            insert = insertInto(db);
            throw error;
          }
        }),
      batches: () => guarded('the record cannot be read', () => Number(readMeta(db, 'batches'))),
      retain: (atMs) =>
        guarded('the record cannot be thinned out', () => {
          settled(db, () => retain(db, options, atMs));
          takeReserve(dataDir);
        }),
      makeRoom: () =>
        guarded('the record cannot be thinned out', () => {
          releaseReserve(dataDir);
          return settled(db, () => giveUpOldest(db));
        }),
      verify: () => guarded('the record cannot be read', () => verifyAudit(db)),
      usedBytes: () => usedBytes(db),
      close: () => guarded('the record cannot be closed', () => db.close()),
    };
  });
}

function inTransaction(db: DatabaseSync, work: () => void): void {
  settled(db, () => {
    db.exec('BEGIN IMMEDIATE');
    work();
    db.exec('COMMIT');
  });
}

/** SQLite ends a transaction by itself after some errors and not after others. */
function settled<T>(db: DatabaseSync, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}
