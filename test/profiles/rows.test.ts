/**
 * Every row of every shipped profile against a register image with values of their own, and every row broken on purpose:
 * a mistake in sign, scale, word order or address that this would not notice is a failure too.
 */
import { existsSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Point, Profile } from '../../contracts/profile.ts';
import type { WordOrder } from '../../contracts/profile-point.ts';
import { registersOf } from '../../contracts/profile.ts';
import { scanSunspec } from '../../io/sunspec-scan.ts';
import { Fault } from '../../contracts/faults.ts';
import { decode } from '../../machines/device/codec.ts';
import { sumSamples } from '../../machines/device/telemetry.ts';
import { bindProfile, referencedModels } from '../../machines/sunspec/bind.ts';
import type { Binding, FoundModels } from '../../machines/sunspec/bind.ts';
import { definitionsOf, fileOf, SHIPPED, shippedProfile } from './row-image.ts';
import type { RowFile } from './row-image.ts';

const test = suite('rows of the shipped profiles');

for (const name of SHIPPED) {
  test(`${name}: every row shows what the image holds`, async () => {
    const { profile, values, found, read } = await prepared(name);
    const bound = bindingOf(profile, found);
    const shown = Object.fromEntries(
      Object.entries(bound.points).map(([point, row]) => [point, valueOf(profile, row, read)]),
    );
    const samples = Object.fromEntries(
      Object.entries(shown).map(([point, value]) => [
        point,
        { value, quality: 'good', receivedAtMs: 0, staleAtMs: 1 } as const,
      ]),
    );
    const sums = Object.entries(sumSamples(bound.sums, samples)).map(([point, { value }]) => [point, value] as const);
    const all = { ...shown, ...Object.fromEntries(sums) };
    assert.equal(
      Object.keys(all).toSorted(),
      Object.keys(values).toSorted(),
      'the rows of the file are those of the profile',
    );
    for (const [point, expected] of Object.entries(values))
      assert.ok(same(all[point], expected), `${point}: ${all[point]}, not ${expected}`);
    assert.is(new Set(Object.values(values)).size, Object.keys(values).length, 'no two values are alike');
  });

  test(`${name}: every wrong sign, scale, type, word order and address is noticed`, async () => {
    const { profile, values, found, read } = await prepared(name);
    const unnoticed: string[] = [];
    let tried = 0;
    for (const [point, row] of Object.entries(bindingOf(profile, found).points)) {
      for (const [title, mutant] of mutantsOf(row, values[point], profile.transport.wordOrder)) {
        tried += 1;
        if (same(valueOf(profile, mutant, read), values[point])) unnoticed.push(`${point} ${title}`);
      }
    }
    for (const [point, row] of Object.entries(profile.points)) {
      for (const neighbour of neighboursOf(profile, row)) {
        tried += 1;
        const binding = bindProfile(
          { ...profile, points: { ...profile.points, [point]: neighbour } },
          definitionsOf(profile),
          found,
        );
        const mutant = binding.ok ? binding.profile.points[point] : undefined;
        if (mutant && same(valueOf(profile, mutant, read), values[point]))
          unnoticed.push(`${point} as ${neighbour.sunspec?.point}`);
      }
    }
    assert.equal(unnoticed, []);
    assert.ok(tried >= 4 * Object.keys(profile.points).length, `${tried} mutants`);
  });
}

test.run();

type Prepared = {
  readonly profile: Profile;
  readonly values: RowFile['values'];
  readonly found: FoundModels | undefined;
  readonly read: (register: number, count: number) => readonly number[] | undefined;
};

async function prepared(name: string): Promise<Prepared> {
  assert.ok(existsSync(fileOf(name)), `no values for ${name}: node test/profiles/row-image.ts ${name}`);
  const { registers, values } = JSON.parse(readFileSync(fileOf(name), 'utf8')) as RowFile;
  const words = new Map(
    Object.entries(registers).flatMap(([start, run]) => run.map((word, at) => [Number(start) + at, word] as const)),
  );
  const read = (register: number, count: number): readonly number[] | undefined => {
    const found = Array.from({ length: count }, (_, at) => words.get(register + at));
    return found.every((word) => word !== undefined) ? found : undefined;
  };
  const profile = shippedProfile(name);
  const wanted = referencedModels(profile);
  // Found by discovery, as a driver would.
  const found =
    wanted.size > 0
      ? await scanSunspec({ read: refusing(read), write: () => Promise.resolve(), drop: () => undefined }, wanted)
      : undefined;
  return { profile, values, found, read };
}

function refusing(read: Prepared['read']): (register: number, count: number) => Promise<readonly number[]> {
  return (register, count) => {
    const words = read(register, count);
    return words
      ? Promise.resolve(words)
      : Promise.reject(new Fault('DEVICE_EXCEPTION', '', { details: { exception: 2 } }));
  };
}

function bindingOf(profile: Profile, found: FoundModels | undefined): Extract<Binding, { ok: true }>['profile'] {
  const binding = bindProfile(profile, definitionsOf(profile), found);
  if (!binding.ok) throw new Error(binding.lacks.join(', '));
  return binding.profile;
}

function valueOf({ transport }: Profile, row: Point, read: Prepared['read']): number | string | undefined {
  const words = read(row.register, registersOf(row));
  return words && decode(row, words, transport.wordOrder);
}

function same(found: number | string | undefined, expected: number | string | undefined): boolean {
  if (typeof found !== 'number' || typeof expected !== 'number') return found === expected;
  return Math.abs(found - expected) <= Math.abs(expected) * 1e-9;
}

function mutantsOf(row: Point, value: number | string | undefined, usual: WordOrder): [string, Point][] {
  const moved: [string, Point][] = [
    ['next register', { ...row, register: row.register + 1 }],
    ['register before', { ...row, register: row.register - 1 }],
  ];
  if (row.type === 'string') return moved;
  const mutants: [string, Point][] = [
    ...moved,
    ['gain × 10', { ...row, gain: row.gain * 10 }],
    ['gain / 10', { ...row, gain: row.gain / 10 }],
  ];
  const flipped = {
    discharge: 'charge',
    charge: 'discharge',
    import: 'export',
    export: 'import',
    generation: 'charge',
  } as const;
  if (row.positive) mutants.push(['flipped', { ...row, positive: flipped[row.positive] }]);
  if (registersOf(row) > 1)
    mutants.push(['other word order', { ...row, wordOrder: (row.wordOrder ?? usual) === 'little' ? 'big' : 'little' }]);
  const other = { u16: 'i16', i16: 'u16', u32: 'i32', i32: 'u32' } as const;
  // Signedness matters only where the sign bit can be set.
  const isSet =
    typeof value === 'number' &&
    (row.type.startsWith('i') ? value < 0 !== (row.positive === 'charge' || row.positive === 'export') : !row.range);
  if (isSet && row.type in other) mutants.push(['signedness', { ...row, type: other[row.type as 'u16'], invalid: [] }]);
  return mutants;
}

/** The same row, referring to the point before and behind in the definition. */
function neighboursOf(profile: Profile, row: Profile['points'][string]): Profile['points'][string][] {
  const { sunspec } = row;
  if (!sunspec || sunspec.index === 'each') return [];
  const { group } = definitionsOf(profile).get(sunspec.model) ?? {};
  const points =
    (sunspec.group === undefined ? group : group?.groups.find(({ name }) => name === sunspec.group))?.points ?? [];
  const at = points.findIndex(({ name }) => name === sunspec.point);
  return [points[at - 1], points[at + 1]].flatMap((neighbour) =>
    neighbour ? [{ ...row, sunspec: { ...sunspec, point: neighbour.name } }] : [],
  );
}
