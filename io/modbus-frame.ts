/**
 * Modbus TCP frames: building requests, and judging replies field by field.
 *
 * Source: MODBUS Messaging on TCP/IP Implementation Guide V1.0b (MBAP header: transaction id, protocol id 0, length,
 * unit id) and MODBUS Application Protocol V1.1b3 (function codes 3, 6, 16; exceptions: function + 0x80).
 */
import { Fault } from '../contracts/faults.ts';

export const HEADER_BYTES = 7;
/** Longest frame: header and a PDU of 253 bytes. */
const LONGEST_LENGTH_FIELD = 254;

export type Request =
  | { readonly functionCode: 3; readonly register: number; readonly count: number }
  | { readonly functionCode: 6; readonly register: number; readonly words: readonly number[] }
  | { readonly functionCode: 16; readonly register: number; readonly words: readonly number[] };

export function encodeRequest(transaction: number, unitId: number, request: Request): Buffer {
  const pdu = encodePdu(request);
  const frame = Buffer.alloc(HEADER_BYTES + pdu.length);
  frame.writeUInt16BE(transaction, 0);
  frame.writeUInt16BE(pdu.length + 1, 4);
  frame.writeUInt8(unitId, 6);
  pdu.copy(frame, HEADER_BYTES);
  return frame;
}

function encodePdu(request: Request): Buffer {
  const { functionCode, register } = request;
  if (functionCode === 3) {
    const pdu = Buffer.alloc(5);
    pdu.writeUInt8(functionCode, 0);
    pdu.writeUInt16BE(register, 1);
    pdu.writeUInt16BE(request.count, 3);
    return pdu;
  }
  const { words } = request;
  if (functionCode === 6) {
    const pdu = Buffer.alloc(5);
    pdu.writeUInt8(functionCode, 0);
    pdu.writeUInt16BE(register, 1);
    pdu.writeUInt16BE(words[0] ?? 0, 3);
    return pdu;
  }
  const pdu = Buffer.alloc(6 + words.length * 2);
  pdu.writeUInt8(functionCode, 0);
  pdu.writeUInt16BE(register, 1);
  pdu.writeUInt16BE(words.length, 3);
  pdu.writeUInt8(words.length * 2, 5);
  words.forEach((word, at) => pdu.writeUInt16BE(word, 6 + at * 2));
  return pdu;
}

/** Bytes of the frame that starts in `bytes`, or undefined while the header is incomplete. Throws BAD_FRAME. */
export function frameLength(bytes: Buffer): number | undefined {
  if (bytes.length < 6) return undefined;
  const protocol = bytes.readUInt16BE(2);
  const length = bytes.readUInt16BE(4);
  if (protocol !== 0) throw bad(`protocol id ${protocol}, expected 0`);
  if (length < 3 || length > LONGEST_LENGTH_FIELD)
    throw bad(`length field ${length}, expected 3 to ${LONGEST_LENGTH_FIELD}`);
  return 6 + length;
}

/**
 * The words of a reply (empty for writes). Throws DEVICE_EXCEPTION when the device says no, and BAD_FRAME when any field
 * differs from what this request must get: such a reply belongs to something else.
 */
export function decodeReply(frame: Buffer, transaction: number, unitId: number, request: Request): readonly number[] {
  const { functionCode, register } = request;
  if (frame.readUInt16BE(0) !== transaction) throw bad(`transaction ${frame.readUInt16BE(0)}, expected ${transaction}`);
  if (frame.readUInt8(6) !== unitId) throw bad(`unit ${frame.readUInt8(6)}, expected ${unitId}`);
  const pdu = frame.subarray(HEADER_BYTES);
  const answered = pdu.readUInt8(0);
  if (answered === functionCode + 0x80) {
    if (pdu.length !== 2) throw bad(`exception of ${pdu.length} bytes, expected 2`);
    const exception = pdu.readUInt8(1);
    throw new Fault(
      'DEVICE_EXCEPTION',
      `the device answered function ${functionCode} at register ${register} with exception ${exception}`,
      { details: { exception, register, functionCode } },
    );
  }
  if (answered !== functionCode) throw bad(`function ${answered}, expected ${functionCode}`);
  if (functionCode === 3) return decodeRead(pdu, request.count);
  if (pdu.length !== 5) throw bad(`write reply of ${pdu.length} bytes, expected 5`);
  if (pdu.readUInt16BE(1) !== register)
    throw bad(`write reply for register ${pdu.readUInt16BE(1)}, expected ${register}`);
  const echoed = functionCode === 6 ? request.words[0] : request.words.length;
  if (pdu.readUInt16BE(3) !== echoed) throw bad(`write reply echoes ${pdu.readUInt16BE(3)}, expected ${echoed}`);
  return [];
}

function decodeRead(pdu: Buffer, count: number): readonly number[] {
  if (pdu.length < 2 || pdu.readUInt8(1) !== count * 2)
    throw bad(`byte count ${pdu.length < 2 ? 'missing' : pdu.readUInt8(1)}, expected ${count * 2}`);
  if (pdu.length !== 2 + count * 2) throw bad(`${pdu.length - 2} bytes of data, expected ${count * 2}`);
  return Array.from({ length: count }, (_, at) => pdu.readUInt16BE(2 + at * 2));
}

function bad(what: string): Fault {
  return new Fault('BAD_FRAME', `reply with ${what}`);
}
