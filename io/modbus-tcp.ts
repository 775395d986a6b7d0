/**
 * One Modbus TCP connection: one request in flight, every reply checked, dead after the first fault.
 *
 * The socket is dropped after any timeout, so that a late reply can never be taken for a fresh one; FIN and RST reject
 * the pending request at once. Requests are spaced by `requestGapMs`. Transaction ids are 16 bit from a random start.
 */
import { randomInt } from 'node:crypto';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Clock, TimerId } from '../contracts/clock.ts';
import { Fault } from '../contracts/faults.ts';
import type { DeviceAddress, DevicePort, OpenDevice } from '../contracts/ports.ts';
import { decodeReply, encodeRequest, frameLength } from './modbus-frame.ts';
import type { Request } from './modbus-frame.ts';

type Pending = {
  readonly request: Request;
  readonly transaction: number;
  readonly timer: TimerId;
  readonly resolve: (words: readonly number[]) => void;
  readonly reject: (fault: Fault) => void;
};

/** Connections over real sockets, timed by `clock`. */
export function openModbusTcp(clock: Clock): OpenDevice {
  return async (address, signal) => {
    const socket = await connected(address, signal, clock);
    return new ModbusTcpPort(socket, address, clock);
  };
}

function connected({ host, port, timeoutMs }: DeviceAddress, signal: AbortSignal, clock: Clock): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
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

class ModbusTcpPort implements DevicePort {
  readonly #socket: Socket;
  readonly #address: DeviceAddress;
  readonly #clock: Clock;
  #transaction = randomInt(0x1_0000);
  #received: Buffer = Buffer.alloc(0);
  #pending: Pending | undefined;
  #lastReplyAt = Number.NEGATIVE_INFINITY;
  #fault: Fault | undefined;

  constructor(socket: Socket, address: DeviceAddress, clock: Clock) {
    this.#socket = socket;
    this.#address = address;
    this.#clock = clock;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', (error) =>
      this.#die(new Fault('CONNECTION_CLOSED', `the connection failed: ${error.message}`, { cause: error })),
    );
    socket.on('end', () => this.#die(new Fault('CONNECTION_CLOSED')));
    socket.on('close', () => this.#die(new Fault('CONNECTION_CLOSED')));
  }

  read(register: number, count: number): Promise<readonly number[]> {
    return this.#exchange({ functionCode: 3, register, count });
  }

  async write(register: number, words: readonly number[], functionCode: 6 | 16): Promise<void> {
    await this.#exchange({ functionCode, register, words });
  }

  drop(reason: 'stop' | 'close'): void {
    this.#die(new Fault(reason === 'stop' ? 'DROPPED_FOR_STOP' : 'CONNECTION_CLOSED'));
  }

  async #exchange(request: Request): Promise<readonly number[]> {
    const wait = this.#lastReplyAt + this.#address.requestGapMs - this.#clock.now();
    if (wait > 0) await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, wait));
    if (this.#fault) throw this.#fault;
    if (this.#pending) throw new Error('two requests at once on one connection');
    this.#transaction = (this.#transaction + 1) & 0xffff;
    const transaction = this.#transaction;
    const { timeoutMs, unitId } = this.#address;
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimeout(
        () => this.#die(new Fault('TIMEOUT', `no answer within ${timeoutMs} ms`)),
        timeoutMs,
      );
      this.#pending = { request, transaction, timer, resolve, reject };
      this.#socket.write(encodeRequest(transaction, unitId, request));
    });
  }

  #take(chunk: Buffer): void {
    if (this.#fault) return;
    if (!this.#pending) return this.#die(new Fault('BAD_FRAME', 'bytes that no request asked for'));
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    try {
      const length = frameLength(this.#received);
      if (length === undefined || this.#received.length < length) return;
      if (this.#received.length > length) throw new Fault('BAD_FRAME', 'bytes that no request asked for');
      const frame = this.#received;
      this.#received = Buffer.alloc(0);
      this.#settle(frame, this.#pending);
    } catch (error) {
      this.#die(error as Fault);
    }
  }

  #settle(frame: Buffer, pending: Pending): void {
    let words: readonly number[];
    try {
      words = decodeReply(frame, pending.transaction, this.#address.unitId, pending.request);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'DEVICE_EXCEPTION') throw error;
      this.#finish(pending);
      return pending.reject(error);
    }
    this.#finish(pending);
    pending.resolve(words);
  }

  #finish(pending: Pending): void {
    this.#clock.clearTimeout(pending.timer);
    this.#pending = undefined;
    this.#lastReplyAt = this.#clock.now();
  }

  #die(fault: Fault): void {
    if (this.#fault) return;
    this.#fault = fault;
    this.#socket.destroy();
    if (!this.#pending) return;
    const { timer, reject } = this.#pending;
    this.#pending = undefined;
    this.#clock.clearTimeout(timer);
    reject(fault);
  }
}
