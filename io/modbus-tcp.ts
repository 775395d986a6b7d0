/**
 * Modbus TCP: opening a connection, and handing the bytes of its socket to the port that judges them.
 *
 * The socket reads into one small buffer of its own, again and again: a reply is decoded where it lies.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Clock } from '../contracts/clock.ts';
import { Fault } from '../contracts/faults.ts';
import type { DeviceAddress, OpenDevice } from '../contracts/ports.ts';
import { ModbusTcpPort } from './modbus-tcp-port.ts';

/** Nearly two of the longest frames (260 bytes): what stands behind a reply is seen together with it. */
const READ_BUFFER_BYTES = 512;

/** Where a socket puts what it reads; nobody listens before the connection is made. */
export type Inbox = { take: (bytes: Buffer, length: number) => void };

/** Connections over real sockets, timed by `clock`. */
export function openModbusTcp(clock: Clock): OpenDevice {
  return async (address, signal) => {
    const inbox: Inbox = { take: () => {} };
    const socket = await connected(address, signal, clock, inbox);
    const port = new ModbusTcpPort(socket, address, clock);
    inbox.take = (bytes, length) => port.take(bytes, length);
    socket.on('error', (error) =>
      port.die(new Fault('CONNECTION_CLOSED', `the connection failed: ${error.message}`, { cause: error })),
    );
    socket.on('end', () => port.die(new Fault('CONNECTION_CLOSED')));
    socket.on('close', () => port.die(new Fault('CONNECTION_CLOSED')));
    return port;
  };
}

/** A connection that puts what comes into `inbox`; dropped and rejected with CONNECT_FAILED when it takes too long. */
export function connected(
  { host, port, timeoutMs }: DeviceAddress,
  signal: AbortSignal,
  clock: Clock,
  inbox: Inbox,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
    const onread = {
      buffer,
      callback: (length: number): boolean => {
        inbox.take(buffer, length);
        return true;
      },
    };
    const socket = connect({ host, port, noDelay: true, onread });
    const fail = (error: Error): void => {
      clock.clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      reject(new Fault('CONNECT_FAILED', `no connection to ${host}:${port}: ${error.message}`, { cause: error }));
    };
    const timer = clock.setTimeout(() => fail(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const onAbort = (): void => fail(new Error('given up'));
    socket.once('error', fail);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) return onAbort();
    socket.once('connect', () => {
      clock.clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.removeListener('error', fail);
      resolve(socket);
    });
  });
}
