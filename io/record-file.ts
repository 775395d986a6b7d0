/**
 * The file of the record: opened, checked, and set aside when it is damaged, so that recording always goes on.
 *
 * The check reads every page of what must not be lost (audit, commands, alarms, events). Telemetry is checked too while
 * the file is small enough for the thread not to seem hung; later damage there shows when it is read.
 */
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Fault } from '../contracts/faults.ts';
import { guarded, troubleOf } from './record-fault.ts';
import { createTables, readVersion, SCHEMA_VERSION } from './record-schema.ts';

export type OpenedFile = {
  readonly db: DatabaseSync;
  /** The name under which a file that could not be used was set aside. */
  readonly setAside: string | undefined;
};

const CHECK_ALL_BELOW_BYTES = 500_000_000;
const ALWAYS_CHECKED = ['meta', 'series', 'audit', 'commands', 'alarms', 'events'];

export function recordPath(dataDir: string): string {
  return path.join(dataDir, 'record.db');
}

/** `check`: read the file through before it is trusted; needed once per start and after damage showed. */
export function openRecordFile(dataDir: string, nowMs: number, check: boolean): OpenedFile {
  const file = recordPath(dataDir);
  return guarded(`the record ${file} cannot be opened`, () => {
    mkdirSync(dataDir, { recursive: true });
    try {
      return { db: openSound(file, nowMs, check), setAside: undefined };
    } catch (error) {
      if (!(error instanceof Fault) || troubleOf(error) !== 'damaged') throw error;
      const setAside = setFileAside(file, nowMs);
      return { db: openSound(file, nowMs, false), setAside };
    }
  });
}

function openSound(file: string, nowMs: number, check: boolean): DatabaseSync {
  const isNew = !existsSync(file) || statSync(file).size === 0;
  const db = guarded('open', () => new DatabaseSync(file, { timeout: 2000 }));
  try {
    guarded('open', () => {
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
      if (isNew) createTables(db, nowMs);
      else prove(db, file, check);
    });
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function prove(db: DatabaseSync, file: string, check: boolean): void {
  const version = readVersion(db);
  if (version !== SCHEMA_VERSION) throw damaged(`its schema is version ${version}, this program has ${SCHEMA_VERSION}`);
  if (!check) return;
  const whole = statSync(file).size < CHECK_ALL_BELOW_BYTES;
  const checks = whole ? ['PRAGMA quick_check(1)'] : ALWAYS_CHECKED.map((table) => `PRAGMA quick_check(${table})`);
  for (const sql of checks) {
    const finding = Object.values(db.prepare(sql).get() ?? {})[0];
    if (finding !== 'ok') throw damaged(String(finding));
  }
}

function damaged(message: string): Fault {
  return new Fault('RECORD_UNAVAILABLE', message, { details: { trouble: 'damaged' } });
}

/** The log of a damaged file goes with it: replayed into the new file it would damage that. */
function setFileAside(file: string, nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  let setAside = `${file}.damaged-${stamp}`;
  for (let n = 2; existsSync(setAside); n += 1) setAside = `${file}.damaged-${stamp}-${n}`;
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(file + suffix)) renameSync(file + suffix, setAside + suffix);
  }
  return setAside;
}
