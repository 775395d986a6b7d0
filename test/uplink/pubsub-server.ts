/** The publisher side of Pub/Sub, by the official proto that the client ships: what a receiver of ours would see. */
import { createRequire } from 'node:module';
import path from 'node:path';
import { loadPackageDefinition, Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { sendUnaryData, ServerUnaryCall, ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

type Publish = {
  readonly topic: string;
  readonly messages: readonly { readonly data: Buffer; readonly attributes: Record<string, string> }[];
};

export type PubsubServer = AsyncDisposable & {
  readonly host: string;
  readonly received: { readonly id: string; readonly text: string }[];
  /** The next so many requests are carried out, and answered with an error all the same. */
  failNext: number;
};

const TOPIC = 'projects/acme/topics/fleet';

export async function pubsubServer(): Promise<PubsubServer> {
  const client = path.dirname(createRequire(import.meta.url).resolve('@google-cloud/pubsub/package.json'));
  const gax = createRequire(`${client}/`).resolve('google-gax');
  const definition = loadSync('google/pubsub/v1/pubsub.proto', {
    includeDirs: [path.join(client, 'build', 'protos'), path.join(path.dirname(gax), '..', 'protos')],
  });
  const { google } = loadPackageDefinition(definition) as unknown as {
    google: { pubsub: { v1: { Publisher: { service: ServiceDefinition } } } };
  };
  const received: { id: string; text: string }[] = [];
  const server = new Server();
  server.addService(google.pubsub.v1.Publisher.service, {
    GetTopic: (call: ServerUnaryCall<{ topic: string }, unknown>, answer: sendUnaryData<unknown>) =>
      call.request.topic === TOPIC ? answer(null, { name: TOPIC }) : answer({ code: status.NOT_FOUND }),
    Publish: ({ request }: ServerUnaryCall<Publish, unknown>, answer: sendUnaryData<unknown>) => {
      for (const { data, attributes } of request.messages)
        received.push({ id: attributes['message_id'] ?? '', text: data.toString('utf8') });
      self.failNext -= 1;
      if (self.failNext >= 0) answer({ code: status.PERMISSION_DENIED, details: 'told to fail' });
      else answer(null, { messageIds: request.messages.map((_, at) => String(received.length + at)) });
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const self: PubsubServer = {
    host: `127.0.0.1:${port}`,
    received,
    failNext: 0,
    [Symbol.asyncDispose]: async () => server.forceShutdown(),
  };
  return self;
}
