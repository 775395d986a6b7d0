/**
 * Where each point of a SunSpec model stands, worked out from the official definitions in profiles/sunspec/.
 *
 * Read apart from bessd's own decoder on purpose, as the codec in words.ts is: two readings of one definition prove each
 * other. A fixed group appears once, a repeating one as often as `counts` says; its points are named `string[2].StrSoC`.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

export type LayoutPoint = {
  readonly path: string;
  readonly name: string;
  readonly type: string;
  /** Registers, and the first of them from the model's id on. */
  readonly size: number;
  readonly offset: number;
  /** Name of the scale factor, or the power of ten itself. */
  readonly sf: string | number | undefined;
  readonly writable: boolean;
  /** Values of an enumeration. */
  readonly symbols: readonly number[];
};

export type Layout = {
  readonly id: number;
  readonly points: readonly LayoutPoint[];
  /** Registers with those of id and length. */
  readonly size: number;
};

const pointSchema = z.object({
  name: z.string(),
  type: z.string(),
  size: z.int(),
  sf: z.union([z.string(), z.int()]).optional(),
  access: z.enum(['R', 'RW']).default('R'),
  symbols: z.array(z.object({ value: z.int() })).default([]),
});
type Group = {
  readonly name: string;
  readonly count?: string | number | undefined;
  readonly points: readonly z.output<typeof pointSchema>[];
  readonly groups: readonly Group[];
};
const groupSchema: z.ZodType<Group> = z.object({
  name: z.string(),
  count: z.union([z.string(), z.int()]).optional(),
  points: z.array(pointSchema).default([]),
  groups: z.array(z.lazy(() => groupSchema)).default([]),
});
const modelSchema = z.object({ id: z.int(), group: groupSchema });

const FOLDER = path.join(import.meta.dirname, '../profiles/sunspec');
const definitions = new Map<number, z.output<typeof modelSchema>>();

/** `counts`: how often a group repeats, by its name. */
export function layoutOf(id: number, counts: Readonly<Record<string, number>> = {}): Layout {
  const points: LayoutPoint[] = [];
  let offset = 0;
  place(definitionOf(id).group, '');
  return { id, points, size: offset };

  function place(group: Group, prefix: string): void {
    for (const { name, type, size, sf, access, symbols } of group.points) {
      const writable = access === 'RW';
      const values = symbols.map(({ value }) => value);
      points.push({ path: prefix + name, name, type, size, offset, sf, writable, symbols: values });
      offset += size;
    }
    for (const inner of group.groups) {
      if (inner.count === undefined) {
        place(inner, `${prefix}${inner.name}.`);
        continue;
      }
      for (let at = 1; at <= (counts[inner.name] ?? 0); at += 1) place(inner, `${prefix}${inner.name}[${at}].`);
    }
  }
}

function definitionOf(id: number): z.output<typeof modelSchema> {
  const known = definitions.get(id);
  if (known) return known;
  const model = modelSchema.parse(JSON.parse(readFileSync(path.join(FOLDER, `model_${id}.json`), 'utf8')));
  definitions.set(id, model);
  return model;
}
