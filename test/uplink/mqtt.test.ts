/** The uplink to a real Mosquitto over TLS: topics, QoS 1, certificates, a broker that goes and comes. */
// deadline: 120 s
import { readFileSync } from 'node:fs';
import { connectAsync } from 'mqtt';
import type { MqttClient } from 'mqtt';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Fault } from '../../contracts/faults.ts';
import { envelopeSchema, uplinkSchema } from '../../contracts/uplink.ts';
import type { UplinkConfig } from '../../contracts/uplink.ts';
import { openMqtt } from '../../io/uplink-mqtt.ts';
import { alarm, audit, commandEvent, event, folder, openStore, telemetry } from '../io/record-support.ts';
import { mosquitto } from './mosquitto.ts';
import { startUplink, until } from './uplink-support.ts';

type MqttUplink = Extract<UplinkConfig, { kind: 'mqtt' }>;

const disk = folder();
const broker = await mosquitto(disk.dir);
if (broker === undefined) console.log('SKIPPED: Mosquitto and openssl are needed (apt-get install mosquitto openssl)');
else {
  const { url, caFile, certFile, keyFile } = broker;

  for (const version of ['3.1.1', '5'] as const) {
    test(`MQTT ${version} over TLS: every report arrives on its topic, also when the broker is killed on the way`, async () => {
      using home = folder();
      const store = openStore(home.dir);
      const seen = new Map<string, string>();
      let subscriber = await subscribe(seen);
      store.append(Array.from({ length: 500 }, (_, seq) => telemetry(seq)));
      store.append([event(1), commandEvent(2), alarm(3), audit(4)]);
      await using uplink = startUplink(home.dir, (signal) => openMqtt(config({ version }), 'SITE-1', signal));
      await until(() => seen.size > 100, 'the first messages');
      await broker.kill();
      await subscriber.endAsync(true);
      store.append([telemetry(501)]);
      await broker.start();
      subscriber = await subscribe(seen);
      await until(() => uplink.reports.at(-1)?.state === 'online', 'online again');
      store.append([telemetry(502)]);
      await until(() => [...seen.keys()].some((id) => id.endsWith(':502')), 'a live report');
      const topics = new Set(seen.values());
      assert.equal([...topics].toSorted(), [
        'SITE-1/ai/dispatch',
        'SITE-1/alarms',
        'SITE-1/audit',
        'SITE-1/events',
        'SITE-1/telemetry',
      ]);
      // Between the kill and the new subscription nobody listened: the broker acknowledged, and the record knows.
      const missing = uplink.reports.at(-1)?.outbox;
      assert.is(missing, 0);
      await subscriber.endAsync(true);
      store.close();
    });
  }

  test('a broker whose certificate is of another authority is not spoken to', async () => {
    const fault = await faultOf(openMqtt(config({ caFile: undefined }), 'SITE-1', new AbortController().signal));
    assert.is(fault.code, 'CONNECT_FAILED');
    assert.match(fault.message, 'certificate');
  });

  test('a broker that wants a certificate refuses a site without one', async () => {
    const bare = config({ certFile: undefined, keyFile: undefined });
    const target = await openMqtt(bare, 'SITE-1', new AbortController().signal).catch((error: unknown) => error);
    assert.instance(target, Fault);
  });

  test('plain MQTT to another machine is refused in the site file', () => {
    assert.ok(uplinkSchema.safeParse({ kind: 'mqtt', id: 'a', url: 'mqtt://127.0.0.1:1883' }).success);
    assert.not.ok(uplinkSchema.safeParse({ kind: 'mqtt', id: 'a', url: 'mqtt://broker.example:1883' }).success);
  });

  test.after(async () => {
    await broker[Symbol.asyncDispose]();
    disk[Symbol.dispose]();
  });
  test.run();

  function config(change: Partial<MqttUplink> = {}): MqttUplink {
    const uplink = uplinkSchema.parse({ kind: 'mqtt', id: 'mq', url, caFile, certFile, keyFile });
    if (uplink.kind !== 'mqtt') throw new Error('not reached');
    return { ...uplink, ...change };
  }

  async function subscribe(seen: Map<string, string>): Promise<MqttClient> {
    const client = await connectAsync(url, {
      protocolVersion: 5,
      ca: readFileSync(caFile),
      cert: readFileSync(certFile),
      key: readFileSync(keyFile),
      reconnectPeriod: 0,
    });
    client.on('error', () => undefined);
    client.on('message', (topic, payload) => {
      if (topic.endsWith('/heartbeat')) return;
      const envelope = envelopeSchema.parse(JSON.parse(payload.toString()));
      seen.set(envelope.message_id, topic);
    });
    await client.subscribeAsync('SITE-1/#', { qos: 1 });
    return client;
  }
}

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const fault = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (fault instanceof Fault) return fault;
  throw new Error(`a fault was expected, not ${String(fault)}`);
}
