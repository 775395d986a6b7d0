/**
 * Registers to values and back, by one row of a profile. The only place where sign, scale and word order are applied.
 *
 * What a device marks as "no value", and what is outside the plausible range, decodes to `undefined`, never to a number.
 */
import type { Point, WordOrder } from '../../contracts/profile-point.ts';
import { registersOf } from '../../contracts/profile-point.ts';
import type { PointValue } from '../../contracts/telemetry.ts';

/** The usual "no value" markers of each type; strings and floats are judged by content. */
const MARKERS: Readonly<Record<string, bigint | undefined>> = {
  u16: 0xffffn,
  i16: 0x7fffn,
  u32: 0xffff_ffffn,
  i32: 0x7fff_ffffn,
  u64: 0xffff_ffff_ffff_ffffn,
  i64: 0x7fff_ffff_ffff_ffffn,
};

/** The value of a point, in its unit and bessd's sign; undefined when the device has none. */
export function decode(point: Point, given: readonly number[], order: WordOrder = 'big'): PointValue | undefined {
  if (given.length !== registersOf(point)) return undefined;
  const words = point.byteOrder === 'little' ? given.map(swapped) : given;
  if (point.type === 'string') return decodeString(words);
  return valueOf(point, rawNumber(point, words, point.wordOrder ?? order));
}

function valueOf(point: Point, raw: number | undefined): number | undefined {
  if (raw === undefined) return undefined;
  const value = signOf(point) * scaled(raw, point.gain);
  const { range } = point;
  if (!Number.isFinite(value) || (range && (value < range[0] || value > range[1]))) return undefined;
  return value === 0 ? 0 : value;
}

/**
 * As `decode`, of the words that begin at `at` among those of a whole reply: nearly all registers of a poll are short
 * integers, which are read where they lie.
 */
export function decodeAt(
  point: Point,
  reply: readonly number[],
  at: number,
  order: WordOrder = 'big',
): PointValue | undefined {
  const count = registersOf(point);
  const marker = point.byteOrder === 'little' ? undefined : shortMarker(point.type);
  if (marker === undefined) return decode(point, reply.slice(at, at + count), order);
  if (at + count > reply.length) return undefined;
  return valueOf(point, shortInteger(point, reply, at, count, point.wordOrder ?? order, marker));
}

/** The words to write for a value; undefined when the register cannot hold it exactly to its resolution. */
export function encode(point: Point, value: number, order: WordOrder = 'big'): readonly number[] | undefined {
  const words = encodeWords(point, value, order);
  return point.byteOrder === 'little' ? words?.map(swapped) : words;
}

function encodeWords(point: Point, value: number, usual: WordOrder): readonly number[] | undefined {
  if (!Number.isFinite(value)) return undefined;
  const order = point.wordOrder ?? usual;
  const raised = signOf(point) * value * point.gain;
  if (point.type === 'f32' || point.type === 'f64') return encodeFloat(point.type, raised, order);
  if (point.type === 'string') return undefined;
  const size = registersOf(point) * 16;
  const raw = BigInt(Math.round(raised));
  if (point.type === 'bcd16' || point.type === 'bcd32') return encodeBcd(raw, size, order);
  const [low, high] = point.type.startsWith('i')
    ? [-(1n << BigInt(size - 1)), (1n << BigInt(size - 1)) - 1n]
    : [0n, (1n << BigInt(size)) - 1n];
  const joined = BigInt.asUintN(size, raw);
  // A marker would tell the device that there is no value, and could never be read back.
  if (raw < low || raw > high || markersOf(point, size).includes(joined)) return undefined;
  return ordered(split(joined, size / 16), order);
}

/** The two bytes of a register, turned round. */
function swapped(word: number): number {
  return ((word & 0xff) << 8) | (word >> 8);
}

function rawNumber(point: Point, words: readonly number[], order: WordOrder): number | undefined {
  const marker = shortMarker(point.type);
  if (marker !== undefined) return shortInteger(point, words, 0, words.length, order, marker);
  const joined = join(ordered(words, order));
  const size = words.length * 16;
  if (point.type === 'f32' || point.type === 'f64') return decodeFloat(point.type, joined);
  if (markersOf(point, size).includes(joined)) return undefined;
  if (point.type === 'bcd16' || point.type === 'bcd32') return decodeBcd(joined, size);
  return Number(point.type.startsWith('i') ? BigInt.asIntN(size, joined) : joined);
}

/** The usual "no value" of the short integers; undefined: another type. */
function shortMarker(type: Point['type']): number | undefined {
  if (type === 'u16') return 0xffff;
  if (type === 'i16') return 0x7fff;
  if (type === 'u32') return 0xffff_ffff;
  return type === 'i32' ? 0x7fff_ffff : undefined;
}

/** As below in plain numbers: nearly all registers of a poll are such, and a stop waits until they are decoded. */
function shortInteger(
  { type, invalid }: Point,
  words: readonly number[],
  from: number,
  count: number,
  order: WordOrder,
  usualMarker: number,
): number | undefined {
  const range = count === 1 ? 0x1_0000 : 0x1_0000_0000;
  let joined = 0;
  for (let at = 0; at < count; at += 1)
    joined = joined * 0x1_0000 + (words[from + (order === 'big' ? at : count - 1 - at)] ?? 0);
  const isMarker = invalid
    ? invalid.some((marker) => ((marker % range) + range) % range === joined)
    : joined === usualMarker;
  if (isMarker) return undefined;
  return type.startsWith('i') && joined >= range / 2 ? joined - range : joined;
}

/** Raw values that mean "no value": those of the profile, else the usual one of the type. */
function markersOf({ type, invalid }: Point, size: number): readonly (bigint | undefined)[] {
  return invalid?.map((marker) => BigInt.asUintN(size, BigInt(marker))) ?? [MARKERS[type]];
}

/** Powers of ten come out as they are written: 5 with a gain of 0.00001 is 500000 and nothing beside it. */
function scaled(raw: number, gain: number): number {
  return gain < 1 ? Number((raw / gain).toPrecision(15)) : raw / gain;
}

/** One decimal digit in every four bits; other bits are no number. */
function decodeBcd(joined: bigint, size: number): number | undefined {
  const digits = joined.toString(16).padStart(size / 4, '0');
  return /^[0-9]+$/.test(digits) ? Number(digits) : undefined;
}

function encodeBcd(raw: bigint, size: number, order: WordOrder): readonly number[] | undefined {
  const digits = raw.toString();
  if (raw < 0n || digits.length > size / 4) return undefined;
  return ordered(split(BigInt(`0x${digits}`), size / 16), order);
}

function decodeString(words: readonly number[]): string | undefined {
  let text = '';
  for (let at = 0; at < words.length * 2; at += 1) {
    const word = words[at >> 1] ?? 0;
    const byte = at % 2 === 0 ? word >> 8 : word & 0xff;
    if (byte === 0) break;
    if (byte < 0x20 || byte > 0x7e) return undefined;
    text += String.fromCodePoint(byte);
  }
  text = text.trim();
  return text === '' ? undefined : text;
}

function decodeFloat(type: 'f32' | 'f64', joined: bigint): number | undefined {
  const view = new DataView(new ArrayBuffer(8));
  if (type === 'f32') view.setUint32(0, Number(joined));
  else view.setBigUint64(0, joined);
  const value = type === 'f32' ? view.getFloat32(0) : view.getFloat64(0);
  return Number.isFinite(value) ? value : undefined;
}

function encodeFloat(type: 'f32' | 'f64', value: number, order: WordOrder): readonly number[] | undefined {
  const view = new DataView(new ArrayBuffer(8));
  if (!Number.isFinite(type === 'f32' ? Math.fround(value) : value)) return undefined;
  if (type === 'f32') view.setFloat32(0, value);
  else view.setFloat64(0, value);
  return ordered(
    split(type === 'f32' ? BigInt(view.getUint32(0)) : view.getBigUint64(0), type === 'f32' ? 2 : 4),
    order,
  );
}

/** +1 where the device counts as bessd does: out of the device, at the meter import. */
function signOf({ positive }: Point): 1 | -1 {
  return positive === 'charge' || positive === 'export' ? -1 : 1;
}

function ordered(words: readonly number[], order: WordOrder): readonly number[] {
  return order === 'big' ? words : words.toReversed();
}

function join(words: readonly number[]): bigint {
  return words.reduce((sum, word) => (sum << 16n) | BigInt(word), 0n);
}

function split(value: bigint, count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => Number((value >> BigInt((count - 1 - at) * 16)) & 0xffffn));
}
