import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as fc from 'fast-check';
import type { SunspecGroup, SunspecModel, SunspecType } from '../../contracts/sunspec.ts';
import { loadSunspecModel, sunspecModelIds } from '../../io/sunspec-models.ts';
import { decodeModel } from '../../machines/sunspec/decode.ts';
import { decodeRaw } from '../../machines/sunspec/values.ts';
import { modelImage, randomFrom, same } from './image.ts';
import type { Expected } from './image.ts';

const SEEDS = 40;
const IDS = sunspecModelIds();

test('all definitions of the folder load, and those of a storage site are among them', () => {
  const wanted = [1, 103, 113, 120, 121, 122, 123, 124, 160, 203, 213, 802, 803, 804, 805];
  for (let id = 701; id <= 715; id += 1) wanted.push(id);
  for (const id of wanted) assert.is(loadSunspecModel(id)?.id, id);
  assert.is(loadSunspecModel(64_001), undefined);
});

test('every scale factor and every count of a definition names a point that can be found', () => {
  for (const id of IDS) visit(model(id).group, [], id);
  function visit({ points, groups, count }: SunspecGroup, outer: readonly string[], id: number): void {
    if (typeof count === 'string') assert.ok(outer.includes(count), `${id}: ${count}`);
    const names = [...outer, ...points.map(({ name }) => name)];
    for (const { sf, name } of points)
      if (typeof sf === 'string') assert.ok(names.includes(sf), `${id}: ${name} by ${sf}`);
    for (const group of groups) visit(group, names, id);
  }
});

for (const id of IDS) {
  test(`every point of model ${id} reads as it was written, over ${SEEDS} random devices`, () => {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const { words, points } = modelImage(id, randomFrom(seed * 1000 + id));
      same(decode(id, words), points, `seed ${seed}`);
    }
  });
}

test('registers beyond the definition are ignored', () => {
  for (const id of IDS.filter((id) => id !== 160 && id !== 805)) {
    const { words, points } = modelImage(id, randomFrom(id), { more: 7 });
    same(decode(id, words), points, `model ${id}`);
  }
});

test('a device with a shorter model lacks the points beyond its end, and what they would have scaled', () => {
  const { words, points } = modelImage(103, randomFrom(5), { missingOneIn: 0 });
  const found = decode(103, words.slice(0, 14));
  assert.equal([found['W'], found['W_SF'], found['V_SF'], found['St']], [null, null, points['V_SF'], null]);
  assert.is(found['PPVphAB'], points['PPVphAB']);
  assert.equal(Object.keys(found), Object.keys(points));
  const half = decode(103, words.slice(0, 25));
  assert.is(half['WH'], null, 'half a point is none');
});

test('a point whose scale factor is missing or out of bounds has no value', () => {
  const { words } = modelImage(713, randomFrom(1), { missingOneIn: 0 });
  const withFactor = (factor: number): Expected => decode(713, words.with(4, 500).with(8, factor));
  assert.is(withFactor(0xffff)['SoC'], 50);
  assert.is(withFactor(0x8000)['SoC'], null);
  assert.is(withFactor(0x7000)['SoC'], null);
  assert.is(withFactor(0)['SoC'], 500);
  assert.is(decode(713, words.with(4, 123).with(8, 0xfffe))['SoC'], 1.23, 'without the noise of binary fractions');
});

test('groups are named by place and number', () => {
  const names = (id: number, seed: number): string[] => Object.keys(decode(id, modelImage(id, randomFrom(seed)).words));
  const all = new Set(
    Array.from({ length: 20 }, (_, seed) =>
      [704, 705, 707, 714, 803, 805, 160].flatMap((id) => names(id, seed)),
    ).flat(),
  );
  for (const name of [
    'PFWInj.PF',
    'Crv[1].Pt[2].Var',
    'Crv[2].MustTrip.Pt[1].V',
    'Prt[3].DCW',
    'string[1].StrSoC',
    'lithium-ion-module-cell[2].CellV',
    'module[1].DCA',
  ])
    assert.ok(all.has(name), name);
});

test('a count that the registers cannot hold gives only the groups that are there', () => {
  const { words } = modelImage(714, randomFrom(3), { missingOneIn: 0 });
  const found = decode(714, [...words.with(4, 60_000).slice(0, 20), ...Array.from({ length: 30 }, () => 1)]);
  const ports = new Set(Object.keys(found).flatMap((name) => /^Prt\[\d+\]/.exec(name) ?? []));
  assert.equal([...ports], ['Prt[1]', 'Prt[2]']);
  assert.equal([found['Prt[1].ID'], found['Prt[2].ID'], found['Prt[2].DCW']], [1, 1, null]);
  assert.not.ok('Prt[1].ID' in decode(714, words.with(4, 0xffff)), 'a count that is not implemented is none');
});

const MARKERS: readonly [SunspecType, readonly number[]][] = [
  ['int16', [0x8000]],
  ['uint16', [0xffff]],
  ['count', [0xffff]],
  ['acc16', [0]],
  ['enum16', [0xffff]],
  ['bitfield16', [0xffff]],
  ['pad', [0x8000]],
  ['sunssf', [0x8000]],
  ['int32', [0x8000, 0]],
  ['uint32', [0xffff, 0xffff]],
  ['acc32', [0, 0]],
  ['enum32', [0xffff, 0xffff]],
  ['bitfield32', [0xffff, 0xffff]],
  ['ipaddr', [0, 0]],
  ['float32', [0x7fc0, 0]],
  ['int64', [0x8000, 0, 0, 0]],
  ['uint64', [0xffff, 0xffff, 0xffff, 0xffff]],
  ['acc64', [0, 0, 0, 0]],
  ['bitfield64', [0xffff, 0xffff, 0xffff, 0xffff]],
  ['float64', [0x7ff8, 0, 0, 0]],
  ['eui48', [0xffff, 0xffff, 0xffff, 0xffff]],
  ['ipv6addr', [0, 0, 0, 0, 0, 0, 0, 0]],
  ['string', [0, 0, 0]],
];

test('the marker of every type is no value, and the words beside it are one', () => {
  for (const [type, words] of MARKERS) {
    assert.is(decodeRaw(type, words), null, type);
    if (type !== 'pad' && !type.startsWith('float') && type !== 'string')
      assert.is.not(decodeRaw(type, [...words.slice(0, -1), (words.at(-1) ?? 0) ^ 1]), null, type);
  }
});

test('values of each kind, by hand', () => {
  assert.is(decodeRaw('int16', [0xffff]), -1n);
  assert.is(decodeRaw('int32', [0xffff, 0xfffe]), -2n);
  assert.is(decodeRaw('uint64', [0xffff, 0xffff, 0xffff, 0xfffe]), 0xffff_ffff_ffff_fffen);
  assert.is(decodeRaw('float32', [0x4366, 0x8000]), 230.5);
  assert.is(decodeRaw('float32', [0x7f80, 0]), null, 'infinity');
  assert.is(decodeRaw('float64', [0x406c, 0xd000, 0, 0]), 230.5);
  assert.is(decodeRaw('string', [0x4142, 0x2020, 0x2000]), 'AB');
  assert.is(decodeRaw('string', [0x2041, 0x0042]), 'A');
  assert.is(decodeRaw('ipaddr', [0xc000, 0x020b]), '192.0.2.11');
  assert.is(decodeRaw('ipv6addr', [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]), '2001:db8:0:0:0:0:0:1');
  assert.is(decodeRaw('eui48', [0, 0x0011, 0x2233, 0x4455]), '00:11:22:33:44:55');
});

test('random registers never crash the decoder, and it gives finite numbers, texts and nulls only', () => {
  const word = fc.oneof(fc.nat(0xffff), fc.constantFrom(0, 1, 2, 0xffff, 0x8000));
  fc.assert(
    fc.property(fc.constantFrom(...IDS), fc.array(word, { maxLength: 300 }), (id, words) => {
      const points = decodeModel(model(id), words);
      const names = new Set(points.map(({ name }) => name));
      assert.is(names.size, points.length, 'no name twice');
      for (const { value } of points) assert.ok(value === null || typeof value === 'string' || Number.isFinite(value));
    }),
    { numRuns: 2000 },
  );
});

test.run();

function model(id: number): SunspecModel {
  const found = loadSunspecModel(id);
  if (!found) throw new Error(`no definition of model ${id}`);
  return found;
}

function decode(id: number, words: readonly number[]): Expected {
  return Object.fromEntries(decodeModel(model(id), words).map(({ name, value }) => [name, value]));
}
