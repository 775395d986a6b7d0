/**
 * The HTTP interface of a site: one fastify on a loopback address.
 *
 * Invariant: every answer but pages, metrics and health is `{ok, …}`, also for paths, methods and bodies that nobody
 * foresaw; a request that the guard turns away reaches no route.
 */
import swagger from '@fastify/swagger';
import fastify from 'fastify';
import type { FastifyError, FastifyInstance } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import type { AddressInfo } from 'node:net';
import type { Origin, Reply } from '../contracts/commands.ts';
import { Fault, refusal } from '../contracts/faults.ts';
import type { Log } from '../contracts/log-events.ts';
import { MAX_REQUEST_BYTES } from './bus.ts';
import { addCommandRoutes } from './http-commands.ts';
import { refuseForeign } from './http-guard.ts';
import { addReadRoutes } from './http-reads.ts';
import type { Reads } from './http-reads.ts';

export type HttpOptions = {
  readonly host: string;
  readonly port: number;
  /** Try the following ports when this one is taken. */
  readonly anyPort: boolean;
  readonly version: string;
  readonly handle: (name: string, body: unknown, origin: Origin, traceparent?: string) => Promise<Reply>;
  readonly reads: Reads;
  readonly log: Log;
};

export type Listening = { readonly address: string; readonly close: () => Promise<void> };

const PORTS_TRIED = 50;
const BODY_ERRORS: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: `the body has more than ${MAX_REQUEST_BYTES} bytes`,
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'content-type: expected application/json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'content-length: does not fit the body',
};

export async function listenHttp(options: HttpOptions): Promise<Listening> {
  const last = options.anyPort ? Math.min(options.port + PORTS_TRIED, 65_535) : options.port;
  for (let port = options.port; ; port += 1) {
    const app = await createHttpApp(options);
    try {
      await app.listen({ host: options.host, port });
      app.server.maxConnections = 256;
      return { address: addressOf(app, options.host), close: () => app.close() };
    } catch (error) {
      await app.close();
      const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (taken && port < last) continue;
      throw new Fault(
        'CONNECT_FAILED',
        taken ? `port ${port} of ${options.host} is taken by another program` : String(error),
        { cause: error },
      );
    }
  }
}

/** The application without a socket; tests inject requests into it. */
export async function createHttpApp({ version, handle, reads, log }: HttpOptions): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit: MAX_REQUEST_BYTES,
    requestTimeout: 10_000,
    connectionTimeout: 15_000,
    keepAliveTimeout: 5000,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 200 },
  });
  app.removeContentTypeParser('text/plain');
  // The desk checks bodies, for every way in alike; the schemas of the routes are their description.
  app.setValidatorCompiler(() => (value: unknown) => ({ value }));
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.addHook('onRequest', async (request, response) => {
    const refused = refuseForeign(request, request.socket.localPort ?? 0);
    if (refused) await response.code(403).send(refused);
  });
  app.addHook('onSend', async (_request, response) => {
    response.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
  });
  app.setNotFoundHandler((request, response) =>
    response
      .code(404)
      .send(
        refusal('BAD_REQUEST', `${request.method} ${request.url.slice(0, 200)}: no such endpoint; see /openapi.json`),
      ),
  );
  app.setErrorHandler((error: FastifyError, request, response) => {
    const status = error.statusCode ?? 500;
    if (status < 500)
      return response.code(status).send(refusal('BAD_REQUEST', BODY_ERRORS[error.code] ?? error.message));
    log('http_failed', {
      method: request.method,
      path: request.url.slice(0, 200),
      why: error.stack ?? error.message,
    });
    return response.code(status).send(refusal('NOT_READY', 'this request failed inside bessd; its log says why'));
  });
  await app.register(swagger, {
    openapi: { info: { title: 'bessd', version, description: 'One battery storage site' } },
    transform: jsonSchemaTransform,
  });
  await app.register(async (scope) => {
    addCommandRoutes(scope, handle);
    addReadRoutes(scope, reads);
    scope.get('/openapi.json', { schema: { summary: 'This description' } }, () => app.swagger());
  });
  return app;
}

function addressOf(app: FastifyInstance, host: string): string {
  const { port } = app.server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
