/**
 * The files of the record: `record/CLASS-NUMBER-DAY.db`, one per class and day, so that room is made by dropping whole
 * files. The number rises for ever and gives their order, whatever the wall clock does.
 *
 * A file that is damaged is set aside under a name with the time, never repaired and never silently replaced.
 */
import { accessSync, constants, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Fault } from '../contracts/faults.ts';
import { RECORD_CLASSES } from './record-buffer.ts';
import type { RecordClass } from './record-buffer.ts';
import { guarded } from './record-fault.ts';
import { readVersion, SCHEMA_VERSION } from './record-schema.ts';

export type RecordFile = {
  readonly path: string;
  readonly kind: RecordClass;
  readonly number: number;
  /** UTC, `YYYYMMDD`. */
  readonly day: string;
};

const NAME = /^(\w+)-(\d{6,})-(\d{8})\.db$/;
const SIDE_FILES = ['', '-wal', '-shm'] as const;
const CHECK_ALL_BELOW_BYTES = 500_000_000;
/** Read through at start in a large file too: what telemetry is found by. */
const ALWAYS_CHECKED = ['meta', 'series', 'frames'];

export function recordFolder(dataDir: string): string {
  return path.join(dataDir, 'record');
}

export function makeFolder(dataDir: string): void {
  guarded(`the folder ${recordFolder(dataDir)} cannot be made`, () =>
    mkdirSync(recordFolder(dataDir), { recursive: true }),
  );
}

/** While this file is there, the streams of the record are old ones that were restored. */
export function restoredMark(dataDir: string): string {
  return path.join(recordFolder(dataDir), 'restored');
}

/** Oldest first. */
export function listFiles(dataDir: string, kind?: RecordClass): readonly RecordFile[] {
  const folder = recordFolder(dataDir);
  const names = guarded(`the record in ${folder} cannot be read`, () => readdirSync(folder));
  return names
    .flatMap((name) => {
      const [, found, number, day] = NAME.exec(name) ?? [];
      const known = RECORD_CLASSES.find((one) => one === found);
      if (known === undefined || day === undefined || (kind !== undefined && known !== kind)) return [];
      return [{ path: path.join(folder, name), kind: known, number: Number(number), day }];
    })
    .toSorted((a, b) => a.number - b.number);
}

export function fileFor(dataDir: string, kind: RecordClass, number: number, day: string): RecordFile {
  const name = `${kind}-${String(number).padStart(6, '0')}-${day}.db`;
  return { path: path.join(recordFolder(dataDir), name), kind, number, day };
}

export function dayOf(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 10).replaceAll('-', '');
}

export function bytesOf({ path: file }: RecordFile): number {
  return SIDE_FILES.reduce((sum, suffix) => sum + (statSync(file + suffix, { throwIfNoEntry: false })?.size ?? 0), 0);
}

export function removeFile({ path: file }: RecordFile): void {
  for (const suffix of SIDE_FILES.toReversed()) rmSync(file + suffix, { force: true });
}

/** Opens for writing. `check`: read the file through before it is trusted. */
export function openForWriting(file: RecordFile, check: boolean): DatabaseSync {
  return guarded(`the record ${file.path} cannot be opened`, () => {
    const db = new DatabaseSync(file.path, { timeout: 2000 });
    try {
      guarded('open', () => {
        db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
        if (check) prove(db, file);
        flushLog(db);
      });
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

/**
 * After a sync that failed, the system takes what it could not write for written: the log is readable and will never reach
 * the disk. Copied into the file of the database it is written, and synced, anew.
 */
function flushLog(db: DatabaseSync): void {
  const busy = Number(db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy']);
  if (busy !== 0) throw new Fault('RECORD_UNAVAILABLE', 'its log is being read and cannot be flushed');
}

/** Opens for reading, while its owner may be writing. */
export function openForReading({ path: file }: Pick<RecordFile, 'path'>): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true, timeout: 1000 });
  try {
    if (readVersion(db) === SCHEMA_VERSION) return db;
    throw new Fault('RECORD_UNAVAILABLE', `${file} has another schema`);
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * Whether the disk under the record takes writes. While it does not, readers must keep no file open: all connections of a
 * process share the index of a log, and one that was opened read-only keeps it so for the writer, also when the disk is
 * writable again.
 */
export function isWritable(dataDir: string): boolean {
  try {
    accessSync(recordFolder(dataDir), constants.W_OK);
    return true;
  } catch {
    return false; // read-only, or not there: the next question says why
  }
}

/** The log of a damaged file goes with it: replayed into a new file it would damage that. */
export function setFileAside({ path: file }: RecordFile, nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  let setAside = `${file}.damaged-${stamp}`;
  for (let n = 2; existsSync(setAside); n += 1) setAside = `${file}.damaged-${stamp}-${n}`;
  for (const suffix of SIDE_FILES) if (existsSync(file + suffix)) renameSync(file + suffix, setAside + suffix);
  return setAside;
}

/** A file that was made but never written: bessd was killed between the two. */
export function isEmpty(db: DatabaseSync): boolean {
  return db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.['tables'] === 0;
}

function prove(db: DatabaseSync, { path: file, kind }: RecordFile): void {
  if (isEmpty(db)) return;
  const version = readVersion(db);
  if (version !== SCHEMA_VERSION) throw damaged(`its schema is version ${version}, this program has ${SCHEMA_VERSION}`);
  const whole = kind !== 'telemetry' || statSync(file).size < CHECK_ALL_BELOW_BYTES;
  const checks = whole ? ['PRAGMA quick_check(1)'] : ALWAYS_CHECKED.map((table) => `PRAGMA quick_check(${table})`);
  for (const sql of checks) {
    const finding = Object.values(db.prepare(sql).get() ?? {})[0];
    if (finding !== 'ok') throw damaged(String(finding));
  }
}

function damaged(message: string): Fault {
  return new Fault('RECORD_UNAVAILABLE', message, { details: { trouble: 'damaged' } });
}
