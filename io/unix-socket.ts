/**
 * The door at the machine itself: a Unix socket with mode 0600, one JSON object a line in both directions.
 *
 *   {"id":1,"name":"status"}                 →  {"id":1,"reply":{"ok":true,"data":…}}
 *   {"id":2,"name":"stop","body":{…}}        →  {"id":2,"reply":…}
 *
 * A `traceparent` beside them makes the command part of that trace.
 *
 * Replies come as they are ready, not in the order of the requests, so a stop never waits. The socket is born in a
 * private folder and moved into place, so that nobody else can open it for a moment; one on which somebody answers is
 * left alone.
 */
import { chmod, lstat, mkdtemp, rename, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import path from 'node:path';
import type { Reply } from '../contracts/commands.ts';
import { Fault, refusal } from '../contracts/faults.ts';
import { MAX_REQUEST_BYTES, decodeRequest } from './bus.ts';

export type SocketOptions = {
  readonly socketPath: string;
  readonly handle: (name: string, body: unknown, traceparent?: string) => Promise<Reply>;
};
export type SocketServer = { readonly address: string; readonly close: () => Promise<void> };

const MAX_CLIENTS = 32;
/** Of a socket's address in the kernel, with its final zero. */
const MAX_PATH_BYTES = 107;
const NEWLINE = 10;

export async function listenUnixSocket({ socketPath, handle }: SocketOptions): Promise<SocketServer> {
  await assertFree(socketPath);
  const clients = new Set<Socket>();
  const server = createServer((socket) => {
    clients.add(socket);
    socket.on('close', () => clients.delete(socket));
    converse(socket, handle);
  });
  server.maxConnections = MAX_CLIENTS;
  await listenPrivately(server, socketPath);
  const { ino } = await lstat(socketPath);
  return {
    address: socketPath,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of clients) socket.destroy();
      await closed;
      // Another incarnation may have put its own socket there meanwhile.
      const found = await lstat(socketPath).catch(() => undefined);
      if (found?.ino === ino) await rm(socketPath, { force: true });
    },
  };
}

function converse(socket: Socket, handle: SocketOptions['handle']): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      const line = rest.subarray(0, end);
      rest = rest.subarray(end + 1);
      if (line.length > 0) void answer(line, socket, handle);
    }
    if (rest.length <= MAX_REQUEST_BYTES) return;
    send(socket, null, refusal('BAD_REQUEST', `a line has more than ${MAX_REQUEST_BYTES} bytes`));
    socket.end();
  });
}

async function answer(line: Buffer, socket: Socket, handle: SocketOptions['handle']): Promise<void> {
  const decoded = decodeRequest(line);
  if (!decoded.ok) return send(socket, null, decoded);
  const { id, name, body, traceparent } = (decoded.value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof id !== 'number' || typeof name !== 'string') {
    return send(socket, null, refusal('BAD_REQUEST', 'expected {"id": number, "name": text, "body": {…}}'));
  }
  send(socket, id, await handle(name, body ?? {}, typeof traceparent === 'string' ? traceparent : undefined));
}

function send(socket: Socket, id: number | null, reply: Reply): void {
  if (socket.writable) socket.write(`${JSON.stringify({ id, reply })}\n`);
}

async function listenPrivately(server: Server, socketPath: string): Promise<void> {
  const nursery = await mkdtemp(path.join(path.dirname(socketPath), '.bessd-'));
  try {
    const born = path.join(nursery, 's');
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(born, () => resolve());
    });
    await chmod(born, 0o600);
    await rename(born, socketPath);
  } catch (error) {
    server.close();
    throw new Fault('FILE_UNREADABLE', `no socket at ${socketPath}: ${String(error)}`, { cause: error });
  } finally {
    await rm(nursery, { recursive: true, force: true });
  }
}

/** A left-over socket of a killed process may be replaced; a living one, or another kind of file, may not. */
async function assertFree(socketPath: string): Promise<void> {
  if (Buffer.byteLength(socketPath) > MAX_PATH_BYTES) {
    throw new Fault(
      'FILE_UNREADABLE',
      `${socketPath}: expected a path of at most ${MAX_PATH_BYTES} bytes for a socket`,
    );
  }
  const found = await lstat(socketPath).catch(() => undefined);
  if (!found) return;
  if (!found.isSocket()) throw new Fault('FILE_UNREADABLE', `${socketPath} is there and is not a socket`);
  if (await answers(socketPath)) {
    throw new Fault('CONNECT_FAILED', `${socketPath} is answered by another running site; two of one id must not run`);
  }
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    const end = (alive: boolean): void => {
      socket.destroy();
      resolve(alive);
    };
    socket.setTimeout(1000, () => end(true)); // connected to something that hangs: still somebody's
    socket.on('connect', () => end(true));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => end(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}
