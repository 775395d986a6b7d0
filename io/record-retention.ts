/**
 * What the record gives up, by age and by size: telemetry first, then events, alarms and commands, audit last. Whole files
 * go, since a full disk leaves no room for deleting rows.
 *
 * Telemetry is kept for `keepDays`; events, alarms and commands for ten times as long; audit until the size demands it.
 */
import { RECORD_CLASSES } from './record-buffer.ts';
import type { RecordClass } from './record-buffer.ts';
import { dayOf, listFiles, removeFile } from './record-file.ts';
import type { RecordFile } from './record-file.ts';

export type Keep = { readonly keepDays: number; readonly maxBytes: number };

const DAY_MS = 86_400_000;
const KEPT_LONGER: Readonly<Record<RecordClass, number>> = {
  telemetry: 1,
  events: 10,
  audit: Number.POSITIVE_INFINITY,
};

/** Drops what is too old. Files that are being written stay. */
export function dropTooOld(dataDir: string, keepDays: number, nowMs: number, inUse: ReadonlySet<string>): void {
  for (const file of listFiles(dataDir)) {
    const before = tooOldBefore(file.kind, keepDays, nowMs);
    if (!inUse.has(file.path) && before !== undefined && file.day < before) removeFile(file);
  }
}

/** Files of earlier days than this one are too old; undefined where age does not count. */
export function tooOldBefore(kind: RecordClass, keepDays: number, nowMs: number): string | undefined {
  const oldest = nowMs - keepDays * KEPT_LONGER[kind] * DAY_MS;
  return Number.isFinite(oldest) ? dayOf(Math.max(0, oldest)) : undefined;
}

/** Drops the oldest file of the first class that has one to spare. */
export function dropOldest(dataDir: string, inUse: ReadonlySet<string>): RecordClass | undefined {
  const oldest = oldestOf(listFiles(dataDir), inUse);
  if (oldest) removeFile(oldest);
  return oldest?.kind;
}

/** The one that goes next when the size demands it. */
export function oldestOf(files: readonly RecordFile[], inUse: ReadonlySet<string>): RecordFile | undefined {
  for (const kind of RECORD_CLASSES) {
    const found = files.find((file) => file.kind === kind && !inUse.has(file.path));
    if (found) return found;
  }
  return undefined;
}
