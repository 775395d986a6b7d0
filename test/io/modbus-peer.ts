/** A raw TCP server of the test that answers with exactly the bytes it is told to, and records what it was sent. */
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { DevicePort } from '../../contracts/ports.ts';
import { openModbusTcp } from '../../io/modbus-tcp.ts';
import { systemClock } from '../../supervisor/clock.ts';

export type Answer = (request: Buffer, socket: Socket) => void;

export type Peer = {
  readonly port: number;
  /** Requests with the time at which they came. */
  readonly requests: { readonly bytes: Buffer; readonly atMs: number }[];
  answer: Answer;
  readonly open: (more?: {
    timeoutMs?: number;
    requestGapMs?: number;
    unitId?: number;
    signal?: AbortSignal;
  }) => Promise<DevicePort>;
  readonly sockets: () => number;
  readonly stop: () => Promise<void>;
};

export async function startPeer(answer: Answer = () => {}): Promise<Peer> {
  const sockets = new Set<Socket>();
  const ports: DevicePort[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (bytes) => {
      peer.requests.push({ bytes, atMs: performance.now() });
      peer.answer(bytes, socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const peer: Peer = {
    port,
    requests: [],
    answer,
    sockets: () => sockets.size,
    async open({ timeoutMs = 1000, requestGapMs = 0, unitId = 1, signal = new AbortController().signal } = {}) {
      const opened = await openModbusTcp(systemClock)(
        { host: '127.0.0.1', port, unitId, timeoutMs, requestGapMs },
        signal,
      );
      ports.push(opened);
      return opened;
    },
    async stop() {
      for (const opened of ports) opened.drop('close');
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return peer;
}

/** A correct reply to a read, or the echo of a write. */
export function goodReply(request: Buffer, words: readonly number[] = []): Buffer {
  const functionCode = request.readUInt8(7);
  if (functionCode !== 3) return frameOf(request.readUInt16BE(0), 0, 1, [...request.subarray(7, 12)]);
  const data = words.flatMap((word) => [word >> 8, word & 0xff]);
  return frameOf(request.readUInt16BE(0), 0, 1, [3, data.length, ...data]);
}

export function frameOf(
  transaction: number,
  protocol: number,
  unitId: number,
  pdu: readonly number[],
  length = pdu.length + 1,
): Buffer {
  const frame = Buffer.alloc(7 + pdu.length);
  frame.writeUInt16BE(transaction & 0xffff, 0);
  frame.writeUInt16BE(protocol, 2);
  frame.writeUInt16BE(length, 4);
  frame.writeUInt8(unitId, 6);
  frame.set(pdu, 7);
  return frame;
}
