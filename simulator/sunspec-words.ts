/**
 * SunSpec values as registers and back: big-endian, scaled by powers of ten, with a marker for "not implemented".
 *
 * A number that does not fit is shown as the nearest one that does, as a real device saturates; never as the marker.
 */
import { text } from './words.ts';

/** `undefined` and NaN: not implemented. */
export type SunspecValue = number | string | undefined;
export type SunspecValues = Readonly<Record<string, SunspecValue>>;

type Typed = { readonly type: string; readonly size: number };
type Kind = {
  readonly bits: number;
  readonly signed: boolean;
  /** The marker, in words. */
  readonly none: readonly number[];
  readonly lowest: number;
  readonly highest: number;
};

const TYPES = /^(u?int|acc|enum|bitfield|count|sunssf)(16|32|64)?$/;
const kinds = new Map<string, Kind>();

export function encodePoint({ type, size }: Typed, value: SunspecValue, exponent: number): readonly number[] {
  if (type === 'string') return text(typeof value === 'string' ? value : '', size);
  if (type === 'pad') return [0x8000];
  const given = typeof value === 'number' ? value : Number.NaN;
  if (type === 'float32') return floatWords(given);
  const { none, lowest, highest } = kindOf(type);
  if (Number.isNaN(given)) return none;
  return wordsOf(Math.min(highest, Math.max(lowest, Math.round(scaled(given, -exponent)))), size);
}

/** Undefined for the marker. Texts are not written in any model that is simulated. */
export function decodePoint({ type }: Typed, words: readonly number[], exponent: number): number | undefined {
  const { bits, signed, none } = kindOf(type);
  if (words.every((word, at) => word === none[at])) return undefined;
  const raw = words.reduce((all, word) => (all << 16n) | BigInt(word), 0n);
  return scaled(Number(signed ? BigInt.asIntN(bits, raw) : raw), exponent);
}

/** Dividing by a whole power of ten keeps 0.1 what it is; multiplying by 10^-1 does not. */
function scaled(value: number, exponent: number): number {
  return exponent < 0 ? value / 10 ** -exponent : value * 10 ** exponent;
}

function kindOf(type: string): Kind {
  const known = kinds.get(type);
  if (known) return known;
  const match = TYPES.exec(type);
  if (!match) throw new Error(`no simulated register has the type ${type}`);
  const bits = Number(match[2] ?? 16);
  const signed = match[1] === 'int' || match[1] === 'sunssf';
  // Of 64 bits only as many are used as a number keeps exactly.
  const highest = Math.min(Number.MAX_SAFE_INTEGER, signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 2);
  const none = Array.from({ length: bits / 16 }, (_, at) =>
    match[1] === 'acc' ? 0 : signed ? (at === 0 ? 0x8000 : 0) : 0xffff,
  );
  const kind = { bits, signed, none, lowest: signed ? -highest : 0, highest };
  kinds.set(type, kind);
  return kind;
}

/** A whole number as two's complement. */
function wordsOf(raw: number, size: number): number[] {
  if (size === 1) return [raw & 0xffff];
  const words = Array.from({ length: size }, () => 0);
  for (let [at, rest] = [size - 1, raw]; at >= 0; at -= 1, rest = Math.floor(rest / 0x1_0000))
    words[at] = rest & 0xffff;
  return words;
}

function floatWords(value: number): number[] {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatBE(value);
  return [bytes.readUInt16BE(0), bytes.readUInt16BE(2)];
}
