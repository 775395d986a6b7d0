/**
 * Uplink to Google Cloud Pub/Sub by the official client: a message counts when the service has given it its id.
 *
 * Credentials are those of the machine (`GOOGLE_APPLICATION_CREDENTIALS`, or its service account); with
 * `PUBSUB_EMULATOR_HOST` the client goes to an emulator instead. The attribute `message_id` stays the same when a message
 * is sent again; Pub/Sub itself does not remove duplicates of a publisher, the receiver does.
 */
import { PubSub } from '@google-cloud/pubsub';
import type { Topic } from '@google-cloud/pubsub';
import { Fault } from '../contracts/faults.ts';
import type { UplinkConfig, UplinkMessage, UplinkTarget } from '../contracts/uplink.ts';

type PubsubUplink = Extract<UplinkConfig, { kind: 'pubsub' }>;

const ACK_MS = 20_000;
/** Under the 10 MB and 1000 messages that one request may have. */
const BATCHING = { maxMessages: 500, maxBytes: 5_000_000, maxMilliseconds: 5 };

export async function openPubsub({ projectId, topic }: PubsubUplink, signal: AbortSignal): Promise<UplinkTarget> {
  const client = new PubSub({ projectId });
  const publisher = client.topic(topic, { batching: BATCHING, gaxOpts: { timeout: ACK_MS } });
  const target = {
    publish: (messages: readonly UplinkMessage[]) => publishAll(publisher, messages, signal),
    [Symbol.asyncDispose]: () => client.close(),
  };
  try {
    const [exists] = await inTime(publisher.exists(), signal);
    if (exists) return target;
  } catch (cause) {
    await client.close();
    throw faultOf(cause);
  }
  await client.close();
  throw new Fault('CONNECT_FAILED', `Pub/Sub has no topic ${publisher.name}`);
}

async function publishAll(topic: Topic, messages: readonly UplinkMessage[], signal: AbortSignal): Promise<void> {
  const sent = messages.map(({ id, siteId, kind, assetId, text }) =>
    topic.publishMessage({
      data: Buffer.from(text),
      attributes: { message_id: id, site_id: siteId, kind, ...(assetId === undefined ? {} : { asset_id: assetId }) },
    }),
  );
  try {
    await inTime(Promise.all(sent), signal);
  } catch (cause) {
    throw faultOf(cause);
  }
}

/** The client goes on trying for ten minutes; here the uplink machine decides about that. */
function inTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = setTimeout(() => reject(new Fault('TIMEOUT', 'Pub/Sub does not answer')), ACK_MS);
  const abort = (): void => reject(new Fault('CONNECTION_CLOSED', 'the uplink is ending'));
  signal.addEventListener('abort', abort);
  return Promise.race([work, promise]).finally(() => {
    clearTimeout(late);
    signal.removeEventListener('abort', abort);
  });
}

function faultOf(cause: unknown): Fault {
  if (cause instanceof Fault) return cause;
  return new Fault('CONNECTION_CLOSED', `Pub/Sub: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  });
}
