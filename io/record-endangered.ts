/**
 * What of the record retention is about to give up: by age within a day, and the next file when the size is nearly reached.
 *
 * Read-only; works on what is on the disk, so it may run beside the owner of the record.
 */
import type { StreamHead } from '../contracts/uplink.ts';
import { guarded } from './record-fault.ts';
import { bytesOf, listFiles, openForReading } from './record-file.ts';
import type { RecordFile } from './record-file.ts';
import { oldestOf, tooOldBefore } from './record-retention.ts';
import type { Keep } from './record-retention.ts';
import { readFileMeta, readState } from './record-schema.ts';

const HORIZON_MS = 86_400_000;
/** From this share of `maxBytes` on, the size is the next to make retention act. */
const NEARLY_FULL = 0.95;

/** Whole files, as stretches of their streams. Throws a fault while the record cannot be read. */
export function endangered(dataDir: string, { keepDays, maxBytes }: Keep, nowMs: number): readonly StreamHead[] {
  return guarded('the record cannot be read', () => {
    const files = listFiles(dataDir);
    // The newest of a class is being written, and stays.
    const inUse = new Set(new Map(files.map((file) => [file.kind, file.path])).values());
    const old = files.filter(({ kind, day, path }) => {
      const before = tooOldBefore(kind, keepDays, nowMs + HORIZON_MS);
      return !inUse.has(path) && before !== undefined && day < before;
    });
    const isNearlyFull = files.reduce((sum, file) => sum + bytesOf(file), 0) > NEARLY_FULL * maxBytes;
    const next = isNearlyFull ? oldestOf(files, inUse) : undefined;
    return [...new Set([...old, ...(next ? [next] : [])])].map(stretchOf);
  });
}

function stretchOf(file: RecordFile): StreamHead {
  using db = openForReading(file);
  const { streamId, before } = readFileMeta(db);
  return { streamId, kind: file.kind, from: before.n + 1, to: readState(db).last.n };
}
