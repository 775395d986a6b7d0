/**
 * Modbus TCP server in front of one simulated asset, on modbus-serial: an independent peer for bessd's own transport.
 *
 * Owns its listening socket and its connections. Function codes 3, 6 and 16; what a fault leaves unanswered stays so.
 * While new connections are refused the listening socket is closed, so that a client sees what an unplugged device shows.
 */
import type { Server, Socket } from 'node:net';
import { ServerTCP } from 'modbus-serial';
import { Fault } from '../contracts/faults.ts';
import type { Command, SimulatedAsset } from './asset.ts';
import { handle } from './asset.ts';
import type { Exception } from './device.ts';

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
  readonly stop: () => Promise<void>;
};

const REFUSAL_CHECK_MS = 20;

export async function startModbusServer({
  asset,
  host = '127.0.0.1',
  port,
  singleClient = false,
}: ModbusServerOptions): Promise<ModbusServer> {
  // The package takes 0 for "not given" and then asks for port 502; the text "0" is passed on as it is.
  const server = new ServerTCP(vectorOf(asset), { host, port: (port === 0 ? '0' : port) as number, unitID: 255 });
  // The listening socket has no public name in the package; its exact version is pinned.
  const listener = (server as unknown as { readonly _server: Server })._server;
  await listening(server, `${host}:${port}`);
  const bound = portOf(listener);

  listener.on('connection', (socket: Socket) => {
    socket.setNoDelay(true);
    if (singleClient) for (const other of server.socks.keys()) if (other !== socket) other.destroy();
    asset.faults.connected();
  });
  const forget = asset.faults.onReset(() => {
    for (const socket of server.socks.keys()) socket.resetAndDestroy();
  });
  const watch = setInterval(() => followRefusal(listener, asset.faults.refusing(), bound, host), REFUSAL_CHECK_MS);

  return {
    host,
    port: bound,
    connections: () => server.socks.size,
    async stop() {
      clearInterval(watch);
      forget();
      for (const socket of server.socks.keys()) socket.destroy();
      await new Promise<void>((resolve) => listener.close(() => resolve()));
    },
  };
}

function listening(server: ServerTCP, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('initialized', resolve);
    server.once('serverError', (cause: Error) => {
      reject(
        new Fault('CONNECT_FAILED', `cannot listen on ${address}: ${cause.message}`, { cause, details: { address } }),
      );
    });
  });
}

function portOf(listener: Server): number {
  const address = listener.address();
  return typeof address === 'object' && address ? address.port : 0;
}

function followRefusal(listener: Server, refusing: boolean, port: number, host: string): void {
  if (refusing && listener.listening) listener.close();
  else if (!refusing && !listener.listening) listener.listen({ port, host });
}

type Done<T> = (error: Error | null, value: T) => void;

/** The package tells callbacks from promises by the number of parameters: all four handlers take exactly these. */
function vectorOf(asset: SimulatedAsset): ConstructorParameters<typeof ServerTCP>[0] {
  return {
    getHoldingRegister: (register: number, unitId: number, done: Done<number>) =>
      serve({ op: 'read', register, count: 1, unitId }, (error, words) => done(error, words[0] ?? 0)),
    getMultipleHoldingRegisters: (register: number, count: number, unitId: number, done: Done<number[]>) =>
      serve({ op: 'read', register, count, unitId }, done),
    setRegister: (register: number, value: number, unitId: number, done: (error: Error | null) => void) =>
      serve({ op: 'write', register, words: [value], functionCode: 6, unitId }, done),
    setRegisterArray: (register: number, words: number[], unitId: number, done: (error: Error | null) => void) =>
      serve({ op: 'write', register, words, functionCode: 16, unitId }, done),
  };

  function serve(command: Command, done: Done<number[]>): void {
    handle(asset, command, (result) => {
      if (isException(result))
        done(Object.assign(new Error(`exception ${result.exception}`), { modbusErrorCode: result.exception }), []);
      else done(null, [...result]);
    });
  }
}

function isException(result: readonly number[] | Exception): result is Exception {
  return 'exception' in result;
}
