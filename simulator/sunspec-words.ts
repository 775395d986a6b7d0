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
type Kind = { readonly bits: number; readonly signed: boolean; readonly none: bigint };

export function encodePoint({ type, size }: Typed, value: SunspecValue, exponent: number): number[] {
  if (type === 'string') return text(typeof value === 'string' ? value : '', size);
  if (type === 'pad') return [0x8000];
  const given = typeof value === 'number' ? value : Number.NaN;
  if (type === 'float32') return floatWords(given);
  const { bits, signed, none } = kindOf(type);
  if (Number.isNaN(given)) return wordsOf(none, size);
  const lowest = signed ? -(1n << BigInt(bits - 1)) + 1n : 0n;
  const highest = signed ? (1n << BigInt(bits - 1)) - 1n : (1n << BigInt(bits)) - 2n;
  const raw = BigInt(Math.round(scaled(given, -exponent)));
  return wordsOf(raw < lowest ? lowest : raw > highest ? highest : raw, size);
}

/** Undefined for the marker. Texts are not written in any model that is simulated. */
export function decodePoint({ type }: Typed, words: readonly number[], exponent: number): number | undefined {
  const { bits, signed, none } = kindOf(type);
  const raw = words.reduce((all, word) => (all << 16n) | BigInt(word), 0n);
  if (raw === BigInt.asUintN(bits, none)) return undefined;
  return scaled(Number(signed ? BigInt.asIntN(bits, raw) : raw), exponent);
}

/** Dividing by a whole power of ten keeps 0.1 what it is; multiplying by 10^-1 does not. */
function scaled(value: number, exponent: number): number {
  return exponent < 0 ? value / 10 ** -exponent : value * 10 ** exponent;
}

function kindOf(type: string): Kind {
  const match = /^(u?int|acc|enum|bitfield|count|sunssf)(16|32|64)?$/.exec(type);
  if (!match) throw new Error(`no simulated register has the type ${type}`);
  const bits = Number(match[2] ?? 16);
  const signed = match[1] === 'int' || match[1] === 'sunssf';
  if (match[1] === 'acc') return { bits, signed, none: 0n };
  return { bits, signed, none: signed ? 1n << BigInt(bits - 1) : (1n << BigInt(bits)) - 1n };
}

function wordsOf(raw: bigint, size: number): number[] {
  return Array.from({ length: size }, (_, at) => Number((raw >> BigInt(16 * (size - 1 - at))) & 0xffffn));
}

function floatWords(value: number): number[] {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatBE(value);
  return [bytes.readUInt16BE(0), bytes.readUInt16BE(2)];
}
