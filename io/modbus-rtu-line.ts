/**
 * One line of Modbus RTU with several units on it: one exchange at a time, in the order in which they were asked for.
 *
 * RTU has no transaction id, so a late reply looks like a fresh one. Therefore a unit that once left a request unanswered
 * is asked for an echo (function 8) before anything else: units answer in order, so what it still owed has come by then.
 * A unit that leaves the echo unanswered as well stays shut out until nothing can be under way any more (LATEST_REPLY_MS).
 * Nobody stops an exchange that is on the line: one whose owner is gone is waited for all the same.
 */
import { randomInt } from 'node:crypto';
import type { Clock, TimerId } from '../contracts/clock.ts';
import { Fault } from '../contracts/faults.ts';
import type { Request } from './modbus-pdu.ts';
import { judgePdu } from './modbus-pdu.ts';
import { answersEcho, encodeEcho, encodeRtuRequest, firstReply } from './modbus-rtu.ts';

/** A serial port, or a connection to a gateway: bytes out, and an end. */
export type ByteLine = {
  readonly write: (bytes: Buffer) => unknown;
  readonly destroy: () => unknown;
  /** Between two frames, ms. */
  readonly silenceMs: number;
};

/** Units that owe a reply, and since when (monotonic ms). */
export type Owing = Map<number, number>;

/** No reply is later than this, where a unit does not answer the echo that would show it. */
export const LATEST_REPLY_MS = 30_000;
/** A frame that stops for so long is broken; adapters and gateways hold bytes back for some 16 ms. */
const BROKEN_AFTER_MS = 100;

/** Undefined: the frame belongs to something else and is passed over. */
type Judge<T> = (frame: Buffer) => T | undefined;

type Exchange = {
  readonly unitId: number;
  readonly bytes: Buffer;
  readonly timeoutMs: number;
  readonly gapMs: number;
  /** Settles the one who asked; true when the frame was the answer. */
  readonly take: (frame: Buffer) => boolean;
  readonly fail: (fault: Fault) => void;
  /** Whether a reply that does not come may be taken for one to a later request. */
  readonly owes: boolean;
};

export class RtuLine {
  readonly #line: ByteLine;
  readonly #clock: Clock;
  readonly #queue: Exchange[] = [];
  readonly #owing: Owing;
  #current: Exchange | undefined;
  #received: Buffer = Buffer.alloc(0);
  #timer: TimerId | undefined;
  #broken: TimerId | undefined;
  #quietSinceMs = Number.NEGATIVE_INFINITY;
  #fault: Fault | undefined;

  /** `owing` outlives the line: what a unit owes is not forgiven because the line was opened again. */
  constructor(line: ByteLine, clock: Clock, owing: Owing) {
    this.#line = line;
    this.#clock = clock;
    this.#owing = owing;
  }

  get dead(): boolean {
    return this.#fault !== undefined;
  }

  request(
    unitId: number,
    request: Request,
    times: { readonly timeoutMs: number; readonly gapMs: number },
  ): Promise<readonly number[]> {
    const bytes = encodeRtuRequest(unitId, request);
    return this.#exchange({ unitId, bytes, ...times, owes: true }, (frame) => {
      // A late reply to something else has a shape of its own, or was waited for by the echo.
      const expected = frame[1] === request.functionCode || frame[1] === request.functionCode + 0x80;
      return frame[0] === unitId && expected ? judgePdu(frame, 1, frame.length - 2, request) : undefined;
    });
  }

  /** Makes sure that nothing is under way from this unit; rejects with TIMEOUT while that is not known. */
  async settle(unitId: number, timeoutMs: number): Promise<void> {
    const sinceMs = this.#owing.get(unitId);
    if (sinceMs === undefined) return;
    if (this.#clock.now() - sinceMs < LATEST_REPLY_MS) {
      const bytes = encodeEcho(unitId, randomInt(0x1_0000));
      await this.#exchange({ unitId, bytes, timeoutMs, gapMs: 0, owes: false }, (frame) =>
        answersEcho(frame, bytes) ? true : undefined,
      );
    }
    this.#owing.delete(unitId);
  }

  take(chunk: Buffer): void {
    if (this.#fault) return;
    this.#quietSinceMs = this.#clock.now();
    // What nobody waits for is noise, or comes too late.
    if (!this.#current) return;
    this.#clock.clearTimeout(this.#broken);
    this.#received = Buffer.concat([this.#received, chunk]);
    for (;;) {
      const frame = firstReply(this.#received);
      if (frame === 'incomplete' || frame === 'noise') break;
      this.#received = this.#received.subarray(frame.length);
      if (this.#offer(frame)) return;
    }
    if (this.#received.length > 0)
      this.#broken = this.#clock.setTimeout(
        () => this.#end(new Fault('BAD_FRAME', 'bytes that are no reply, or one with a wrong CRC')),
        BROKEN_AFTER_MS,
      );
  }

  die(fault: Fault): void {
    if (this.#fault) return;
    this.#fault = fault;
    this.#clock.clearTimeout(this.#timer);
    this.#line.destroy();
    if (this.#current) this.#end(fault);
    for (const waiting of this.#queue.splice(0)) waiting.fail(fault);
  }

  #exchange<T>(exchange: Omit<Exchange, 'take' | 'fail'>, judge: Judge<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#fault) return reject(this.#fault);
      const take = (frame: Buffer): boolean => {
        const found = judge(frame);
        if (found === undefined) return false;
        resolve(found);
        return true;
      };
      this.#queue.push({ ...exchange, take, fail: reject });
      this.#next();
    });
  }

  #next(): void {
    const next = this.#queue[0];
    if (this.#current || !next || this.#fault) return;
    const waitMs = this.#quietSinceMs + Math.max(this.#line.silenceMs, next.gapMs) - this.#clock.now();
    this.#clock.clearTimeout(this.#timer);
    if (waitMs > 0) {
      this.#timer = this.#clock.setTimeout(() => this.#next(), waitMs);
      return;
    }
    this.#queue.shift();
    if (next.owes && this.#owing.has(next.unitId)) {
      next.fail(new Fault('TIMEOUT', `unit ${next.unitId} still owes an answer`));
      return this.#next();
    }
    this.#current = next;
    this.#received = Buffer.alloc(0);
    this.#timer = this.#clock.setTimeout(
      () => this.#end(new Fault('TIMEOUT', `no answer within ${next.timeoutMs} ms`)),
      next.timeoutMs,
    );
    this.#line.write(next.bytes);
  }

  /** True when the exchange is over with this frame. */
  #offer(frame: Buffer): boolean {
    try {
      if (this.#current?.take(frame) !== true) return false;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#end(error);
      return true;
    }
    this.#finish();
    return true;
  }

  #end(fault: Fault): void {
    const current = this.#current;
    if (!current) return;
    const answered = fault.code === 'DEVICE_EXCEPTION';
    if (current.owes && !answered) this.#owing.set(current.unitId, this.#clock.now());
    this.#finish();
    current.fail(fault);
  }

  #finish(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#clock.clearTimeout(this.#broken);
    this.#received = Buffer.alloc(0);
    this.#current = undefined;
    this.#next();
  }
}
