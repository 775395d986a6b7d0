/**
 * The device's side of Modbus TCP, for simulated devices: takes a request apart as strictly as replies are judged, and
 * builds the answers.
 *
 * Simulated devices have no input registers: function 4 is one that they do not know. Source as in modbus-frame.ts and modbus-pdu.ts; exceptions 1 (function), 2 (address), 3 (a count or length that cannot be).
 */
import { HEADER_BYTES } from './modbus-frame.ts';
import { MOST_READ, MOST_WRITTEN, putWord, wordAt } from './modbus-pdu.ts';
import type { Request } from './modbus-pdu.ts';

export type Asked = {
  readonly transaction: number;
  readonly unitId: number;
  readonly functionCode: number;
  /** The request, or the exception that it gets without anybody looking at a register. */
  readonly request: Request | { readonly exception: 1 | 2 | 3 };
};

/** `frame` is one whole frame with a header that `frameLength` has passed. */
export function readRequest(frame: Buffer): Asked {
  return {
    transaction: wordAt(frame, 0),
    unitId: frame[6] ?? 0,
    functionCode: frame[HEADER_BYTES] ?? 0,
    request: requestIn(frame.subarray(HEADER_BYTES)),
  };
}

function requestIn(pdu: Buffer): Asked['request'] {
  const functionCode = pdu[0];
  if (functionCode !== 3 && functionCode !== 6 && functionCode !== 16) return { exception: 1 };
  if (pdu.length < 5) return { exception: 3 };
  const register = wordAt(pdu, 1);
  const second = wordAt(pdu, 3);
  if (functionCode === 6) return pdu.length === 5 ? { functionCode, register, words: [second] } : { exception: 3 };
  const most = functionCode === 3 ? MOST_READ : MOST_WRITTEN;
  const length = functionCode === 3 ? 5 : 6 + second * 2;
  if (second < 1 || second > most || pdu.length !== length) return { exception: 3 };
  if (functionCode === 16 && pdu[5] !== second * 2) return { exception: 3 };
  if (register + second > 0x1_0000) return { exception: 2 };
  if (functionCode === 3) return { functionCode, register, count: second };
  return { functionCode, register, words: Array.from({ length: second }, (_, at) => wordAt(pdu, 6 + at * 2)) };
}

/** `words`: what was read; a write is acknowledged with its register, and its word or count. */
export function encodeReply({ transaction, unitId }: Asked, request: Request, words: readonly number[]): Buffer {
  const { functionCode, register } = request;
  const frame = replyFrame(transaction, unitId, 'count' in request ? 2 + words.length * 2 : 5);
  frame[HEADER_BYTES] = functionCode;
  if ('count' in request) {
    frame[HEADER_BYTES + 1] = words.length * 2;
    words.forEach((word, at) => putWord(frame, HEADER_BYTES + 2 + at * 2, word));
    return frame;
  }
  putWord(frame, HEADER_BYTES + 1, register);
  putWord(frame, HEADER_BYTES + 3, request.functionCode === 6 ? (request.words[0] ?? 0) : request.words.length);
  return frame;
}

export function encodeException({ transaction, unitId, functionCode }: Asked, exception: number): Buffer {
  const frame = replyFrame(transaction, unitId, 2);
  frame[HEADER_BYTES] = functionCode | 0x80;
  frame[HEADER_BYTES + 1] = exception;
  return frame;
}

function replyFrame(transaction: number, unitId: number, pduLength: number): Buffer {
  const frame = Buffer.alloc(HEADER_BYTES + pduLength);
  putWord(frame, 0, transaction);
  putWord(frame, 4, pduLength + 1);
  frame[6] = unitId;
  return frame;
}
