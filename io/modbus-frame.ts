/**
 * Modbus TCP frames: the header before a request, and judging the header of its reply field by field.
 *
 * Source: MODBUS Messaging on TCP/IP Implementation Guide V1.0b (MBAP header: transaction id, protocol id 0, length,
 * unit id).
 */
import { bad, judgePdu, pduBytes, putPdu, putWord, wordAt } from './modbus-pdu.ts';
import type { Request } from './modbus-pdu.ts';

export const HEADER_BYTES = 7;
/** Longest frame: header and a PDU of 253 bytes. */
const LONGEST_LENGTH_FIELD = 254;

/** `spare`, where it has exactly the length of the frame, becomes the frame. */
export function encodeRequest(transaction: number, unitId: number, request: Request, spare?: Buffer): Buffer {
  const pdu = pduBytes(request);
  const frame = spare?.length === HEADER_BYTES + pdu ? spare : Buffer.allocUnsafe(HEADER_BYTES + pdu);
  putWord(frame, 0, transaction);
  putWord(frame, 2, 0);
  putWord(frame, 4, pdu + 1);
  frame[6] = unitId;
  putPdu(frame, HEADER_BYTES, request);
  return frame;
}

/**
 * Bytes of the frame that starts in `bytes`, of which `length` have come; undefined while the header is incomplete.
 * Throws BAD_FRAME.
 */
export function frameLength(bytes: Buffer, length = bytes.length): number | undefined {
  if (length < 6) return undefined;
  const protocol = wordAt(bytes, 2);
  const field = wordAt(bytes, 4);
  if (protocol !== 0) throw bad(`protocol id ${protocol}, expected 0`);
  if (field < 3 || field > LONGEST_LENGTH_FIELD)
    throw bad(`length field ${field}, expected 3 to ${LONGEST_LENGTH_FIELD}`);
  return 6 + field;
}

/**
 * The words of the reply in the first `length` bytes (empty for writes). Throws DEVICE_EXCEPTION when the device says no,
 * and BAD_FRAME when any field differs from what this request must get: such a reply belongs to something else.
 */
export function decodeReply(
  frame: Buffer,
  transaction: number,
  unitId: number,
  request: Request,
  length = frame.length,
): readonly number[] {
  const answered = wordAt(frame, 0);
  if (answered !== transaction) throw bad(`transaction ${answered}, expected ${transaction}`);
  if (frame[6] !== unitId) throw bad(`unit ${frame[6]}, expected ${unitId}`);
  return judgePdu(frame, HEADER_BYTES, length, request);
}
