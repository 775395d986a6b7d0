/**
 * The ledger of order ids: the same id and content give the same answer and act once; the same id with other content, and
 * a sequence number that an issuer has passed, are refused. Bounded: the oldest ids are forgotten first.
 *
 * The newest of them are on the disk before anything is carried out, so that a restart forgets no order that was answered.
 * The file is written once for all that came while it was being written.
 */
import type { Clock } from '../../contracts/clock.ts';
import { ledgerSchema } from '../../contracts/ledger.ts';
import type { LedgerFile } from '../../contracts/ledger.ts';
import type { DispatchRequest, Reply } from '../../contracts/commands.ts';
import { refusal } from '../../contracts/faults.ts';
import type { Refusal } from '../../contracts/faults.ts';
import { parse } from '../../contracts/parse.ts';
import type { SyncedFile } from '../../contracts/ports.ts';

type Entry = {
  readonly content: string;
  reply: Reply | undefined;
  readonly waiting: ((reply: Reply) => void)[];
  /** The sequence that its issuer had reached before it. */
  readonly after?: number | undefined;
};

const IDS_KEPT = 10_000;
const IDS_ON_DISK = 256;
const ISSUERS_KEPT = 256;
const DISK_WITHIN_MS = 2000;

export type LedgerParts = {
  readonly file: SyncedFile;
  readonly clock: Clock;
  /** Whether the disk takes it, told on every change. */
  readonly onDisk: (kept: boolean, why: 'unsaved' | 'unreadable') => void;
};

export class Ledger {
  readonly #entries = new Map<string, Entry>();
  readonly #sequences = new Map<string, number>();
  readonly #parts: LedgerParts;
  #loading: Promise<void> | undefined;
  #writing: Promise<boolean> | undefined;
  #next: Promise<boolean> | undefined;

  constructor(parts: LedgerParts) {
    this.#parts = parts;
  }

  /** Whether what the last run left is known by then. */
  loaded(byMs: number): Promise<boolean> {
    this.#loading ??= this.#load();
    return this.#by(
      byMs,
      this.#loading.then(() => true),
    );
  }

  /** Nothing on a disk that does not answer, which is told. */
  async #load(): Promise<void> {
    const { file, onDisk } = this.#parts;
    let found: LedgerFile | undefined;
    try {
      const text = await this.#soon(file.load());
      const parsed = text === undefined ? undefined : parse(ledgerSchema, JSON.parse(text));
      if (parsed?.ok) found = parsed.value;
      onDisk(parsed?.ok !== false, 'unreadable');
    } catch {
      onDisk(false, 'unreadable');
    }
    for (const [issuer, seq] of found?.sequences ?? []) this.#sequences.set(issuer, seq);
    for (const { id, content, reply } of found?.orders ?? []) {
      const answer = (reply as Reply | null) ?? refusal('RESTARTED');
      this.#entries.set(id, { content, reply: answer, waiting: [] });
    }
  }

  /** `new`: keep it, carry it out and call `settle`. `known`: the answer came, or will come, by itself. */
  enter(request: DispatchRequest, reply: (reply: Reply) => void): 'new' | 'known' | Refusal {
    const content = contentOf(request);
    const entry = this.#entries.get(request.id);
    if (entry && entry.content !== content)
      return refusal('ID_CONFLICT', `id ${request.id} was used for another order`);
    if (entry) {
      if (entry.reply) reply(entry.reply);
      else entry.waiting.push(reply);
      return 'known';
    }
    const last = this.#sequences.get(request.issuer);
    if (request.seq !== undefined && last !== undefined && request.seq <= last) {
      return refusal('REPLAYED', `sequence ${request.seq} of ${request.issuer} comes after ${last}`);
    }
    if (request.seq !== undefined) note(this.#sequences, request.issuer, request.seq, ISSUERS_KEPT);
    note(this.#entries, request.id, { content, reply: undefined, waiting: [reply], after: last }, IDS_KEPT);
    return 'new';
  }

  /** Resolves once everything entered so far is on the disk, or with false when it will not be or not by then. */
  keep(byMs: number): Promise<boolean> {
    return this.#by(byMs, this.#keep());
  }

  #keep(): Promise<boolean> {
    if (!this.#writing) return this.#write();
    this.#next ??= this.#writing.then(() => this.#write());
    return this.#next;
  }

  settle(id: string, reply: Reply): void {
    const entry = this.#entries.get(id);
    if (!entry || entry.reply) return;
    entry.reply = reply;
    for (const answer of entry.waiting.splice(0)) answer(reply);
    void this.#keep();
  }

  /** Nothing was carried out: the same order may come again. */
  forget({ id, issuer, seq }: DispatchRequest, reply: Reply): void {
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    if (entry && seq !== undefined && this.#sequences.get(issuer) === seq) {
      if (entry.after === undefined) this.#sequences.delete(issuer);
      else this.#sequences.set(issuer, entry.after);
    }
    for (const answer of entry?.waiting.splice(0) ?? []) answer(reply);
  }

  async #write(): Promise<boolean> {
    this.#next = undefined;
    const { file, onDisk } = this.#parts;
    const writing = this.#soon(file.save(this.#text())).then(
      () => true,
      () => false,
    );
    this.#writing = writing;
    const kept = await writing;
    if (this.#writing === writing) this.#writing = undefined;
    onDisk(kept, 'unsaved');
    return kept;
  }

  #text(): string {
    const orders = [...this.#entries].slice(-IDS_ON_DISK);
    const next: LedgerFile = {
      version: 1,
      sequences: [...this.#sequences],
      orders: orders.map(([id, { content, reply }]) => ({ id, content, reply: reply ?? null })),
    };
    return JSON.stringify(next);
  }

  /** The disk goes on, whoever still waits for it. */
  #by(atMs: number, asked: Promise<boolean>): Promise<boolean> {
    const { clock } = this.#parts;
    return new Promise((resolve) => {
      const timer = clock.setTimeout(() => resolve(false), Math.max(0, atMs - clock.now()));
      void asked.then(resolve).finally(() => clock.clearTimeout(timer));
    });
  }

  /** A disk that does not answer is as good as none. */
  #soon<T>(asked: Promise<T>): Promise<T> {
    const { clock } = this.#parts;
    return new Promise((resolve, reject) => {
      const timer = clock.setTimeout(() => reject(new Error('no answer of the disk')), DISK_WITHIN_MS);
      void asked.then(resolve, reject).finally(() => clock.clearTimeout(timer));
    });
  }
}

/** The newest is last; the oldest is forgotten. */
function note<T>(map: Map<string, T>, key: string, value: T, most: number): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > most && oldest !== undefined) map.delete(oldest);
}

function contentOf(request: DispatchRequest): string {
  return JSON.stringify(Object.entries(request).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
