/** Binding a profile to the models of a device: places, scales, markers, repeats, and what is missing, by its name. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Point, PointRow, Profile } from '../../contracts/profile.ts';
import { loadSunspecModel, sunspecDefinitions, sunspecModelIds } from '../../io/sunspec-models.ts';
import { decode } from '../../machines/device/codec.ts';
import { changedScales, planReads } from '../../machines/device/read-plan.ts';
import { bindProfile, referencedModels } from '../../machines/sunspec/bind.ts';
import type { Binding, FoundModels } from '../../machines/sunspec/bind.ts';
import { decodeModel } from '../../machines/sunspec/decode.ts';
import { huawei } from '../machines/support.ts';
import type { ModelImage } from './image.ts';
import { modelImage, randomFrom } from './image.ts';

const test = suite('binding');

test('a profile with registers binds to itself, without a device', () => {
  const { sums: _none, ...written } = huawei;
  const binding = bindProfile(written);
  assert.equal(binding.ok && binding.profile, { ...written, sums: {} });
});

test('for every model, any point with a place in a profile reads as the scan shows it', () => {
  for (const id of sunspecModelIds()) {
    const random = randomFrom(id);
    const image = modelImage(id, random, { missingOneIn: 0, more: random(3) });
    const definition = loadSunspecModel(id);
    if (!definition) throw new Error(`no model ${id}`);
    const device = found([image]);
    for (const { name, value, point } of decodeModel(definition, image.words)) {
      if (/\..*\[|\]\.[^.]*\.|^[^[]*\./.test(name) || ['ipaddr', 'ipv6addr', 'eui48'].includes(point.type)) continue;
      const [, group, index, inner] = /^(.+)\[(\d+)\]\.(.+)$/.exec(name) ?? [];
      const place = group ? { point: inner ?? '', group, index: Number(index) } : { point: name };
      const binding = bind({ p: { sunspec: { model: id, ...place } } }, device);
      if (value === null) continue;
      assert.ok(binding.ok, `${id}.${name}: ${JSON.stringify(binding)}`);
      const shown = readFrom(image, binding.profile.points['p']);
      const close = typeof shown === 'number' && Math.abs(shown - Number(value)) <= Math.abs(Number(value)) * 1e-9;
      // A text with other bytes than ASCII is none in a profile.
      if (!close) assert.is(shown ?? '', typeof value === 'string' ? value : shown, `${id}.${name}`);
    }
  }
});

test('"not implemented" of every type is no value', () => {
  const image = modelImage(701, randomFrom(3), { missingOneIn: 1 });
  const words = [...image.words];
  // Scale factors are there, the values are not.
  for (const { offset } of scalesOf(701)) words[offset] = 0;
  const device = found([{ ...image, words }]);
  for (const point of ['ACType', 'Alrm', 'W', 'LLV', 'Hz', 'TotWhInj']) {
    const binding = bind({ p: { sunspec: { model: 701, point } } }, device);
    assert.is(binding.ok && readFrom({ ...image, words }, binding.profile.points['p']), undefined, point);
  }
});

test('a missing model, point, group or definition is named, all at once', () => {
  const short = modelImage(704, randomFrom(1), { missingOneIn: 0 });
  const device = found([{ ...short, words: short.words.slice(0, 30) }]);
  const binding = bind(
    {
      a: { sunspec: { model: 704, point: 'WSet' } },
      b: { sunspec: { model: 704, point: 'WSetRvrtTms' } },
      c: { sunspec: { model: 715, point: 'OpCtl' } },
      d: { sunspec: { model: 704, point: 'Nonsense' } },
      e: { sunspec: { model: 64_001, point: 'X' } },
    },
    device,
  );
  assert.equal(binding.ok ? [] : binding.lacks, [
    '704.WSet_SF (scale factor of 704.WSet)',
    '704.WSetRvrtTms',
    'model 715',
    '704.Nonsense',
    'model 64001 (bessd has no definition of it)',
  ]);
});

test('of several models with one id none is taken unless the profile says which', () => {
  const device = found([image802(1), image802(2)]);
  const binding = bind({ p: { sunspec: { model: 802, point: 'SoC' } } }, device);
  assert.match(binding.ok ? '' : binding.lacks.join(), 'there are 2');
  const second = bind({ p: { sunspec: { model: 802, point: 'SoC', instance: 2 } } }, device);
  const register = 40_002 + image802(1).words.length + 11;
  assert.is(second.ok && second.profile.points['p']?.register, register);
  const third = bind({ p: { sunspec: { model: 802, point: 'SoC', instance: 3 } } }, device);
  assert.equal(third.ok ? [] : third.lacks, ['model 802, number 3']);
});

test('one row for each repetition, with a number behind its name; none at all is missing', () => {
  for (const strings of [1, 3]) {
    const binding = bind(
      { t: { sunspec: { model: 803, point: 'StrModTmpMax', group: 'string', index: 'each' } } },
      found([strung(strings)]),
    );
    assert.equal(
      binding.ok && Object.entries(binding.profile.points).map(([name, { register }]) => [name, register]),
      Array.from({ length: strings }, (_, at) => [`t_${at + 1}`, 40_002 + 28 + at * 32 + 12]),
    );
  }
  const none = bind(
    { t: { sunspec: { model: 803, point: 'StrModTmpMax', group: 'string', index: 'each' } } },
    found([strung(0)]),
  );
  assert.equal(none.ok ? [] : none.lacks, ['803.string[1].StrModTmpMax']);
});

test('scale factors are read with every value of theirs, and a changed one is found', () => {
  const image = modelImage(713, randomFrom(5), { missingOneIn: 0 });
  const binding = bind(
    { soc: { sunspec: { model: 713, point: 'SoC' } }, soh: { sunspec: { model: 713, point: 'SoH' }, group: 'slow' } },
    found([image]),
  );
  if (!binding.ok) throw new Error(binding.lacks.join());
  const points = new Map(Object.entries(binding.profile.points));
  const [block] = planReads(binding.profile, points, (_name, group) => group === 'fast');
  assert.equal(
    block?.scales.map(({ scale: { name, register } }) => [name, register]),
    [['713.Pct_SF', 40_002 + 8]],
  );
  if (!block) return;
  const words = image.words.slice(block.register - 40_002, block.register - 40_002 + block.count);
  assert.equal(changedScales(block, words), []);
  const changed = words.with(words.length - 1, ((words.at(-1) ?? 0) + 1) & 0xffff);
  assert.equal(
    changedScales(block, changed).map(({ name }) => name),
    ['713.Pct_SF'],
  );
});

test('what a sequence writes must be there, and a safe one may not wait for a scale factor', () => {
  const image = modelImage(704, randomFrom(9), { missingOneIn: 0 });
  const words = image.words.with(22, 0xffff);
  const enable = {
    sunspec: { model: 704, point: 'WSetEna' },
    writable: { functionCode: 16 as const, min: 0, persistent: false },
  };
  const power = {
    sunspec: { model: 704, point: 'WSet' },
    writable: { functionCode: 16 as const, min: 0, persistent: false },
  };
  const silent = bind({ enable, power }, found([{ ...image, words }]), { enable: 1 });
  assert.equal(silent.ok ? [] : silent.lacks, ['704.WSetEna (not implemented)']);
  const scaled = bind({ enable, power }, found([image]), { power: 5 });
  assert.match(scaled.ok ? '' : scaled.lacks.join(), 'power without a scale factor');
  assert.ok(bind({ enable, power }, found([image]), { power: 0 }).ok);
  const apart = bind({ enable, power }, found([image]), { enable: 1, power: 0 });
  assert.match(apart.ok ? '' : apart.lacks.join(), 'power next to the point before it');
});

test('a sum takes every repetition of a row', () => {
  const binding = bind(
    { t: { sunspec: { model: 803, point: 'StrA', group: 'string', index: 'each' } }, all: { sum: ['t', 't'] } },
    found([strung(2)]),
  );
  assert.equal(binding.ok && binding.profile.sums['all']?.of, ['t_1', 't_2', 't_1', 't_2']);
});

test.run();

function bind(
  rows: Record<string, Partial<PointRow>>,
  device: FoundModels,
  hold: Record<string, number> = {},
): Binding {
  const { sums: _sums, control, ...rest } = huawei;
  const points = Object.fromEntries(
    Object.entries(rows).map(([name, row]): [string, PointRow] => [name, { gain: 1, unit: '', group: 'fast', ...row }]),
  );
  const steps = [{ set: hold, trigger: false }];
  const profile: Profile = {
    ...rest,
    points,
    ...(control &&
      Object.keys(hold).length > 0 && {
        control: { ...control, sequences: { ...control.sequences, ...emptied, hold: steps } },
      }),
  };
  return bindProfile(profile, sunspecDefinitions(referencedModels(profile)), device);
}

const emptied = { charge: [], discharge: [], blockCharge: [], blockDischarge: [], release: [], estop: [] };

function found(images: readonly Pick<ModelImage, 'id' | 'words'>[]): FoundModels {
  let offset = 2;
  const models = images.map(({ id, words }) => {
    const model = { id, offset, length: words.length - 2, words };
    offset += words.length;
    return model;
  });
  return { base: 40_000, models };
}

function readFrom({ words }: Pick<ModelImage, 'words'>, point: Point | undefined): unknown {
  if (!point) throw new Error('no point');
  const from = point.register - 40_002;
  for (let count = 1; count <= 125; count += 1) {
    const value = decode(point, words.slice(from, from + count));
    if (value !== undefined) return value;
  }
  return undefined;
}

function scalesOf(id: number): readonly { offset: number }[] {
  let offset = 0;
  return (loadSunspecModel(id)?.group.points ?? []).flatMap(({ type, size }) => {
    const at = offset;
    offset += size;
    return type === 'sunssf' ? [{ offset: at }] : [];
  });
}

function image802(seed: number): ModelImage {
  return modelImage(802, randomFrom(seed), { missingOneIn: 0 });
}

/** Model 803 with so many strings. */
function strung(strings: number): Pick<ModelImage, 'id' | 'words'> {
  const own = Array.from({ length: 28 }, (_, at) => (at === 2 ? strings : at < 22 ? 5 : 0));
  const words = [...own, ...Array.from({ length: strings * 32 }, () => 7)];
  return { id: 803, words: words.with(0, 803).with(1, words.length - 2) };
}
