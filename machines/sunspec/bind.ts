/**
 * Binding: from a profile with SunSpec references, and the models that a device has, to a plain profile with registers.
 *
 * Every referenced model and point is mandatory. What is not there is named in `lacks`, and the profile is not bound at
 * all: a limit must not be off because a device does not have the register that it needs. A profile without references
 * binds to itself.
 */
import type { BoundProfile, Point, PointRow, Profile, Sum } from '../../contracts/profile.ts';
import { registersOf } from '../../contracts/profile.ts';
import type { RawSunspecModel, SunspecModel, SunspecPoint } from '../../contracts/sunspec.ts';
import { exponentOf, layModel, lookUp } from './layout.ts';
import type { LaidPoint } from './layout.ts';

/** The models of a device, as discovery finds them. */
export type FoundModels = {
  readonly base: number;
  readonly models: readonly RawSunspecModel[];
  /** What kept the walk from being a whole one. */
  readonly remarks?: readonly string[];
};
export type Definitions = ReadonlyMap<number, SunspecModel>;

export type Binding =
  | { readonly ok: true; readonly profile: BoundProfile }
  /** Models, points and scale factors, each with what is wrong. */
  | { readonly ok: false; readonly lacks: readonly string[] };

type Place = { readonly model: RawSunspecModel; readonly register: number; readonly laid: readonly LaidPoint[] };

/** Ids of the models that the rows of a profile refer to. */
export function referencedModels({ points }: Profile): ReadonlySet<number> {
  return new Set(Object.values(points).flatMap(({ sunspec }) => (sunspec ? [sunspec.model] : [])));
}

const NOTHING_FOUND: FoundModels = { base: 0, models: [] };

export function bindProfile(
  profile: Profile,
  definitions: Definitions = new Map(),
  { base, models }: FoundModels = NOTHING_FOUND,
): Binding {
  const lacks = new Set<string>();
  const places = new Map<RawSunspecModel, Place>();
  const points: Record<string, Point> = {};
  /** Names of the bound points of each row. */
  const names = new Map<string, readonly string[]>();
  const written = new Set(stepsOf(profile).flatMap(({ set }) => Object.keys(set)));
  for (const [name, row] of Object.entries(profile.points)) {
    if (row.sum) continue;
    const bound = row.sunspec ? bindRow(name, row) : [[name, asWritten(row)] as const];
    names.set(
      name,
      bound.map(([one]) => one),
    );
    for (const [one, point] of bound) points[one] = point;
  }
  const sums: Record<string, Sum> = {};
  for (const [name, { sum, measures, group, range, unit }] of Object.entries(profile.points)) {
    if (!sum) continue;
    sums[name] = {
      group,
      unit,
      of: sum.flatMap((part) => names.get(part) ?? []),
      ...(measures && { measures }),
      ...(range && { range }),
    };
  }
  const blocks = [...places.values()].map(({ model, register }) => ({ register, count: model.words.length }));
  const transport = { ...profile.transport, blocks: [...profile.transport.blocks, ...blocks] };
  const bound: BoundProfile = { ...profile, transport, points, sums };
  if (lacks.size === 0) for (const problem of unwritable(bound)) lacks.add(problem);
  return lacks.size === 0 ? { ok: true, profile: bound } : { ok: false, lacks: [...lacks] };

  function bindRow(name: string, row: PointRow): readonly (readonly [string, Point])[] {
    const place = placeOf(row);
    const { sunspec } = row;
    if (!place || !sunspec) return [];
    const { model, point, group, index } = sunspec;
    const prefix = (at: number): string => (group === undefined ? '' : `${group}[${at}].`);
    if (index !== 'each') {
      const found = bindPoint(place, `${prefix(index ?? 0)}${point}`, row, written.has(name));
      return found ? [[name, found]] : [];
    }
    const all: [string, Point][] = [];
    for (let at = 1; place.laid.some((laid) => laid.name === `${prefix(at)}${point}`); at += 1) {
      const found = bindPoint(place, `${prefix(at)}${point}`, row, false);
      if (found) all.push([`${name}_${at}`, found]);
    }
    if (all.length === 0) lacks.add(`${model}.${prefix(1)}${point}`);
    return all;
  }

  function placeOf({ sunspec }: PointRow): Place | undefined {
    if (!sunspec) return undefined;
    const { model: id, instance } = sunspec;
    const candidates = models.filter((model) => model.id === id);
    const definition = definitions.get(id);
    const found = candidates[(instance ?? 1) - 1];
    if (!definition) lacks.add(`model ${id} (bessd has no definition of it)`);
    else if (!found) lacks.add(instance === undefined ? `model ${id}` : `model ${id}, number ${instance}`);
    // To take one of several would leave the others unwatched.
    else if (instance === undefined && candidates.length > 1)
      lacks.add(`a single model ${id} (there are ${candidates.length}: the profile must say which)`);
    else {
      const place = places.get(found) ?? {
        model: found,
        register: base + found.offset,
        laid: layModel(definition, found.words),
      };
      places.set(found, place);
      return place;
    }
    return undefined;
  }

  function bindPoint(place: Place, name: string, row: PointRow, isWritten: boolean): Point | undefined {
    const title = `${place.model.id}.${name}`;
    const laid = place.laid.find((one) => one.name === name);
    if (!laid || laid.offset + laid.point.size > place.model.words.length) {
      lacks.add(title);
      return undefined;
    }
    const form = formOf(laid.point);
    const exponent = exponentOf(laid.point, laid.scope);
    if (!form) lacks.add(`${title} (its type ${laid.point.type} has no place in a profile)`);
    if (exponent === undefined) lacks.add(`${place.model.id}.${laid.point.sf} (scale factor of ${title})`);
    if (isWritten && laid.raw === null && row.group !== 'never') lacks.add(`${title} (not implemented)`);
    if (!form || exponent === undefined) return undefined;
    const { sunspec: _bound, sum: _none, register: _register, type: _type, ...rest } = row;
    const { sf } = laid.point;
    const factor = typeof sf === 'string' ? lookUp(sf, laid.scope) : undefined;
    return {
      ...rest,
      ...form,
      register: place.register + laid.offset,
      unit: row.unit === '' ? (laid.point.units ?? '') : row.unit,
      gain: row.gain * Number(`1e${-exponent}`),
      wordOrder: 'big',
      ...(factor && {
        scale: { name: `${place.model.id}.${sf}`, register: place.register + factor.offset, exponent },
      }),
    };
  }
}

/** A profile whose rows all have registers. Throws for one that needs a device to bind to: that is a defect. */
export function boundAsWritten(profile: Profile): BoundProfile {
  const binding = bindProfile(profile);
  if (!binding.ok) throw new Error(`${profile.name} needs a device to bind to: ${binding.lacks.join(', ')}`);
  return binding.profile;
}

function asWritten(row: PointRow): Point {
  const { sunspec: _none, sum: _no, register, type, ...rest } = row;
  if (register === undefined || type === undefined) throw new Error('a row has a register and a type');
  return { ...rest, register, type };
}

/** Type and marker of "not implemented" in the words of a profile. */
function formOf({ type, size }: SunspecPoint): Pick<Point, 'type' | 'invalid' | 'length'> | undefined {
  switch (type) {
    case 'uint16':
    case 'count':
    case 'enum16':
    case 'bitfield16':
      return { type: 'u16' };
    case 'int16':
    case 'sunssf':
      return { type: 'i16', invalid: [-0x8000] };
    case 'acc16':
      return { type: 'u16', invalid: [0] };
    case 'uint32':
    case 'enum32':
    case 'bitfield32':
      return { type: 'u32' };
    case 'int32':
      return { type: 'i32', invalid: [-0x8000_0000] };
    case 'acc32':
      return { type: 'u32', invalid: [0] };
    case 'uint64':
    case 'bitfield64':
      return { type: 'u64' };
    case 'int64':
      return { type: 'i64', invalid: [-(2 ** 63)] };
    case 'acc64':
      return { type: 'u64', invalid: [0] };
    case 'float32':
      return { type: 'f32' };
    case 'float64':
      return { type: 'f64' };
    case 'string':
      return { type: 'string', length: size };
    case 'pad':
    case 'ipaddr':
    case 'ipv6addr':
    case 'eui48':
      return undefined;
  }
}

/** Points of one step must follow each other; what a safe sequence writes must not depend on a scale factor. */
function unwritable({ control, points }: BoundProfile): readonly string[] {
  const problems: string[] = [];
  for (const [title, steps] of Object.entries(control?.sequences ?? {})) {
    const isSafe = title !== 'charge' && title !== 'discharge' && title !== 'release';
    for (const { set } of steps ?? []) {
      let next: number | undefined;
      for (const [name, value] of Object.entries(set)) {
        const point = points[name];
        if (!point) continue;
        if (next !== undefined && point.register !== next)
          problems.push(`${name} next to the point before it (step of ${title})`);
        if (isSafe && point.scale && value !== 0)
          problems.push(`${name} without a scale factor, which ${title} cannot wait for (only 0 needs none)`);
        next = point.register + registersOf(point);
      }
    }
  }
  return problems;
}

function stepsOf({ control }: Profile): readonly { readonly set: object }[] {
  return Object.values(control?.sequences ?? {}).flatMap((steps) => steps ?? []);
}
