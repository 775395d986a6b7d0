/**
 * The ledger of order ids: the same id and content give the same answer and act once; the same id with other content, and
 * a sequence number that an issuer has passed, are refused. Bounded: the oldest ids are forgotten first.
 */
import type { DispatchRequest, Reply } from '../../contracts/commands.ts';
import { refusal } from '../../contracts/faults.ts';
import type { Refusal } from '../../contracts/faults.ts';

type Entry = { readonly content: string; reply: Reply | undefined; readonly waiting: ((reply: Reply) => void)[] };

const IDS_KEPT = 10_000;

export class Ledger {
  readonly #entries = new Map<string, Entry>();
  readonly #sequences = new Map<string, number>();

  /** `new`: carry it out and call `settle`. `known`: the answer came, or will come, by itself. */
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
    if (request.seq !== undefined) this.#sequences.set(request.issuer, request.seq);
    this.#entries.set(request.id, { content, reply: undefined, waiting: [reply] });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > IDS_KEPT && oldest !== undefined) this.#entries.delete(oldest);
    return 'new';
  }

  settle(id: string, reply: Reply): void {
    const entry = this.#entries.get(id);
    if (!entry || entry.reply) return;
    entry.reply = reply;
    for (const answer of entry.waiting.splice(0)) answer(reply);
  }
}

function contentOf(request: DispatchRequest): string {
  return JSON.stringify(Object.entries(request).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
