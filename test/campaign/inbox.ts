/** Everything that an uplink has brought into a JetStream stream, and what is missing or came under two names. */
import { jetstream } from '@nats-io/jetstream';
import { dial } from '../../io/bus-nats.ts';
import { envelopeSchema } from '../../contracts/uplink.ts';
import type { Envelope } from '../../contracts/uplink.ts';

/** In the order in which the server has them. */
export async function readInbox(url: string): Promise<readonly Envelope[]> {
  const connection = await dial(url, 'inbox');
  try {
    const consumer = await jetstream(connection).consumers.get('BESSD');
    const { num_pending: wanted } = await consumer.info();
    const found: Envelope[] = [];
    while (found.length < wanted) {
      for await (const message of await consumer.fetch({ max_messages: 1000, expires: 2000 }))
        found.push(envelopeSchema.parse(message.json()));
    }
    return found;
  } finally {
    await connection.close();
  }
}

/** Numbers that are missing in a stream of the record, from 1 to the highest that came. */
export function gapsIn(envelopes: readonly Envelope[]): number {
  const streams = new Map<string, Set<number>>();
  for (const { record_id, seq } of envelopes) {
    const known = streams.get(record_id) ?? new Set();
    streams.set(record_id, known.add(seq));
  }
  return [...streams.values()].reduce((sum, numbers) => sum + Math.max(...numbers) - numbers.size, 0);
}

/** Polls of an asset that are missing; each start of the runtime counts them from 1. */
export function pollsMissing(envelopes: readonly Envelope[]): number {
  const last = new Map<string, number>();
  let missing = 0;
  for (const one of once(envelopes)) {
    if (one.kind !== 'telemetry') continue;
    const asset = one.asset_id ?? '';
    const before = last.get(asset) ?? 0;
    last.set(asset, one.body.poll);
    missing += one.body.poll > before ? one.body.poll - before - 1 : one.body.poll - 1;
  }
  return missing;
}

/** In the order in which the site recorded them, without what came twice. */
function once(envelopes: readonly Envelope[]): readonly Envelope[] {
  const byId = new Map(envelopes.map((one) => [one.message_id, one]));
  return [...byId.values()].toSorted((a, b) => (a.record_id === b.record_id ? a.seq - b.seq : a.ts < b.ts ? -1 : 1));
}

/** How often each alarm was raised and returned, by its id. */
export function alarmsIn(envelopes: readonly Envelope[]): ReadonlyMap<string, { raised: number; returned: number }> {
  const counts = new Map<string, { raised: number; returned: number }>();
  const before = new Map<string, string>();
  for (const one of once(envelopes)) {
    if (one.kind !== 'alarm') continue;
    const { alarm_id, state } = one.body;
    const name = one.asset_id === null ? alarm_id : `${alarm_id} of ${one.asset_id}`;
    // Acknowledging and shelving are told as well; only a change of its cause counts.
    if (before.get(name) === state) continue;
    before.set(name, state);
    const count = counts.get(name) ?? { raised: 0, returned: 0 };
    if (state === 'active') count.raised += 1;
    else count.returned += 1;
    counts.set(name, count);
  }
  return counts;
}
