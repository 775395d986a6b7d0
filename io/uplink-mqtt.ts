/**
 * Uplink over MQTT 3.1.1 or 5, QoS 1: a message counts when its PUBACK has come. TLS unless the broker is on this machine.
 *
 * Topics: `<site>/telemetry`, `/safety` (blocks, trips, E-stop), `/ai/ids` (anomalies), `/ai/dispatch` (orders), `/events`,
 * `/alarms`, `/audit`, and `/system/heartbeat` every 5 s, which the broker itself sets to offline when the site is gone.
 * QoS 1 may deliver twice: the receiver removes duplicates by `message_id`, which MQTT 5 also carries as a user property.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'mqtt';
import type { IClientOptions, IConnackPacket, MqttClient } from 'mqtt';
import { Fault } from '../contracts/faults.ts';
import type { UplinkConfig, UplinkMessage, UplinkTarget } from '../contracts/uplink.ts';

type MqttUplink = Extract<UplinkConfig, { kind: 'mqtt' }>;

const CONNECT_MS = 10_000;
const ACK_MS = 15_000;
const HEARTBEAT_MS = 5000;
/** Unacknowledged messages at once, where the broker does not ask for fewer. */
const IN_FLIGHT = 100;

export async function openMqtt(config: MqttUplink, siteId: string, signal: AbortSignal): Promise<UplinkTarget> {
  const { client, inFlight } = await connected(config, siteId);
  const lost = lossOf(client);
  const drop = (): void => void client.end(true);
  signal.addEventListener('abort', drop);
  const beat = (): void => {
    client.publish(`${siteId}/system/heartbeat`, heartbeat(siteId, true), { qos: 1, retain: true }, () => undefined);
  };
  beat();
  const beating = setInterval(beat, HEARTBEAT_MS);
  return {
    publish: (messages) => Promise.race([publishAll(client, messages, inFlight), lost]),
    async [Symbol.asyncDispose]() {
      clearInterval(beating);
      signal.removeEventListener('abort', drop);
      await client.endAsync(true);
    },
  };
}

export function topicOf({ siteId, kind, eventKind }: UplinkMessage): string {
  switch (kind) {
    case 'telemetry':
    case 'audit':
      return `${siteId}/${kind}`;
    case 'alarm':
      return `${siteId}/alarms`;
    case 'event':
      return `${siteId}/${EVENT_TOPICS[eventKind ?? ''] ?? 'events'}`;
  }
}

const EVENT_TOPICS: Readonly<Record<string, string>> = {
  safety_block: 'safety',
  trip: 'safety',
  estop: 'safety',
  anomaly: 'ai/ids',
  command: 'ai/dispatch',
};

type Connected = { readonly client: MqttClient; readonly inFlight: number };

async function connected(config: MqttUplink, siteId: string): Promise<Connected> {
  const { url, version, username, passwordFile, caFile, certFile, keyFile } = config;
  const options: IClientOptions = {
    protocolVersion: version === '5' ? 5 : 4,
    clientId: `bessd-${siteId}-${config.id}`,
    clean: true,
    // The uplink machine reconnects, so that a lost connection is one state and not two.
    reconnectPeriod: 0,
    connectTimeout: CONNECT_MS,
    keepalive: 30,
    resubscribe: false,
    will: { topic: `${siteId}/system/heartbeat`, payload: Buffer.from(heartbeat(siteId, false)), qos: 1, retain: true },
    ...(username ? { username } : {}),
    ...(passwordFile ? { password: contentOf(passwordFile).toString('utf8').trim() } : {}),
    ...(caFile ? { ca: contentOf(caFile) } : {}),
    ...(certFile ? { cert: contentOf(certFile) } : {}),
    ...(keyFile ? { key: contentOf(keyFile) } : {}),
  };
  const client = connect(url, options);
  return await new Promise((resolve, reject) => {
    const failed = (cause?: Error): void => {
      client.end(true);
      reject(
        new Fault('CONNECT_FAILED', `no connection to ${new URL(url).host}: ${cause?.message ?? 'closed'}`, { cause }),
      );
    };
    client.once('error', failed);
    client.once('close', failed);
    client.once('connect', ({ properties }: IConnackPacket) => {
      client.removeListener('error', failed);
      client.removeListener('close', failed);
      resolve({ client, inFlight: Math.min(IN_FLIGHT, properties?.receiveMaximum ?? IN_FLIGHT) });
    });
  });
}

/** Rejects when the connection is gone; nobody needs to wait for it. */
function lossOf(client: MqttClient): Promise<never> {
  const lost = new Promise<never>((_resolve, reject) => {
    client.on('error', (cause) => reject(new Fault('CONNECTION_CLOSED', `MQTT: ${cause.message}`, { cause })));
    client.on('close', () => reject(new Fault('CONNECTION_CLOSED', 'the MQTT broker closed the connection')));
  });
  lost.catch(() => undefined);
  return lost;
}

/** At most so many at once as the broker takes. */
async function publishAll(client: MqttClient, messages: readonly UplinkMessage[], inFlight: number): Promise<void> {
  const waiting = messages.values();
  const lane = async (): Promise<void> => {
    for (const message of waiting) await publishOne(client, message);
  };
  await Promise.all(Array.from({ length: Math.min(inFlight, messages.length) }, lane));
}

function publishOne(client: MqttClient, message: UplinkMessage): Promise<void> {
  const properties = client.options.protocolVersion === 5 ? { userProperties: { message_id: message.id } } : undefined;
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Fault('TIMEOUT', 'the MQTT broker does not acknowledge')), ACK_MS);
    const options = { qos: 1 as const, ...(properties ? { properties } : {}) };
    client.publish(topicOf(message), message.text, options, (cause) => {
      clearTimeout(late);
      if (cause) reject(new Fault('CONNECTION_CLOSED', `MQTT: ${cause.message}`, { cause }));
      else resolve();
    });
  });
}

function heartbeat(siteId: string, online: boolean): string {
  return JSON.stringify({ site_id: siteId, online, ts: online ? new Date().toISOString() : null });
}

function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new Fault('FILE_UNREADABLE', `${file} cannot be read`, { cause });
  }
}
