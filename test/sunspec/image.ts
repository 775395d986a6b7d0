/**
 * Register images of SunSpec devices with random values, and what a right decoder must find in them.
 *
 * Written from the definitions and the rules of the standard alone, without the decoder: values are chosen first and
 * encoded by Buffer, so that a misread register shows.
 */
import * as assert from 'uvu/assert';
import { readFileSync } from 'node:fs';

type JsonPoint = { name: string; type: string; size: number; sf?: string | number };
type JsonGroup = { name: string; count?: string | number; points?: JsonPoint[]; groups?: JsonGroup[] };

export type Expected = Record<string, number | string | null>;
export type ModelImage = { readonly id: number; readonly words: readonly number[]; readonly points: Expected };

/** A whole number from 0 to below `bound`. */
export type Random = (bound: number) => number;

export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

/** How each type is encoded, and what stands for "not implemented". */
const NUMBERS: Readonly<Record<string, { bits: number; signed?: boolean; none: bigint }>> = {
  uint16: { bits: 16, none: 0xffffn },
  count: { bits: 16, none: 0xffffn },
  enum16: { bits: 16, none: 0xffffn },
  bitfield16: { bits: 16, none: 0xffffn },
  int16: { bits: 16, signed: true, none: 0x8000n },
  sunssf: { bits: 16, signed: true, none: 0x8000n },
  acc16: { bits: 16, none: 0n },
  uint32: { bits: 32, none: 0xffff_ffffn },
  enum32: { bits: 32, none: 0xffff_ffffn },
  bitfield32: { bits: 32, none: 0xffff_ffffn },
  int32: { bits: 32, signed: true, none: 0x8000_0000n },
  acc32: { bits: 32, none: 0n },
  uint64: { bits: 64, none: 0xffff_ffff_ffff_ffffn },
  bitfield64: { bits: 64, none: 0xffff_ffff_ffff_ffffn },
  int64: { bits: 64, signed: true, none: 0x8000_0000_0000_0000n },
  acc64: { bits: 64, none: 0n },
};

export type ImageOptions = {
  /** One value in so many is not implemented; 0: none. */
  readonly missingOneIn?: number;
  /** Registers that the device has beyond the definition. */
  readonly more?: number;
};

export function modelImage(id: number, random: Random, { missingOneIn = 6, more = 0 }: ImageOptions = {}): ModelImage {
  const file = new URL(`../../profiles/sunspec/model_${id}.json`, import.meta.url);
  const { group } = JSON.parse(readFileSync(file, 'utf8')) as { group: JsonGroup };
  const chunks: Buffer[] = [];
  const raws: {
    path: string;
    scopes: readonly Map<string, bigint>[];
    point: JsonPoint;
    value: bigint | number | string | null;
  }[] = [];
  const counters = countersOf(group);
  write(group, '', []);
  chunks.push(Buffer.alloc(more * 2, 0x5a));

  const bytes = Buffer.concat(chunks);
  const words = Array.from({ length: bytes.length / 2 }, (_, at) => bytes.readUInt16BE(at * 2));
  words[1] = words.length - 2;
  const points: Expected = {};
  for (const { path, scopes, point, value } of raws) {
    if (point.type === 'pad') continue;
    points[path] = path === 'L' ? words.length - 2 : expectedOf(point, value, scopes);
  }
  return { id, words, points };

  function write(one: JsonGroup, prefix: string, outer: readonly Map<string, bigint>[]): void {
    const own = new Map<string, bigint>();
    const scopes = [own, ...outer];
    for (const point of one.points ?? []) {
      const value = chosen(point, prefix === '');
      if (typeof value === 'bigint') own.set(point.name, value);
      raws.push({ path: prefix + point.name, scopes, point, value });
      chunks.push(encoded(point, value));
    }
    for (const inner of one.groups ?? []) {
      if (inner.count === undefined) {
        write(inner, `${prefix}${inner.name}.`, scopes);
        continue;
      }
      const times = typeof inner.count === 'number' ? random(4) : Number(lookedUp(inner.count, scopes) ?? 0n);
      for (let at = 1; at <= times; at += 1) write(inner, `${prefix}${inner.name}[${at}].`, scopes);
    }
  }

  function chosen({ name, type, size }: JsonPoint, outermost: boolean): bigint | number | string | null {
    if (outermost && name === 'ID') return BigInt(id);
    if (outermost && name === 'L') return 0n;
    if (counters.has(name)) return BigInt(random(4));
    if (type === 'pad') return null;
    if (missingOneIn > 0 && random(missingOneIn) === 0) return null;
    if (type === 'sunssf') return BigInt(random(21) - 10);
    if (type === 'float32') return Math.fround((random(2_000_001) - 1_000_000) / 977);
    if (type === 'float64') return (random(2_000_001) - 1_000_000) / 977;
    if (type === 'string')
      return Array.from({ length: 1 + random(size * 2) }, () => 'ABCxyz019-_.'[random(12)]).join('');
    return randomNumber(type);
  }

  function randomNumber(type: string): bigint {
    const { bits, signed, none } = kindOf(type);
    for (;;) {
      let raw = 0n;
      for (let at = 0; at < bits; at += 16) raw = (raw << 16n) | BigInt(random(0x1_0000));
      // Small numbers as well as large ones.
      if (random(2) === 0) raw >>= BigInt(random(bits));
      if (raw !== none) return signed ? BigInt.asIntN(bits, raw) : raw;
    }
  }
}

/** The registers of one value; `null` is the marker of its type. */
export function encoded({ type, size }: JsonPoint, value: bigint | number | string | null): Buffer {
  const bytes = Buffer.alloc(size * 2);
  if (type === 'pad') bytes.writeUInt16BE(0x8000);
  else if (type === 'string') bytes.write(String(value ?? ''), 'latin1');
  else if (type === 'float32') bytes.writeFloatBE(value === null ? Number.NaN : Number(value));
  else if (type === 'float64') bytes.writeDoubleBE(value === null ? Number.NaN : Number(value));
  else {
    const { bits, none } = kindOf(type);
    const raw = BigInt.asUintN(bits, value === null ? none : BigInt(value));
    bytes.write(raw.toString(16).padStart(bits / 4, '0'), 'hex');
  }
  return bytes;
}

/** "SunS", the models in order, the end marker: from the base on. */
export function deviceImage(models: readonly ModelImage[]): readonly number[] {
  return [0x5375, 0x6e53, ...models.flatMap(({ words }) => words), 0xffff, 0];
}

/** Scaled numbers may differ in their last bit, since they are calculated in another way. */
export function same(found: Expected, expected: Expected, about: string): void {
  assert.equal(Object.keys(found), Object.keys(expected), about);
  for (const [name, value] of Object.entries(expected)) {
    const got = found[name];
    const close =
      typeof value === 'number' && typeof got === 'number' && Math.abs(got - value) <= Math.abs(value) * 1e-15;
    if (!close) assert.is(got, value, `${about}: ${name}`);
  }
}

function expectedOf(
  point: JsonPoint,
  value: bigint | number | string | null,
  scopes: readonly Map<string, bigint>[],
): number | string | null {
  if (value === null || typeof value === 'string' || point.sf === undefined)
    return typeof value === 'bigint' ? Number(value) : value;
  const exponent = typeof point.sf === 'number' ? BigInt(point.sf) : lookedUp(point.sf, scopes);
  if (exponent === undefined) return null;
  return exponent < 0n ? Number(value) / 10 ** Number(-exponent) : Number(value) * 10 ** Number(exponent);
}

/** The value of that name in the innermost group that has one. */
function lookedUp(name: string, scopes: readonly Map<string, bigint>[]): bigint | undefined {
  return scopes.find((scope) => scope.has(name))?.get(name);
}

function countersOf(group: JsonGroup): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = ({ count, groups = [] }: JsonGroup): void => {
    if (typeof count === 'string') names.add(count);
    groups.forEach(visit);
  };
  visit(group);
  return names;
}

function kindOf(type: string): { bits: number; signed?: boolean; none: bigint } {
  const kind = NUMBERS[type];
  if (!kind) throw new Error(`no encoding of ${type}`);
  return kind;
}
