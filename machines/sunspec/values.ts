/**
 * The registers of one SunSpec point to its raw value. What the device marks as not implemented is `null`.
 *
 * Source: SunSpec Device Information Model Specification (types and their "unimplemented" values); big-endian throughout.
 */
import type { SunspecType } from '../../contracts/sunspec.ts';

/** Whole numbers are `bigint`, so that 64 bits stay exact until they are scaled. */
export type RawValue = bigint | number | string | null;

export function decodeRaw(type: SunspecType, words: readonly number[]): RawValue {
  const bits = words.length * 16;
  const joined = words.reduce((sum, word) => (sum << 16n) | BigInt(word), 0n);
  const ones = (1n << BigInt(bits)) - 1n;
  switch (type) {
    case 'uint16':
    case 'count':
    case 'enum16':
    case 'bitfield16':
    case 'uint32':
    case 'enum32':
    case 'bitfield32':
    case 'uint64':
    case 'bitfield64':
      return joined === ones ? null : joined;
    case 'int16':
    case 'sunssf':
    case 'int32':
    case 'int64':
      return joined === 1n << BigInt(bits - 1) ? null : BigInt.asIntN(bits, joined);
    case 'acc16':
    case 'acc32':
    case 'acc64':
      return joined === 0n ? null : joined;
    case 'float32':
    case 'float64':
      return floatOf(words);
    case 'string':
      return stringOf(words);
    case 'ipaddr':
      return joined === 0n ? null : bytesOf(words).join('.');
    case 'ipv6addr':
      return joined === 0n ? null : words.map((word) => word.toString(16)).join(':');
    case 'eui48':
      return joined === ones ? null : bytesOf(words).slice(-6).map(hex).join(':');
    case 'pad':
      return null;
  }
}

/** Neither "no number" nor infinity is a value that somebody may calculate with. */
function floatOf(words: readonly number[]): number | null {
  const view = new DataView(new ArrayBuffer(words.length * 2));
  words.forEach((word, at) => view.setUint16(at * 2, word));
  const value = words.length === 2 ? view.getFloat32(0) : view.getFloat64(0);
  return Number.isFinite(value) ? value : null;
}

/** Up to the first zero byte; what is no ASCII is kept as the byte it is. */
function stringOf(words: readonly number[]): string | null {
  const bytes = bytesOf(words);
  if (bytes[0] === 0) return null;
  const end = bytes.indexOf(0);
  return String.fromCharCode(...(end < 0 ? bytes : bytes.slice(0, end))).trim();
}

function bytesOf(words: readonly number[]): readonly number[] {
  return words.flatMap((word) => [word >> 8, word & 0xff]);
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
