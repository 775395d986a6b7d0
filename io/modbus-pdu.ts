/**
 * What a Modbus request asks and what its reply must say, on every kind of line: the part between address and checksum.
 *
 * Source: MODBUS Application Protocol V1.1b3 (function codes 3, 4, 6, 16; exceptions: function + 0x80). Bytes are taken one
 * by one, since this runs for every register of every poll; whoever calls has made sure that they are there.
 */
import { Fault } from '../contracts/faults.ts';

export type Request =
  | { readonly functionCode: 3 | 4; readonly register: number; readonly count: number }
  | { readonly functionCode: 6; readonly register: number; readonly words: readonly number[] }
  | { readonly functionCode: 16; readonly register: number; readonly words: readonly number[] };

/** Function codes that read: holding and input registers. */
export const READS = { holding: 3, input: 4 } as const;

/** Registers that one request may read, and write. */
export const MOST_READ = 125;
export const MOST_WRITTEN = 123;

/** Bytes of the request, function code included. */
export function pduBytes(request: Request): number {
  return request.functionCode === 16 ? 6 + request.words.length * 2 : 5;
}

/** Puts the request into `frame` from `at` on. */
export function putPdu(frame: Buffer, at: number, request: Request): void {
  frame[at] = request.functionCode;
  putWord(frame, at + 1, request.register);
  if ('count' in request) {
    requireCount(request.count, MOST_READ);
    return putWord(frame, at + 3, request.count);
  }
  const { words } = request;
  requireCount(words.length, request.functionCode === 6 ? 1 : MOST_WRITTEN);
  if (request.functionCode === 6) return putWord(frame, at + 3, words[0] ?? 0);
  putWord(frame, at + 3, words.length);
  frame[at + 5] = words.length * 2;
  for (let index = 0; index < words.length; index += 1) putWord(frame, at + 6 + index * 2, words[index] ?? 0);
}

function requireCount(count: number, most: number): void {
  if (!(count >= 1 && count <= most)) throw new RangeError(`${count} registers in one request, 1 to ${most} fit`);
}

/**
 * The words of the reply that stands in `bytes` from `from` to `to` (empty for writes). Throws DEVICE_EXCEPTION when the
 * device says no, and BAD_FRAME when anything differs from what this request must get: it belongs to something else.
 */
export function judgePdu(bytes: Buffer, from: number, to: number, request: Request): readonly number[] {
  const { functionCode, register } = request;
  const length = to - from;
  const answered = bytes[from];
  if (answered === functionCode + 0x80) {
    if (length !== 2) throw bad(`exception of ${length} bytes, expected 2`);
    const exception = bytes[from + 1];
    throw new Fault(
      'DEVICE_EXCEPTION',
      `the device answered function ${functionCode} at register ${register} with exception ${exception}`,
      { details: { exception, register, functionCode } },
    );
  }
  if (answered !== functionCode) throw bad(`function ${answered}, expected ${functionCode}`);
  if ('count' in request) return wordsOf(bytes, from, length, request.count);
  if (length !== 5) throw bad(`write reply of ${length} bytes, expected 5`);
  const place = wordAt(bytes, from + 1);
  if (place !== register) throw bad(`write reply for register ${place}, expected ${register}`);
  const echoed = wordAt(bytes, from + 3);
  const sent = functionCode === 6 ? request.words[0] : request.words.length;
  if (echoed !== sent) throw bad(`write reply echoes ${echoed}, expected ${sent}`);
  return [];
}

function wordsOf(bytes: Buffer, from: number, length: number, count: number): readonly number[] {
  if (length < 2) throw bad(`byte count missing, expected ${count * 2}`);
  if (bytes[from + 1] !== count * 2) throw bad(`byte count ${bytes[from + 1]}, expected ${count * 2}`);
  if (length !== 2 + count * 2) throw bad(`${length - 2} bytes of data, expected ${count * 2}`);
  const words = new Array<number>(count); // oxlint-disable-line unicorn/no-new-array -- at its length at once: growing it costs as much as filling it
  for (let index = 0; index < count; index += 1) words[index] = wordAt(bytes, from + 2 + index * 2);
  return words;
}

export function wordAt(bytes: Buffer, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** A number that is no 16-bit word is our own mistake, and must not go out as another one. */
export function putWord(bytes: Buffer, at: number, word: number): void {
  if ((word & 0xffff) !== word) throw new RangeError(`${word} is no 16-bit word`);
  bytes[at] = word >> 8;
  bytes[at + 1] = word;
}

export function bad(what: string): Fault {
  return new Fault('BAD_FRAME', `reply with ${what}`);
}
