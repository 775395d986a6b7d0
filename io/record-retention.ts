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
    const oldest = nowMs - keepDays * KEPT_LONGER[file.kind] * DAY_MS;
    if (!inUse.has(file.path) && Number.isFinite(oldest) && file.day < dayOf(Math.max(0, oldest))) removeFile(file);
  }
}

/** Drops the oldest file of the first class that has one to spare. */
export function dropOldest(dataDir: string, inUse: ReadonlySet<string>): RecordClass | undefined {
  const oldest = oldestOf(dataDir, inUse);
  if (oldest) removeFile(oldest);
  return oldest?.kind;
}

function oldestOf(dataDir: string, inUse: ReadonlySet<string>): RecordFile | undefined {
  for (const kind of RECORD_CLASSES) {
    const found = listFiles(dataDir, kind).find((file) => !inUse.has(file.path));
    if (found) return found;
  }
  return undefined;
}
