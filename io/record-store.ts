/**
 * The durable record of a site: telemetry, frames, events, commands, alarms and the hash-chained audit log, in SQLite.
 *
 * Invariant: when `append` returns, the batch is on the disk (write-ahead log, synchronous=FULL); when it throws, nothing
 * of the class that failed is. One thread owns the store; others read through `record-reader.ts` and `record-outbox.ts`.
 */
import { existsSync, renameSync, rmSync, statfsSync } from 'node:fs';
import type { Report } from '../contracts/reports.ts';
import { headPath, readHead, verifyAudit, writeHead } from './record-audit.ts';
import type { AuditVerdict } from './record-audit.ts';
import { classOf, RECORD_CLASSES } from './record-buffer.ts';
import type { RecordClass } from './record-buffer.ts';
import { guarded } from './record-fault.ts';
import { bytesOf, listFiles, makeFolder, recordFolder, restoredMark } from './record-file.ts';
import { dropOldest, dropTooOld } from './record-retention.ts';
import type { Keep } from './record-retention.ts';
import { releaseReserve, takeReserve } from './record-reserve.ts';
import { openStream } from './record-stream.ts';
import type { RecordStream } from './record-stream.ts';

export type RecordStoreOptions = Keep & {
  readonly dataDir: string;
  readonly nowMs: number;
  /** Read the newest files and the audit chain through before they are trusted. */
  readonly check: boolean;
};

/** What was found at the opening and people have to know. */
export type RecordFinding = { readonly what: 'set_aside' | 'audit_broken'; readonly message: string };

export type RecordStore = {
  readonly findings: readonly RecordFinding[];
  /** Names the stream of a class: new when its newest file had to be set aside. */
  readonly streamId: (kind: RecordClass) => string;
  readonly append: (reports: readonly Report[]) => void;
  /** How many batches of a class were committed. A commit that fails may have reached the disk: this number tells. */
  readonly batches: (kind: RecordClass) => number;
  readonly retain: (nowMs: number) => void;
  /** The disk is full: gives up the oldest of the least important class; `undefined` when nothing is left. */
  readonly makeRoom: () => RecordClass | undefined;
  readonly verify: () => AuditVerdict;
  readonly usedBytes: () => number;
  /** What the disk has left for us. */
  readonly freeBytes: () => number;
  readonly close: () => void;
};

/** The record may grow past `maxBytes` by this factor between two retentions; then it counts as a full disk. */
const HARD_LIMIT = 1.25;
/** Opening needs less. */
const OPENING_BYTES = 1_000_000;
/** Of the file of the day, when nothing else is left to give. */
const SLICE = 0.05;
/** The head kept apart may be that much older than the chain. */
const HEAD_EVERY_ENTRIES = 100;

export function openRecordStore(options: RecordStoreOptions): RecordStore {
  const { dataDir, nowMs, check, maxBytes } = options;
  makeFolder(dataDir);
  const wasFull = freeBytes() < OPENING_BYTES;
  // What opening writes, the index of a log and the head of the chain, finds room in the reserve only.
  if (wasFull) releaseReserve(dataDir);
  const findings: RecordFinding[] = check ? judgeAudit(dataDir, nowMs) : [];
  const streams = openStreams(options, findings);
  let notedHead = 0;
  try {
    guarded('the record cannot be opened', () => {
      noteHead();
      if (!wasFull) takeReserve(dataDir);
      limitSize();
    });
  } catch (error) {
    // A connection left open to a read-only file would make every later one read-only too.
    for (const kind of RECORD_CLASSES) streams[kind].close();
    throw error;
  }

  return {
    findings,
    streamId: (kind) => streams[kind].id,
    append: (reports) =>
      guarded('the record cannot be written', () => {
        for (const kind of RECORD_CLASSES.toReversed()) {
          const batch = reports.filter((report) => classOf(report) === kind);
          if (batch.length > 0) streams[kind].append(batch);
        }
        if (streams.audit.state().last.n >= notedHead + HEAD_EVERY_ENTRIES) noteHead();
      }),
    batches: (kind) => guarded('the record cannot be read', () => streams[kind].state().batches),
    retain: (atMs) =>
      guarded('the record cannot be thinned out', () => {
        dropTooOld(dataDir, options.keepDays, atMs, inUse());
        while (usedBytes() > maxBytes && (dropOldest(dataDir, inUse()) ?? thin()) !== undefined);
        noteHead();
        takeReserve(dataDir);
        limitSize();
      }),
    makeRoom: () =>
      guarded('the record cannot be thinned out', () => {
        releaseReserve(dataDir);
        return dropOldest(dataDir, inUse()) ?? thin();
      }),
    verify: () => guarded('the record cannot be read', () => verifyAudit(dataDir)),
    usedBytes,
    freeBytes,
    close: () =>
      guarded('the record cannot be closed', () => {
        try {
          noteHead();
        } finally {
          for (const kind of RECORD_CLASSES) streams[kind].close();
        }
      }),
  };

  function freeBytes(): number {
    return guarded('the disk of the record cannot be asked', () => {
      const { bavail, bsize } = statfsSync(recordFolder(dataDir));
      return bavail * bsize;
    });
  }

  function inUse(): ReadonlySet<string> {
    return new Set(RECORD_CLASSES.map((kind) => streams[kind].file().path));
  }

  /** Free pages of the files of the day count as room: they are written to next. */
  function usedBytes(): number {
    const ofToday = RECORD_CLASSES.reduce((sum, kind) => sum + streams[kind].liveBytes(), 0);
    const closed = listFiles(dataDir).filter((file) => !inUse().has(file.path));
    return closed.reduce((sum, file) => sum + bytesOf(file), ofToday);
  }

  function thin(): RecordClass | undefined {
    return RECORD_CLASSES.find((kind) => streams[kind].thin(SLICE));
  }

  function noteHead(): void {
    const { last } = streams.audit.state();
    notedHead = last.n;
    writeHead(dataDir, { stream: streams.audit.id, ...last });
  }

  /** Telemetry fills disks; it gets what the other classes leave. */
  function limitSize(): void {
    const others = usedBytes() - streams.telemetry.liveBytes();
    streams.telemetry.limitPages(Math.max(0, maxBytes * HARD_LIMIT - others));
  }
}

function openStreams(options: RecordStoreOptions, findings: RecordFinding[]): Record<RecordClass, RecordStream> {
  const opened: RecordStream[] = [];
  const mark = restoredMark(options.dataDir);
  const anew = existsSync(mark);
  try {
    const [telemetry, events, audit] = RECORD_CLASSES.map((kind) => {
      const stream = openStream({ ...options, kind, anew });
      opened.push(stream);
      if (stream.setAside !== undefined)
        findings.push({
          what: 'set_aside',
          message: `a damaged file of the record was set aside as ${stream.setAside}; a new one is being written`,
        });
      return stream;
    }) as [RecordStream, RecordStream, RecordStream];
    rmSync(mark, { force: true });
    return { telemetry, events, audit };
  } catch (error) {
    for (const stream of opened) stream.close();
    throw error;
  }
}

/** Reads the chain before anything is appended to it. Its head stays beside it under another name when it does not fit. */
function judgeAudit(dataDir: string, nowMs: number): RecordFinding[] {
  try {
    const verdict = verifyAudit(dataDir);
    if (verdict.ok) return [];
    if (readHead(dataDir)) renameSync(headPath(dataDir), `${headPath(dataDir)}.broken-${nowMs}`);
    const message = `the audit log is broken: entry ${verdict.at} is ${verdict.why} (${verdict.where})`;
    return [{ what: 'audit_broken', message }];
  } catch {
    return []; // a file that cannot be read is found, and set aside, when it is opened for writing
  }
}
