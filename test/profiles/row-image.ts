/**
 * Register images for whole profiles, in which no two values are alike, and what each row must show of them.
 *
 * `node test/profiles/row-image.ts NAME…` writes test/profiles/rows/NAME.json anew; without names, all. The files are
 * checked in: a row whose sign, scale, word order or place changes no longer fits its file, and a person looks at the
 * difference. Values are chosen first and encoded by Buffer, not by bessd's codec.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseOrThrow } from '../../contracts/parse.ts';
import type { BoundProfile, Point, Profile } from '../../contracts/profile.ts';
import { profileSchema, registersOf } from '../../contracts/profile.ts';
import { sunspecDefinitions } from '../../io/sunspec-models.ts';
import { bindProfile, referencedModels } from '../../machines/sunspec/bind.ts';
import type { Definitions, FoundModels } from '../../machines/sunspec/bind.ts';
import { typicalDevice } from '../../machines/sunspec/typical.ts';
import type { Random } from '../sunspec/image.ts';
import { randomFrom } from '../sunspec/image.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const EXPONENTS = [-3, -2, -1, 1];

export type RowFile = {
  /** Words from a register on. */
  readonly registers: Readonly<Record<string, readonly number[]>>;
  readonly values: Readonly<Record<string, number | string>>;
};

export const SHIPPED = globSync('profiles/*.json', { cwd: ROOT }).map((file) => path.basename(file, '.json'));

export function shippedProfile(name: string): Profile {
  const file = path.join(ROOT, 'profiles', `${name}.json`);
  return parseOrThrow(profileSchema, JSON.parse(readFileSync(file, 'utf8')), file);
}

export function definitionsOf(profile: Profile): Definitions {
  return sunspecDefinitions(referencedModels(profile));
}

export function fileOf(name: string): string {
  return path.join(import.meta.dirname, 'rows', `${name}.json`);
}

if (import.meta.main) {
  for (const name of process.argv.length > 2 ? process.argv.slice(2) : SHIPPED) {
    const { registers, values } = imageOf(shippedProfile(name));
    const lines = (rows: object): string =>
      Object.entries(rows)
        .map(([key, value]) => `    ${JSON.stringify(key)}: ${JSON.stringify(value)}`)
        .join(',\n');
    writeFileSync(
      fileOf(name),
      `{\n  "registers": {\n${lines(registers)}\n  },\n  "values": {\n${lines(values)}\n  }\n}\n`,
    );
  }
}

function imageOf(profile: Profile): RowFile {
  const random = randomFrom(Buffer.from(profile.name).reduce((sum, byte) => (sum * 31 + byte) >>> 0, 7));
  const definitions = definitionsOf(profile);
  const device = scaledDevice(profile, definitions, random);
  const binding = bindProfile(profile, definitions, device);
  if (!binding.ok) throw new Error(binding.lacks.join(', '));
  const words = new Map<number, number>();
  fillers(binding.profile, device, random).forEach(([register, word]) => words.set(register, word));
  const values: Record<string, number | string> = {};
  for (const [name, row] of Object.entries(binding.profile.points)) {
    const point = { ...row, wordOrder: row.wordOrder ?? profile.transport.wordOrder };
    let chosen = choose(point, random);
    while (Object.values(values).includes(chosen.value)) chosen = choose(point, random);
    values[name] = chosen.value;
    chosen.words.forEach((word, at) => words.set(point.register + at, word));
  }
  for (const [name, { of }] of Object.entries(binding.profile.sums))
    values[name] = rounded(of.reduce((sum, part) => sum + Number(values[part]), 0));
  return { registers: runsOf(words), values };
}

/** Models in order, with scale factors that differ from each other. */
function scaledDevice(profile: Profile, definitions: Definitions, random: Random): FoundModels {
  const { base, models } = typicalDevice(profile, definitions);
  const flat = bindProfile(profile, definitions, { base, models });
  if (!flat.ok) throw new Error(flat.lacks.join(', '));
  const exponents = new Map(
    Object.values(flat.profile.points).flatMap(({ scale }) =>
      scale ? [[scale.register, EXPONENTS[random(EXPONENTS.length)] ?? 0] as const] : [],
    ),
  );
  const scaled = models.map((model) => ({
    ...model,
    words: model.words.map((word, at) => {
      const exponent = exponents.get(base + model.offset + at);
      return exponent === undefined ? word : exponent & 0xffff;
    }),
  }));
  return { base, models: scaled };
}

/** What stands in the registers around the points: the chain of models, and noise where nothing is known. */
function fillers({ points }: BoundProfile, { base, models }: FoundModels, random: Random): [number, number][] {
  const noise = (): number => 0x2000 + random(0x5000);
  const around = Object.values(points).flatMap((point): [number, number][] =>
    Array.from({ length: registersOf(point) + 8 }, (_, at) => [point.register - 4 + at, noise()]),
  );
  const chain = models.flatMap(({ offset, words }): [number, number][] =>
    words.map((word, at) => [base + offset + at, at > 1 && word === 0 ? noise() : word]),
  );
  if (models.length === 0) return around;
  const end = Math.max(...models.map(({ offset, length }) => base + offset + 2 + length));
  return [...around, ...chain, [base, 0x5375], [base + 1, 0x6e53], [end, 0xffff], [end + 1, 0]];
}

function choose(point: Point, random: Random): { value: number | string; words: readonly number[] } {
  const bytes = Buffer.alloc(registersOf(point) * 2);
  if (point.type === 'string') {
    const text = Array.from(
      { length: Math.min(bytes.length, 6 + random(6)) },
      () => 'ABCDEFGHJKLMNPQRSTUVWXYZ'[random(24)],
    ).join('');
    bytes.write(text, 'latin1');
    return { value: text, words: wordsOf(bytes) };
  }
  const sign = point.positive === 'charge' || point.positive === 'export' ? -1 : 1;
  const raw = rawFor(point, sign, random);
  switch (point.type) {
    case 'u16':
    case 'i16':
      bytes.writeUInt16BE(raw & 0xffff);
      break;
    case 'u32':
    case 'i32':
      bytes.writeUInt32BE(raw >>> 0);
      break;
    case 'u64':
    case 'i64':
      bytes.writeBigInt64BE(BigInt(raw));
      break;
    case 'f32':
      bytes.writeFloatBE(raw);
      break;
    case 'f64':
      bytes.writeDoubleBE(raw);
      break;
    case 'bcd16':
    case 'bcd32':
      bytes.write(String(raw).padStart(bytes.length * 2, '0'), 'hex');
      break;
  }
  const words = wordsOf(bytes);
  return {
    value: rounded((sign * raw) / point.gain),
    words: point.wordOrder === 'little' ? words.toReversed() : words,
  };
}

/** In the plausible range of the row; else in the upper half of what is unsigned, below zero where it is signed. */
function rawFor({ type, range, gain }: Point, sign: number, random: Random): number {
  const isFloat = type.startsWith('f');
  if (range || isFloat) {
    const [low, high] = range ?? [-30_000, 30_000];
    const share = (200 + random(600)) / 1000;
    const value = sign * (low + (high - low) * share) * gain;
    const limit = type === 'i16' ? 0x7ff0 : type === 'u16' ? 0xfff0 : 0x7fff_fff0;
    const fitting = Math.abs(value) > limit ? Math.sign(value) * (limit - random(2000)) : value;
    return isFloat ? Math.fround(Math.round(fitting * 4) / 4 || 1.25) : Math.round(fitting) || 7;
  }
  switch (type) {
    case 'u16':
      return 0x8100 + random(0x7000);
    case 'i16':
      return -(0x0100 + random(0x7000));
    case 'u32':
      return 0x8123_0000 + random(0x0fff_0000);
    case 'i32':
      return -(0x0012_0000 + random(0x0fff_0000));
    case 'bcd16':
      return 1234 + random(7000);
    case 'bcd32':
      return 12_345_678 + random(70_000_000);
    case 'u64':
    case 'i64':
    case 'f32':
    case 'f64':
    case 'string':
      return 0x0001_2345_6789 + random(0x0fff_0000);
  }
}

function wordsOf(bytes: Buffer): readonly number[] {
  return Array.from({ length: bytes.length / 2 }, (_, at) => bytes.readUInt16BE(at * 2));
}

function rounded(value: number): number {
  return Number(value.toPrecision(12));
}

function runsOf(words: ReadonlyMap<number, number>): Record<string, readonly number[]> {
  const runs: Record<string, number[]> = {};
  let start = Number.NaN;
  let last = Number.NaN;
  for (const register of [...words.keys()].toSorted((a, b) => a - b)) {
    if (register !== last + 1) start = register;
    (runs[start] ??= []).push(words.get(register) ?? 0);
    last = register;
  }
  return runs;
}
