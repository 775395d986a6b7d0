/** The uplink to Pub/Sub: the official client against a server of the official proto, found as an emulator is. */
// deadline: 60 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { envelopeSchema, uplinkSchema } from '../../contracts/uplink.ts';
import { openPubsub } from '../../io/uplink-pubsub.ts';
import { audit, event, folder, openStore, telemetry } from '../io/record-support.ts';
import { pubsubServer } from './pubsub-server.ts';
import { startUplink, until } from './uplink-support.ts';

const server = await pubsubServer();
process.env['PUBSUB_EMULATOR_HOST'] = server.host;

test('every report arrives with its id as an attribute; what was not acknowledged comes again under the same id', async () => {
  using home = folder();
  const store = openStore(home.dir);
  store.append(Array.from({ length: 300 }, (_, seq) => telemetry(seq)));
  store.append([event(1), audit(1)]);
  server.failNext = 1;
  await using uplink = startUplink(home.dir, (signal) => openPubsub(config('fleet'), signal));
  await until(() => distinct() === 302, 'every report');
  await until(() => uplink.reports.at(-1)?.outbox === 0, 'acknowledged');
  assert.ok(server.received.length > 302, 'what was refused came twice');
  for (const { id, text } of server.received) assert.is(envelopeSchema.parse(JSON.parse(text)).message_id, id);
  store.close();
});

test('a topic that does not exist is a fault that names it', async () => {
  try {
    await openPubsub(config('nowhere'), new AbortController().signal);
    assert.unreachable();
  } catch (error) {
    assert.match(String(error), 'projects/acme/topics/nowhere');
  }
});

test.after(async () => await server[Symbol.asyncDispose]());
test.run();

function config(topic: string) {
  const uplink = uplinkSchema.parse({ kind: 'pubsub', id: 'gcp', projectId: 'acme', topic });
  if (uplink.kind !== 'pubsub') throw new Error('not reached');
  return uplink;
}

function distinct(): number {
  return new Set(server.received.map(({ id }) => id)).size;
}
