/**
 * Ways to a simulated plant that speak RTU: a serial line (a pseudo-terminal), and a gateway that passes RTU frames over
 * TCP. Both hand every request on to the plant's own Modbus TCP port, one after the other, and can fall silent.
 */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { terminalTo } from '../io/pseudo-terminal.ts';
import { sealed } from '../io/rtu-slave.ts';

export type Way = AsyncDisposable & {
  /** The plant's port; nothing is passed on before it is known. */
  plantPort: number;
  /** Requests are swallowed, as by a cable that is cut. */
  silent: boolean;
  /** How many requests have come. */
  requests: number;
};

export async function serialLine(): Promise<Way & { readonly path: string }> {
  const passing = passOn((bytes) => terminal.say(bytes));
  const terminal = await terminalTo(passing.take);
  return Object.assign(passing.way, {
    path: terminal.path,
    [Symbol.asyncDispose]: async () => {
      passing.close();
      await terminal[Symbol.asyncDispose]();
    },
  });
}

export async function rtuGateway(): Promise<Way & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const passing = passOn((bytes) => sockets.forEach((socket) => socket.write(bytes)));
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('data', passing.take);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(passing.way, {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      passing.close();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

type Passing = {
  readonly way: Omit<Way, typeof Symbol.asyncDispose>;
  readonly take: (bytes: Buffer) => void;
  readonly close: () => void;
};

function passOn(say: (bytes: Buffer) => void): Passing {
  const way = { plantPort: 0, silent: false, requests: 0 };
  let received: Buffer = Buffer.alloc(0);
  let plant: Socket | undefined;
  return {
    way,
    close: () => plant?.destroy(),
    take(bytes) {
      received = Buffer.concat([received, bytes]);
      for (;;) {
        const length = received[1] === 16 ? 9 + (received[6] ?? 255) : 8;
        if (received.length < length) return;
        const request = received.subarray(0, length);
        received = received.subarray(length);
        way.requests += 1;
        if (!way.silent) toPlant(request);
      }
    },
  };

  /** The request between address and checksum, with the header of Modbus TCP in its place. */
  function toPlant(request: Buffer): void {
    plant ??= connected();
    const header = Buffer.alloc(6);
    header.writeUInt16BE(request.length - 2, 4);
    plant.write(Buffer.concat([header, request.subarray(0, -2)]));
  }

  function connected(): Socket {
    const socket = connect(way.plantPort, '127.0.0.1');
    let answers: Buffer = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      answers = Buffer.concat([answers, bytes]);
      while (answers.length >= 6 && answers.length >= 6 + answers.readUInt16BE(4)) {
        const end = 6 + answers.readUInt16BE(4);
        say(sealed([...answers.subarray(6, end)]));
        answers = answers.subarray(end);
      }
    });
    socket.on('error', () => undefined);
    return socket;
  }
}
