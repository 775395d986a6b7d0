/**
 * Uplink to NATS JetStream: `Nats-Msg-Id` is the message id, and a message counts when its PubAck has come.
 *
 * The stream is made where the server has none of that name, and left as it is where it has one. The server removes what
 * comes twice within two hours; over longer outages the receiver does, by the same id. Note that a server acknowledges
 * before it syncs its file unless its `sync_interval` is `always`.
 */
import { DiscardPolicy, jetstream, JetStreamApiCodes, JetStreamApiError, jetstreamManager } from '@nats-io/jetstream';
import { RetentionPolicy, StorageType } from '@nats-io/jetstream';
import type { JetStreamClient } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { Fault } from '../contracts/faults.ts';
import type { UplinkConfig, UplinkMessage, UplinkTarget } from '../contracts/uplink.ts';
import { dial, withoutCredentials } from './bus-nats.ts';

type NatsUplink = Extract<UplinkConfig, { kind: 'nats' }>;

const ACK_MS = 10_000;
const NS_PER_MS = 1_000_000;
const DUPLICATES_MS = 2 * 3_600_000;

export async function openJetstream(config: NatsUplink, signal: AbortSignal): Promise<UplinkTarget> {
  const connection = await connected(config);
  const drop = (): void => void connection.close();
  signal.addEventListener('abort', drop);
  const target = {
    publish: async (messages: readonly UplinkMessage[]) => {
      await Promise.all(messages.map((message) => publishOne(client, message)));
    },
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', drop);
      await connection.close();
    },
  };
  const client = jetstream(connection, { timeout: ACK_MS });
  try {
    await ensureStream(connection, config);
    return target;
  } catch (error) {
    await connection.close();
    throw faultOf(error);
  }
}

/** `bess.<site>.uplink.<kind>[.<asset>]`, apart from the subjects of the live bus. */
export function uplinkSubject({ siteId, kind, assetId }: UplinkMessage): string {
  return `bess.${siteId}.uplink.${kind}${assetId === undefined ? '' : `.${assetId}`}`;
}

async function connected({ url, id }: NatsUplink): Promise<NatsConnection> {
  try {
    // The uplink machine reconnects, so that a lost connection is one state and not two.
    return await dial(url, `bessd uplink ${id}`, { reconnect: false });
  } catch (cause) {
    throw new Fault('CONNECT_FAILED', `no connection to ${withoutCredentials(url)}: ${messageOf(cause)}`, { cause });
  }
}

async function ensureStream(connection: NatsConnection, config: NatsUplink): Promise<void> {
  const manager = await jetstreamManager(connection, { timeout: ACK_MS });
  try {
    await manager.streams.info(config.stream);
    return;
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== JetStreamApiCodes.StreamNotFound) throw error;
  }
  await manager.streams.add({
    name: config.stream,
    subjects: ['bess.*.uplink.>'],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_bytes: config.maxBytes,
    max_age: config.maxAgeHours * 3_600_000 * NS_PER_MS,
    max_msg_size: 1_000_000,
    duplicate_window: Math.min(DUPLICATES_MS, config.maxAgeHours * 3_600_000) * NS_PER_MS,
  });
}

async function publishOne(client: JetStreamClient, message: UplinkMessage): Promise<void> {
  try {
    await client.publish(uplinkSubject(message), message.text, { msgID: message.id, timeout: ACK_MS });
  } catch (error) {
    throw faultOf(error);
  }
}

function faultOf(cause: unknown): Fault {
  return cause instanceof Fault ? cause : new Fault('CONNECTION_CLOSED', `JetStream: ${messageOf(cause)}`, { cause });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
