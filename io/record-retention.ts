/**
 * What the record gives up, by age and by size: telemetry first, then events, alarms and commands, audit last.
 *
 * Telemetry is kept for `keepDays`; events, alarms and commands for ten times as long; audit until the size demands it.
 * The file does not shrink: free pages are used again, so its size stays near `maxBytes`.
 */
import type { DatabaseSync } from 'node:sqlite';
import { chainEnd } from './record-audit.ts';

export type Keep = { readonly keepDays: number; readonly maxBytes: number };

/** Classes in the order in which they are given up. */
export type RecordClass = 'telemetry' | 'events' | 'audit';

const DAY_MS = 86_400_000;
const EVENTS_KEPT_LONGER = 10;
const EVENT_TABLES = ['events', 'alarms', 'commands'] as const;
/** Of a class that has to make room, the oldest part of this size goes at once. */
const SLICE = 0.05;

export function usedBytes(db: DatabaseSync): number {
  const read = (name: string): number => Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
  return (read('page_count') - read('freelist_count')) * read('page_size');
}

/** Removes what is too old, then as much of the oldest as the size demands. */
export function retain(db: DatabaseSync, { keepDays, maxBytes }: Keep, nowMs: number): void {
  removeTelemetry(db, nowMs - keepDays * DAY_MS);
  removeEvents(db, nowMs - keepDays * EVENTS_KEPT_LONGER * DAY_MS);
  while (usedBytes(db) > maxBytes && giveUpOldest(db) !== undefined);
}

/** Removes one slice of the first class that has anything; says which, or `undefined` when nothing is left. */
export function giveUpOldest(db: DatabaseSync): RecordClass | undefined {
  const telemetry = span(db, ['samples', 'frames']);
  if (telemetry) {
    removeTelemetry(db, sliceEnd(telemetry));
    return 'telemetry';
  }
  const events = span(db, EVENT_TABLES);
  if (events) {
    removeEvents(db, sliceEnd(events));
    return 'events';
  }
  return removeAuditTail(db) ? 'audit' : undefined;
}

type Span = { readonly fromMs: number; readonly toMs: number };

function span(db: DatabaseSync, tables: readonly string[]): Span | undefined {
  const spans = tables.flatMap((table) => {
    const ends =
      table === 'samples'
        ? `SELECT min((SELECT min(ts) FROM samples WHERE series = s.id)) AS a,
                  max((SELECT max(ts) FROM samples WHERE series = s.id)) AS b FROM series AS s`
        : `SELECT (SELECT min(ts) FROM ${table}) AS a, (SELECT max(ts) FROM ${table}) AS b`;
    const row = db.prepare(ends).get();
    const [a, b] = [row?.['a'], row?.['b']];
    return typeof a === 'number' && typeof b === 'number' ? [{ fromMs: a, toMs: b }] : [];
  });
  if (spans.length === 0) return undefined;
  return { fromMs: Math.min(...spans.map((s) => s.fromMs)), toMs: Math.max(...spans.map((s) => s.toMs)) };
}

function sliceEnd({ fromMs, toMs }: Span): number {
  return fromMs + Math.max(1, Math.ceil((toMs - fromMs) * SLICE));
}

/** One transaction per series keeps each small, so that the disk is not held for long. */
function removeTelemetry(db: DatabaseSync, beforeMs: number): void {
  const ofSeries = db.prepare('DELETE FROM samples WHERE series = ? AND ts < ?');
  for (const { id } of db.prepare('SELECT id FROM series').all()) ofSeries.run(Number(id), beforeMs);
  db.prepare('DELETE FROM frames WHERE ts < ?').run(beforeMs);
}

function removeEvents(db: DatabaseSync, beforeMs: number): void {
  for (const table of EVENT_TABLES) db.prepare(`DELETE FROM ${table} WHERE ts < ?`).run(beforeMs);
}

function removeAuditTail(db: DatabaseSync): boolean {
  const tail = chainEnd(db, 'audit_tail');
  const head = chainEnd(db, 'audit_head');
  if (tail.id === head.id) return false;
  const newTailId = Math.min(head.id, tail.id + Math.max(1, Math.ceil((head.id - tail.id) * SLICE)));
  const hash = db.prepare('SELECT hash FROM audit WHERE id = ?').get(newTailId)?.['hash'];
  db.exec('BEGIN IMMEDIATE');
  db.prepare(`UPDATE meta SET value = ? WHERE key = 'audit_tail'`).run(JSON.stringify({ id: newTailId, hash }));
  db.prepare('DELETE FROM audit WHERE id <= ?').run(newTailId);
  db.exec('COMMIT');
  return true;
}
