/**
 * Modbus RTU frames: unit, PDU, CRC. No length stands in them, so where a frame ends follows from what it says.
 *
 * Source: MODBUS over Serial Line Specification and Implementation Guide V1.02 (frame, CRC-16 with 0xA001, silence of 3.5
 * characters between frames, 1.75 ms above 19,200 Bd).
 */
import { pduBytes, putPdu, putWord, READS } from './modbus-pdu.ts';
import type { Request } from './modbus-pdu.ts';

const CRC_BYTES = 2;
const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  return crc;
});

/** Bits on the line for one byte: start, eight, parity or second stop bit, stop. */
const BITS_PER_BYTE = 11;
const FAST_BAUD = 19_200;
const FAST_SILENCE_MS = 1.75;

export function silenceMs(baudRate: number): number {
  return baudRate > FAST_BAUD ? FAST_SILENCE_MS : (3.5 * BITS_PER_BYTE * 1000) / baudRate;
}

export function encodeRtuRequest(unitId: number, request: Request): Buffer {
  const pdu = pduBytes(request);
  const frame = Buffer.allocUnsafe(1 + pdu + CRC_BYTES);
  frame[0] = unitId;
  putPdu(frame, 1, request);
  return sealed(frame);
}

const ECHO = 8;

/** Function 8, subfunction 0: the unit sends `data` back, or says that it does not know the function. */
export function encodeEcho(unitId: number, data: number): Buffer {
  const frame = Buffer.allocUnsafe(6 + CRC_BYTES);
  frame[0] = unitId;
  frame[1] = ECHO;
  putWord(frame, 2, 0);
  putWord(frame, 4, data);
  return sealed(frame);
}

/** Whether `frame` shows that the unit has come as far as that echo: sent back, or refused. */
export function answersEcho(frame: Buffer, echo: Buffer): boolean {
  return frame.equals(echo) || (frame[0] === echo[0] && frame[1] === ECHO + 0x80);
}

/**
 * The first whole reply in `bytes`, CRC right: any unit, functions 3, 6, 8, 16 and exceptions. `incomplete` while more
 * must come, `noise` when what stands there is no beginning of one.
 */
export function firstReply(bytes: Buffer): Buffer | 'incomplete' | 'noise' {
  const length = replyBytes(bytes);
  if (length === undefined) return bytes.length < 3 ? 'incomplete' : 'noise';
  if (bytes.length < length) return 'incomplete';
  const frame = bytes.subarray(0, length);
  return crc16(frame, length - CRC_BYTES) === frame.readUInt16LE(length - CRC_BYTES) ? frame : 'noise';
}

function replyBytes(bytes: Buffer): number | undefined {
  const functionCode = bytes[1];
  if (functionCode === undefined || bytes.length < 3) return undefined;
  if (functionCode >= 0x80) return 3 + CRC_BYTES;
  if (functionCode === READS.holding || functionCode === READS.input) return 3 + (bytes[2] ?? 0) + CRC_BYTES;
  return functionCode === 6 || functionCode === 16 || functionCode === ECHO ? 6 + CRC_BYTES : undefined;
}

function sealed(frame: Buffer): Buffer {
  frame.writeUInt16LE(crc16(frame, frame.length - CRC_BYTES), frame.length - CRC_BYTES);
  return frame;
}

export function crc16(bytes: Buffer, length: number): number {
  let crc = 0xffff;
  for (let at = 0; at < length; at += 1) crc = (crc >> 8) ^ (CRC_TABLE[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  return crc;
}
