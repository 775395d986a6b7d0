/**
 * The audit log as a hash chain: hash = SHA-256(previous hash, newline, canonical JSON of the entry), over all its files.
 *
 * Whoever changes, removes or inserts an entry would have to rewrite all that follow, the end of the chain in its file
 * and `audit.head` beside it. A head that was noted elsewhere, as the uplinks do with every entry, proves even that.
 */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { AuditEntry } from '../contracts/reports.ts';
import { listFiles, openForReading, recordFolder } from './record-file.ts';
import { readFileMeta, readState } from './record-schema.ts';
import type { ChainEnd, FileMeta } from './record-schema.ts';

export type AuditHead = ChainEnd & { readonly stream: string };

export type AuditVerdict =
  | { readonly ok: true; readonly entries: number; readonly head: AuditHead }
  | {
      readonly ok: false;
      /** Number of the entry at which the chain breaks. */
      readonly at: number;
      readonly why: 'changed' | 'missing';
      readonly where: string;
    };

/** The next link of the chain, with the text that is stored. */
export function link(before: string, entry: AuditEntry): { readonly body: string; readonly hash: string } {
  const body = canonicalJson(entry);
  return { body, hash: hashOf(before, body) };
}

/** What a stream begins with, so that entries of one stream never fit into another. */
export function genesis(streamId: string): string {
  return createHash('sha256').update(`bessd record ${streamId}`).digest('hex');
}

/**
 * Walks the whole chain, file by file, and compares its end with the head kept apart and with one noted elsewhere.
 * A stream that ended because its file was set aside is walked as far as it is there.
 */
export function verifyAudit(dataDir: string, noted?: ChainEnd): AuditVerdict {
  const heads = [readHead(dataDir), noted].filter((head) => head !== undefined);
  const files = listFiles(dataDir, 'audit');
  let entries = 0;
  let end: AuditHead | undefined;
  for (const [at, file] of files.entries()) {
    using db = openForReading(file);
    // One transaction, so that entries appended meanwhile do not part the rows from their noted end.
    db.exec('BEGIN');
    const meta = readFileMeta(db);
    const where = path.basename(file.path);
    const expected = end?.stream === meta.streamId ? end : at === 0 ? undefined : birthOf(meta);
    if (expected && (expected.n !== meta.before.n || expected.hash !== meta.before.hash))
      return { ok: false, at: expected.n + 1, why: 'missing', where };
    const isLast = at === files.length - 1;
    const mine = heads.filter((head) => !('stream' in head) || head.stream === meta.streamId);
    const verdict = walk(db, meta, isLast ? mine : []);
    if (!verdict.ok) return { ...verdict, where };
    entries += verdict.entries;
    end = verdict.head;
  }
  if (end) return foreignHead(heads, end) ?? { ok: true, entries, head: end };
  const lost = heads.find(({ n }) => n > 0);
  if (lost) return { ok: false, at: 1, why: 'missing', where: 'no file of the audit log is there' };
  return { ok: true, entries: 0, head: { stream: '', n: 0, hash: '' } };
}

type Walk = { readonly ok: true; readonly entries: number; readonly head: AuditHead } | Break;
type Break = { readonly ok: false; readonly at: number; readonly why: 'changed' | 'missing' };

function walk(db: DatabaseSync, { streamId, before }: FileMeta, heads: readonly ChainEnd[]): Walk {
  const { last } = readState(db);
  let { n, hash } = before;
  const wanted = new Map(heads.filter((head) => head.n > before.n).map((head) => [head.n, head.hash]));
  for (const row of db.prepare('SELECT n, body, hash FROM audit ORDER BY n').iterate()) {
    n += 1;
    if (row['n'] !== n) return { ok: false, at: n, why: 'missing' };
    hash = hashOf(hash, String(row['body']));
    if (row['hash'] !== hash || (wanted.get(n) ?? hash) !== hash) return { ok: false, at: n, why: 'changed' };
  }
  const furthest = Math.max(last.n, ...wanted.keys());
  if (n < furthest) return { ok: false, at: n + 1, why: 'missing' };
  if (n !== last.n || hash !== last.hash) return { ok: false, at: n, why: 'changed' };
  return { ok: true, entries: n - before.n, head: { stream: streamId, n, hash } };
}

/** The head kept apart names a stream of which no file is there. */
function foreignHead(heads: readonly ChainEnd[], end: AuditHead): AuditVerdict | undefined {
  const foreign = heads.find((head) => 'stream' in head && head.stream !== end.stream);
  if (!foreign) return undefined;
  return { ok: false, at: foreign.n, why: 'missing', where: 'the head kept apart belongs to another audit log' };
}

/** Where a stream must begin when nothing of it was given up. */
function birthOf({ streamId }: FileMeta): ChainEnd {
  return { n: 0, hash: genesis(streamId) };
}

export function headPath(dataDir: string): string {
  return path.join(recordFolder(dataDir), 'audit.head');
}

export function readHead(dataDir: string): AuditHead | undefined {
  try {
    return JSON.parse(readFileSync(headPath(dataDir), 'utf8')) as AuditHead;
  } catch {
    return undefined; // none yet, or unreadable: then the chain alone is judged
  }
}

/** Never half a file: written beside it, synced, renamed. */
export function writeHead(dataDir: string, head: AuditHead): void {
  const file = headPath(dataDir);
  const handle = openSync(`${file}.new`, 'w');
  try {
    writeSync(handle, `${JSON.stringify(head)}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(`${file}.new`, file);
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
