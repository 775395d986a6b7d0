/** The uplink to a real JetStream: limits of the stream, acknowledgement, duplicates, a server that goes and comes. */
// deadline: 90 s
import { jetstreamManager } from '@nats-io/jetstream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { envelopeSchema, uplinkSchema } from '../../contracts/uplink.ts';
import { dial } from '../../io/bus-nats.ts';
import { openJetstream } from '../../io/uplink-jetstream.ts';
import { audit, event, folder, openStore, telemetry } from '../io/record-support.ts';
import { natsServer } from './nats-server.ts';
import { startUplink, until } from './uplink-support.ts';

const disk = folder();
const server = await natsServer(disk.dir);
if (server === undefined) console.log('SKIPPED: no nats-server is installed');
else {
  const config = uplinkSchema.parse({ kind: 'nats', id: 'fleet', url: server.url });
  if (config.kind !== 'nats') throw new Error('not reached');

  test('reports reach a stream with limits, once each, also when the server is killed on the way', async () => {
    using home = folder();
    const store = openStore(home.dir);
    store.append(Array.from({ length: 1000 }, (_, seq) => telemetry(seq)));
    store.append([event(1), audit(1)]);
    await using uplink = startUplink(home.dir, (signal) => openJetstream(config, signal));
    await until(async () => ((await stored()) ?? 0) > 200, 'the first messages');
    await server.kill();
    store.append([telemetry(1001)]);
    await server.start();
    await until(async () => (await stored()) === 1003, 'every message, and none twice');
    await uplink.until(() => uplink.reports.at(-1)?.state === 'online', 'online');
    const connection = await dial(server.url, 'test');
    const manager = await jetstreamManager(connection);
    const { config: limits } = await manager.streams.info('BESSD');
    assert.is(limits.max_age, 168 * 3_600_000 * 1e6);
    assert.is(limits.max_bytes, 10_000_000_000);
    assert.is(limits.retention, 'limits');
    assert.is(limits.storage, 'file');
    const one = await manager.streams.getMessage('BESSD', { last_by_subj: 'bess.SITE-1.uplink.telemetry.bess-1' });
    const envelope = envelopeSchema.parse(one?.json());
    assert.is(one?.header.get('Nats-Msg-Id'), envelope.message_id);
    await connection.close();
    store.close();
  });

  test('a stream that is there is left as it is', async () => {
    const target = await openJetstream({ ...config, maxAgeHours: 1 }, new AbortController().signal);
    await target[Symbol.asyncDispose]();
    const connection = await dial(server.url, 'test');
    const { config: limits } = await (await jetstreamManager(connection)).streams.info('BESSD');
    assert.is(limits.max_age, 168 * 3_600_000 * 1e6);
    await connection.close();
  });

  test('a server that is not there is a fault', async () => {
    const nowhere = { ...config, url: 'nats://127.0.0.1:1' };
    try {
      await openJetstream(nowhere, new AbortController().signal);
      assert.unreachable();
    } catch (error) {
      assert.match(String(error), 'no connection to nats://127.0.0.1:1');
    }
  });

  test.after(async () => {
    await server[Symbol.asyncDispose]();
    disk[Symbol.dispose]();
  });
  test.run();

  async function stored(): Promise<number | undefined> {
    try {
      const connection = await dial(server?.url ?? '', 'count', { reconnect: false });
      try {
        const { state } = await (await jetstreamManager(connection)).streams.info('BESSD');
        return state.messages;
      } finally {
        await connection.close();
      }
    } catch {
      return undefined; // killed, or not there yet
    }
  }
}
