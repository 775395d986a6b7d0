/**
 * SunSpec face: a plant seen through a chain of SunSpec models, laid out by their official definitions.
 *
 *   base: "SunS" │ model, length, … │ model, length, … │ 0xFFFF 0
 *
 * Registers outside the chain are exception 2, so are writes to what cannot be written; values out of range are exception
 * 3, under LOCAL everything is exception 4. A write is carried out as a whole or not at all, and must cover whole points of
 * one model. Addresses, lengths and scale factors follow the settings at any moment.
 */
import type { Exception, Face } from './device.ts';
import { EXCEPTION } from './device.ts';
import type { Sense } from './measurements.ts';
import { measurementsOf } from './measurements.ts';
import type { PlantSettings } from './plant-settings.ts';
import type { Plant, PlantState } from './plant.ts';
import type { LayoutPoint } from './sunspec-layout.ts';
import { layoutOf } from './sunspec-layout.ts';
import { scaleFactor } from './sunspec-scales.ts';
import type { SunspecValue, SunspecValues } from './sunspec-words.ts';
import { decodePoint, encodePoint } from './sunspec-words.ts';

export type SunspecBlock = {
  readonly id: number;
  /** How often its groups repeat. */
  readonly counts?: (settings: PlantSettings) => Readonly<Record<string, number>>;
  readonly measured?: (state: PlantState) => SunspecValues;
  readonly control?: SunspecControl;
};

/** The points of a model that somebody can set. */
export type SunspecControl = {
  readonly values: () => SunspecValues;
  /** Takes new values; anything but undefined means that nothing was changed. */
  readonly write: (changes: SunspecValues) => Exception | undefined;
  /** What is volatile goes back to its default. */
  readonly reboot?: () => void;
};

type Placed = {
  readonly block: SunspecBlock;
  readonly start: number;
  readonly size: number;
  readonly points: readonly PlacedPoint[];
  /** The points of each range that was read; whoever polls asks for the same few again and again. */
  readonly ranges: Map<string, readonly PlacedPoint[]>;
};

type PlacedPoint = LayoutPoint & {
  readonly exponent: number;
  /** Shows "not implemented" and takes no writes. */
  readonly missing: boolean;
  /** What a scale factor or a length shows as long as the settings stand. */
  readonly constant: number | undefined;
};

const MARKER = [0x5375, 0x6e53]; // "SunS"
const END = [0xffff, 0];

export function sunspecFace(plant: Plant, blocks: readonly SunspecBlock[], sense?: Sense): Face {
  const measurements = measurementsOf(plant, sense);
  let laid = { settings: plant.settings, chain: placed(plant.settings, blocks) };

  return {
    read(register, count) {
      const chain = chainNow();
      const words: number[] = [];
      for (let at = register; at < register + count;) {
        const part = chunkAt(chain, at, register + count);
        if (!part) return { exception: EXCEPTION.illegalAddress };
        words.push(...part);
        at += part.length;
      }
      return words;
    },
    write(register, words) {
      const found = chainNow().find(({ start, size }) => register >= start && register < start + size);
      if (!found) return { exception: EXCEPTION.illegalAddress };
      if (plant.settings.localControl) return { exception: EXCEPTION.deviceFailure };
      const changes = changesOf(found, register - found.start, words);
      return 'exception' in changes ? (changes as Exception) : found.block.control?.write(changes);
    },
    reboot() {
      for (const { control } of blocks) control?.reboot?.();
    },
  };

  /** Settings are replaced, never altered, so the same ones mean the same places. */
  function chainNow(): readonly Placed[] {
    const { settings } = plant;
    if (laid.settings !== settings) laid = { settings, chain: placed(settings, blocks) };
    return laid.chain;
  }

  /** From a register to the end of what it belongs to, or to `before`. */
  function chunkAt(chain: readonly Placed[], register: number, before: number): readonly number[] | undefined {
    const base = plant.settings.sunspecBase;
    if (register >= base && register < base + MARKER.length) return MARKER.slice(register - base, before - base);
    const found = chain.find(({ start, size }) => register >= start && register < start + size);
    if (found) return imageOf(found, register - found.start, before - found.start);
    const last = chain.at(-1);
    const end = last ? last.start + last.size : base + MARKER.length;
    return register >= end && register < end + END.length ? END.slice(register - end, before - end) : undefined;
  }

  /** Registers `from` to `before` of a model, counted from its id; what no point covers shows as not implemented. */
  function imageOf(placed: Placed, from: number, before: number): number[] {
    const { block, size } = placed;
    const values = { ...block.measured?.(measurements()), ...block.control?.values() };
    const image = Array.from({ length: Math.min(size, before) - from }, () => 0xffff);
    for (const point of pointsWithin(placed, from, before)) {
      const words = encodePoint(point, valueOf(block, point, values), point.exponent);
      for (let at = 0; at < words.length; at += 1) {
        const place = point.offset + at - from;
        if (place >= 0 && place < image.length) image[place] = words[at] ?? 0;
      }
    }
    return image;
  }

  function valueOf(
    { id }: SunspecBlock,
    { path, missing, constant }: PlacedPoint,
    values: SunspecValues,
  ): SunspecValue {
    if (path === 'ID') return values['ID'] ?? id;
    return constant ?? (missing ? undefined : values[path]);
  }

  function changesOf({ block, points }: Placed, from: number, words: readonly number[]): SunspecValues | Exception {
    const current = block.control?.values() ?? {};
    const changes: Record<string, SunspecValue> = {};
    for (let at = 0; at < words.length;) {
      const point = points.find(({ offset }) => offset === from + at);
      if (!point?.writable || !(point.path in current) || point.missing) return { exception: EXCEPTION.illegalAddress };
      const part = words.slice(at, at + point.size);
      const value = part.length < point.size ? undefined : decodePoint(point, part, point.exponent);
      if (value === undefined || !isKnown(point, value)) return { exception: EXCEPTION.illegalValue };
      changes[point.path] = value;
      at += point.size;
    }
    return changes;
  }
}

function placed(settings: PlantSettings, blocks: readonly SunspecBlock[]): readonly Placed[] {
  let start = settings.sunspecBase + MARKER.length;
  return blocks.map((block) => {
    const { points, size: defined } = layoutOf(block.id, block.counts?.(settings));
    const size = defined + (settings.extraRegisters[String(block.id)] ?? 0);
    const one = {
      block,
      start,
      size,
      points: points.map((point) => placedPoint(settings, block.id, size, point)),
      ranges: new Map(),
    };
    start += size;
    return one;
  });
}

function pointsWithin({ points, ranges }: Placed, from: number, before: number): readonly PlacedPoint[] {
  const range = `${from}-${before}`;
  const known = ranges.get(range);
  if (known) return known;
  const found = points.filter(({ offset, size }) => offset + size > from && offset < before);
  ranges.set(range, found);
  return found;
}

function placedPoint(settings: PlantSettings, model: number, size: number, point: LayoutPoint): PlacedPoint {
  const { path, type, sf } = point;
  const missing = settings.notImplemented.includes(`${model}.${path}`);
  const constant =
    path === 'L' ? size - 2 : type === 'sunssf' && !missing ? scaleFactor(settings, model, path) : undefined;
  return {
    ...point,
    exponent: typeof sf === 'string' ? scaleFactor(settings, model, sf) : (sf ?? 0),
    missing,
    constant,
  };
}

function isKnown({ type, symbols }: LayoutPoint, value: number): boolean {
  return !type.startsWith('enum') || symbols.length === 0 || symbols.includes(value);
}
