/**
 * Modbus TCP server in front of one simulated asset.
 *
 * Owns its listening socket and its connections. Function codes 3, 6 and 16; what a fault leaves unanswered stays so. A
 * header that cannot be ends the connection; a request that cannot be is refused before anything sees it.
 * While new connections are refused the listening socket is closed, so that a client sees what an unplugged device shows.
 */
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { Fault } from '../contracts/faults.ts';
import { frameLength } from '../io/modbus-frame.ts';
import { encodeException, encodeReply, readRequest } from '../io/modbus-request.ts';
import type { SimulatedAsset } from './asset.ts';
import { handle } from './asset.ts';
import { replyLine } from './reply-line.ts';
import type { ReplyLine } from './reply-line.ts';
import type { Late } from './wire.ts';

export type ModbusServerOptions = {
  readonly asset: SimulatedAsset;
  readonly host?: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** A new connection closes the older one, as Huawei's dongle does. */
  readonly singleClient?: boolean;
};

export type ModbusServer = {
  readonly host: string;
  readonly port: number;
  readonly connections: () => number;
  /** The asset that answers here now. */
  readonly asset: () => SimulatedAsset;
  /** Puts another one behind this address; open connections are reset, or stay and do not notice. */
  readonly plug: (asset: SimulatedAsset, options?: { readonly keepConnections?: boolean }) => void;
  readonly stop: () => Promise<void>;
};

const REFUSAL_CHECK_MS = 20;

export async function startModbusServer({
  asset: first,
  host = '127.0.0.1',
  port,
  singleClient = false,
}: ModbusServerOptions): Promise<ModbusServer> {
  const sockets = new Set<Socket>();
  const late: Late = [];
  let asset = first;
  const server = createServer({ noDelay: true }, (socket) => {
    if (singleClient || asset.faults.singleClient()) for (const other of sockets) other.destroy();
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // Whoever resets a connection is gone; 'close' follows.
    socket.on('error', () => undefined);
    asset.faults.connected();
    serve(() => asset, socket, replyLine(socket, asset.clock, { faults: () => asset.faults, late }));
  });
  const bound = await listening(server, host, port);
  const reset = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  let forget = asset.faults.onReset(reset);
  const watch = setInterval(() => followRefusal(server, asset.faults.refusing(), bound, host), REFUSAL_CHECK_MS);

  return {
    host,
    port: bound,
    connections: () => sockets.size,
    asset: () => asset,
    plug(other, { keepConnections = false } = {}) {
      forget();
      asset = other;
      forget = asset.faults.onReset(reset);
      if (!keepConnections) reset();
    },
    async stop() {
      clearInterval(watch);
      forget();
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function serve(asset: () => SimulatedAsset, socket: Socket, reply: ReplyLine): void {
  let received: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    try {
      for (let length = frameLength(received); length !== undefined && length <= received.length;) {
        answer(asset(), reply, received.subarray(0, length));
        received = received.subarray(length);
        length = frameLength(received);
      }
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      socket.destroy();
    }
  });
}

function answer(asset: SimulatedAsset, reply: ReplyLine, frame: Buffer): void {
  const asked = readRequest(frame);
  const { request, unitId } = asked;
  if ('exception' in request) return reply(encodeException(asked, request.exception), 'read');
  const { register } = request;
  const command =
    'count' in request
      ? ({ op: 'read', register, count: request.count, unitId } as const)
      : ({ op: 'write', register, words: request.words, functionCode: request.functionCode, unitId } as const);
  handle(asset, command, (result) =>
    reply(
      'exception' in result ? encodeException(asked, result.exception) : encodeReply(asked, request, result),
      command.op,
    ),
  );
}

function listening(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const address = `${host}:${port}`;
      reject(
        new Fault('CONNECT_FAILED', `cannot listen on ${address}: ${cause.message}`, { cause, details: { address } }),
      );
    });
    server.listen({ host, port }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
}

function followRefusal(server: Server, refusing: boolean, port: number, host: string): void {
  if (refusing && server.listening) server.close();
  else if (!refusing && !server.listening) server.listen({ port, host });
}
