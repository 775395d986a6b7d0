/**
 * The SunSpec model definitions in profiles/sunspec/, checked when they are read; each is read once.
 */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { Fault } from '../contracts/faults.ts';
import { parseOrThrow } from '../contracts/parse.ts';
import { sunspecModelSchema } from '../contracts/sunspec.ts';
import type { SunspecModel } from '../contracts/sunspec.ts';

const FOLDER = path.join(import.meta.dirname, '../profiles/sunspec');
const loaded = new Map<number, SunspecModel>();
let known: ReadonlySet<number> | undefined;

/** The ids for which there is a definition, ascending. */
export function sunspecModelIds(): readonly number[] {
  return readdirSync(FOLDER)
    .map((file) => Number(/^model_(\d+)\.json$/.exec(file)?.[1]))
    .filter((id) => Number.isInteger(id))
    .toSorted((a, b) => a - b);
}

/** Undefined for a model without a definition; throws CONFIG_INVALID for a damaged one. */
export function loadSunspecModel(id: number): SunspecModel | undefined {
  known ??= new Set(sunspecModelIds());
  if (!known.has(id)) return undefined;
  const model = loaded.get(id) ?? readModel(id);
  loaded.set(id, model);
  return model;
}

/** Those of the given ids that there are. */
export function sunspecDefinitions(ids: Iterable<number>): ReadonlyMap<number, SunspecModel> {
  const definitions = [...ids].map((id) => [id, loadSunspecModel(id)] as const);
  return new Map(definitions.flatMap(([id, model]) => (model ? [[id, model]] : [])));
}

function readModel(id: number): SunspecModel {
  const file = path.join(FOLDER, `model_${id}.json`);
  let input: unknown;
  try {
    input = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Fault('CONFIG_INVALID', `${file} is not a model definition: ${message}`, { cause: error });
  }
  return parseOrThrow(sunspecModelSchema, input, file);
}
