/**
 * One Modbus TCP connection: one request in flight, every reply checked, dead after the first fault.
 *
 * The wire is dropped after any timeout, so that a late reply can never be taken for a fresh one; its end rejects the
 * pending request at once. Requests are spaced by `requestGapMs`. Transaction ids are 16 bit from a random start.
 */
import { randomInt } from 'node:crypto';
import type { Clock, TimerId } from '../contracts/clock.ts';
import { Fault } from '../contracts/faults.ts';
import type { DeviceAddress, DevicePort, RegisterSpace } from '../contracts/ports.ts';
import { decodeReply, encodeRequest, frameLength } from './modbus-frame.ts';
import { READS } from './modbus-pdu.ts';
import type { Request } from './modbus-pdu.ts';

/** What a socket does here: bytes out, and an end. `writableLength`: bytes that it still holds. */
type Wire = {
  readonly write: (bytes: Buffer) => unknown;
  readonly destroy: () => unknown;
  readonly writableLength: number;
};

type Pending = {
  readonly request: Request;
  readonly unitId: number;
  readonly transaction: number;
  readonly deadlineMs: number;
  readonly resolve: (words: readonly number[]) => void;
  readonly reject: (fault: Fault) => void;
};

export class ModbusTcpPort implements DevicePort {
  readonly #wire: Wire;
  readonly #address: DeviceAddress;
  readonly #clock: Clock;
  #transaction = randomInt(0x1_0000);
  #frame: Buffer | undefined;
  /** The beginning of a frame of which more must come. */
  #partial: Buffer | undefined;
  #pending: Pending | undefined;
  /** Looks at the deadline; left running from request to request, since to arm one for each costs more than the check. */
  #watch: TimerId | undefined;
  #lastReplyAtMs = Number.NEGATIVE_INFINITY;
  #fault: Fault | undefined;

  constructor(wire: Wire, address: DeviceAddress, clock: Clock) {
    this.#wire = wire;
    this.#address = address;
    this.#clock = clock;
  }

  read(
    register: number,
    count: number,
    space: RegisterSpace = 'holding',
    unitId = this.#address.unitId,
  ): Promise<readonly number[]> {
    return this.#exchange({ functionCode: READS[space], register, count }, unitId);
  }

  async write(register: number, words: readonly number[], functionCode: 6 | 16): Promise<void> {
    await this.#exchange({ functionCode, register, words }, this.#address.unitId);
  }

  drop(reason: 'stop' | 'close'): void {
    this.die(new Fault(reason === 'stop' ? 'DROPPED_FOR_STOP' : 'CONNECTION_CLOSED'));
  }

  /** `length` bytes have come; they are read before this returns, the buffer may be used again. */
  take(bytes: Buffer, length: number): void {
    if (this.#fault) return;
    const pending = this.#pending;
    if (!pending) return this.die(new Fault('BAD_FRAME', 'bytes that no request asked for'));
    try {
      const words = this.#reply(bytes, length, pending);
      if (!words) return;
      this.#finish();
      pending.resolve(words);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.code !== 'DEVICE_EXCEPTION') return this.die(error);
      this.#finish();
      pending.reject(error);
    }
  }

  /** The wire is dropped; whoever waits, and whoever asks later, gets `fault`. */
  die(fault: Fault): void {
    if (this.#fault) return;
    this.#fault = fault;
    this.#wire.destroy();
    this.#clock.clearTimeout(this.#watch);
    this.#partial = undefined;
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.reject(fault);
  }

  #exchange(request: Request, unitId: number): Promise<readonly number[]> {
    const { requestGapMs } = this.#address;
    if (requestGapMs === 0) return this.#send(request, unitId, this.#clock.now());
    const nowMs = this.#clock.now();
    const waitMs = this.#lastReplyAtMs + requestGapMs - nowMs;
    if (waitMs <= 0) return this.#send(request, unitId, nowMs);
    return new Promise<void>((resolve) => this.#clock.setTimeout(resolve, waitMs)).then(() =>
      this.#send(request, unitId, this.#clock.now()),
    );
  }

  #send(request: Request, unitId: number, nowMs: number): Promise<readonly number[]> {
    return new Promise((resolve, reject) => {
      if (this.#fault) return reject(this.#fault);
      if (this.#pending) return reject(new Error('two requests at once on one connection'));
      const { timeoutMs } = this.#address;
      const transaction = (this.#transaction + 1) & 0xffff;
      // The frame before may be overwritten only once every byte of it has gone out.
      const spare = this.#wire.writableLength === 0 ? this.#frame : undefined;
      const frame = encodeRequest(transaction, unitId, request, spare);
      this.#frame = frame;
      this.#transaction = transaction;
      this.#pending = { request, unitId, transaction, deadlineMs: nowMs + timeoutMs, resolve, reject };
      this.#watch ??= this.#clock.setTimeout(() => this.#look(), timeoutMs);
      this.#wire.write(frame);
    });
  }

  #look(): void {
    this.#watch = undefined;
    if (!this.#pending) return;
    const leftMs = this.#pending.deadlineMs - this.#clock.now();
    if (leftMs > 0) this.#watch = this.#clock.setTimeout(() => this.#look(), leftMs);
    else this.die(new Fault('TIMEOUT', `no answer within ${this.#address.timeoutMs} ms`));
  }

  /** The words of the reply, once it is whole. */
  #reply(chunk: Buffer, chunkLength: number, { transaction, unitId, request }: Pending): readonly number[] | undefined {
    const begun = this.#partial;
    const bytes = begun ? Buffer.concat([begun, chunk.subarray(0, chunkLength)]) : chunk;
    const length = begun ? bytes.length : chunkLength;
    const whole = frameLength(bytes, length);
    if (whole === undefined || length < whole) {
      this.#partial = begun ? bytes : Buffer.from(chunk.subarray(0, chunkLength));
      return undefined;
    }
    if (length > whole) throw new Fault('BAD_FRAME', 'bytes that no request asked for');
    this.#partial = undefined;
    return decodeReply(bytes, transaction, unitId, request, whole);
  }

  #finish(): void {
    this.#pending = undefined;
    if (this.#address.requestGapMs > 0) this.#lastReplyAtMs = this.#clock.now();
  }
}
