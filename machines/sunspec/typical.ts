/**
 * A device that has just what a profile refers to: every model once, as long as its definition, all scale factors zero.
 *
 * For judging a profile without a device, and for rehearsals. It says nothing about any real device.
 */
import type { PointRow, Profile } from '../../contracts/profile.ts';
import type { RawSunspecModel, SunspecGroup, SunspecModel } from '../../contracts/sunspec.ts';
import { bindProfile, referencedModels } from './bind.ts';
import type { Binding, Definitions, FoundModels } from './bind.ts';

const BASE = 40_000;

export function typicalDevice(profile: Profile, definitions: Definitions): FoundModels {
  const models: RawSunspecModel[] = [];
  let offset = 2;
  for (const id of [...referencedModels(profile)].toSorted((a, b) => a - b)) {
    const definition = definitions.get(id);
    if (!definition) continue;
    for (let instance = 1; instance <= mostOf(profile, id); instance += 1) {
      const body = wordsOf(definition, (group) => repeatsOf(profile, id, group)).slice(2);
      models.push({ id, offset, length: body.length, words: [id, body.length, ...body] });
      offset += 2 + body.length;
    }
  }
  return { base: BASE, models };
}

/** The profile with registers as that device has them; every row that the profile has is there, sums too. */
export function bindTypically(
  profile: Profile,
  definitions: Definitions,
): Extract<Binding, { ok: false }> | { readonly ok: true; readonly profile: Profile } {
  const binding = bindProfile(profile, definitions, typicalDevice(profile, definitions));
  if (!binding.ok) return binding;
  const sums = Object.entries(profile.points).filter(([, { sum }]) => sum);
  const { sums: _kept, points, ...rest } = binding.profile;
  const added = sums.map(([name, row]): [string, PointRow] => [
    name,
    { ...row, sum: [...(binding.profile.sums[name]?.of ?? [])] },
  ]);
  const rows: Profile['points'] = { ...points, ...Object.fromEntries(added) };
  return { ok: true, profile: { ...rest, points: rows } };
}

function wordsOf({ group }: SunspecModel, repeats: (group: string) => number): readonly number[] {
  const counters = new Map<string, number>();
  const note = (one: SunspecGroup): void => {
    for (const inner of one.groups) {
      if (typeof inner.count === 'string') counters.set(inner.count, repeats(inner.name));
      note(inner);
    }
  };
  note(group);
  return lay(group);

  function lay({ points, groups }: SunspecGroup): readonly number[] {
    const own = points.flatMap(({ name, size }) => [
      ...Array.from({ length: size - 1 }, () => 0),
      counters.get(name) ?? 0,
    ]);
    return [...own, ...groups.flatMap((inner) => Array.from({ length: timesOf(inner) }, () => lay(inner)).flat())];
  }

  function timesOf({ name, count }: SunspecGroup): number {
    return count === undefined ? 1 : typeof count === 'number' && count > 0 ? count : repeats(name);
  }
}

function mostOf({ points }: Profile, id: number): number {
  return Math.max(...Object.values(points).map(({ sunspec }) => (sunspec?.model === id ? (sunspec.instance ?? 1) : 1)));
}

function repeatsOf({ points }: Profile, id: number, group: string): number {
  const indices = Object.values(points).map(({ sunspec }) =>
    sunspec?.model === id && sunspec.group === group && typeof sunspec.index === 'number' ? sunspec.index : 1,
  );
  return Math.max(1, ...indices);
}
