/**
 * The audit log as a hash chain: hash = SHA-256(previous hash, newline, canonical JSON of the entry).
 *
 * Whoever changes, removes or inserts an entry would have to rewrite all that follow, and `audit_head` with them. A head
 * that was noted elsewhere proves even that.
 */
import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { AuditEntry } from '../contracts/reports.ts';
import { readMeta } from './record-schema.ts';

export type ChainEnd = { readonly id: number; readonly hash: string };

export type AuditVerdict =
  | { readonly ok: true; readonly entries: number; readonly head: ChainEnd }
  | { readonly ok: false; readonly at: number; readonly why: 'changed' | 'missing' };

export function chainEnd(db: DatabaseSync, which: 'audit_head' | 'audit_tail'): ChainEnd {
  return JSON.parse(readMeta(db, which) ?? '') as ChainEnd;
}

/** The next link after `previous`, with the text that is stored. */
export function link(previous: ChainEnd, entry: AuditEntry): ChainEnd & { readonly body: string } {
  const body = canonicalJson(entry);
  return { id: previous.id + 1, hash: hashOf(previous.hash, body), body };
}

/** Walks the whole chain, from the last entry that retention removed to the noted head. */
export function verifyAudit(db: DatabaseSync): AuditVerdict {
  const tail = chainEnd(db, 'audit_tail');
  const head = chainEnd(db, 'audit_head');
  let { id, hash } = tail;
  for (const row of db.prepare('SELECT id, body, hash FROM audit ORDER BY id').iterate()) {
    id += 1;
    if (row['id'] !== id) return { ok: false, at: id, why: 'missing' };
    hash = hashOf(hash, String(row['body']));
    if (row['hash'] !== hash) return { ok: false, at: id, why: 'changed' };
  }
  if (id !== head.id) return { ok: false, at: id + 1, why: 'missing' };
  if (hash !== head.hash) return { ok: false, at: id, why: 'changed' };
  return { ok: true, entries: id - tail.id, head };
}

/** JSON with the keys in order, so that the same entry always gives the same text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function hashOf(previous: string, body: string): string {
  return createHash('sha256').update(`${previous}\n${body}`).digest('hex');
}
