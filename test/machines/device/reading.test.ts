/** Reading a device: which registers in one request, what they become, and what is confirmed. */
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { BoundProfile, Point } from '../../../contracts/profile.ts';
import { registersOf } from '../../../contracts/profile.ts';
import { expectValues, readBack } from '../../../machines/device/read-back.ts';
import { installedPoints, planReads } from '../../../machines/device/read-plan.ts';
import { frameOf, sampleBlock } from '../../../machines/device/telemetry.ts';
import { huawei, point, sample } from '../support.ts';

const test = suite('reading');

const all = (): boolean => true;
const documented = (profile: BoundProfile, points: readonly Point[]): Set<number> => {
  const known = new Set<number>();
  const add = (register: number, count: number): void => {
    for (let at = register; at < register + count; at += 1) known.add(at);
  };
  for (const one of points) add(one.register, registersOf(one));
  for (const { register, count } of profile.transport.blocks) add(register, count);
  return known;
};

test('requests stay within the size limit, read only documented registers, and bring every point once and whole', () => {
  const types = fc.constantFrom<Point['type']>('u16', 'u32', 'u64');
  const rows = fc.uniqueArray(fc.record({ register: fc.nat(300), type: types }), {
    selector: ({ register }) => register,
    minLength: 1,
    maxLength: 40,
  });
  const blocks = fc.array(fc.record({ register: fc.nat(300), count: fc.integer({ min: 1, max: 60 }) }), {
    maxLength: 4,
  });
  fc.assert(
    fc.property(rows, blocks, fc.integer({ min: 4, max: 125 }), (list, ranges, maxReadRegisters) => {
      const profile: BoundProfile = { ...huawei, transport: { ...huawei.transport, blocks: ranges, maxReadRegisters } };
      const points = new Map(list.map((row, at) => [`p${at}`, point(row)]));
      const known = documented(profile, [...points.values()]);
      const plan = planReads(profile, points, all);
      for (const { register, count } of plan) {
        assert.ok(count >= 1 && count <= maxReadRegisters);
        for (let at = register; at < register + count; at += 1) assert.ok(known.has(at), `register ${at}`);
      }
      const read = plan.flatMap((block) => block.points.map((row) => ({ ...row, block })));
      assert.equal(read.map(({ name }) => name).toSorted(), [...points.keys()].toSorted());
      for (const { point: row, offset, block } of read) {
        assert.is(block.register + offset, row.register);
        assert.ok(offset + registersOf(row) <= block.count);
      }
    }),
    { numRuns: 3000 },
  );
});

test('registers beside each other share a request, a gap that nobody vouches for parts them', () => {
  const profile = { ...huawei, transport: { ...huawei.transport, blocks: [{ register: 20, count: 10 }] } };
  const registers = (...list: number[]): number[][] =>
    planReads(profile, new Map(list.map((register) => [`p${register}`, point({ type: 'u16', register })])), all).map(
      ({ register, count }) => [register, count],
    );
  assert.equal(registers(1, 2, 3), [[1, 3]]);
  assert.equal(registers(1, 3), [
    [1, 1],
    [3, 1],
  ]);
  assert.equal(registers(20, 29), [[20, 10]]);
  assert.equal(registers(20, 30), [
    [20, 1],
    [30, 1],
  ]);
  assert.equal(registers(19, 29), [
    [19, 1],
    [29, 1],
  ]);
});

test('no request touches a gap, and none joins two blocks where the device answers one block at a time', () => {
  const blocks = [
    { register: 20, count: 10 },
    { register: 30, count: 10 },
  ];
  const requests = (more: Partial<BoundProfile['transport']>, ...list: number[]): number[][] =>
    planReads(
      { transport: { ...huawei.transport, blocks, ...more } },
      new Map(list.map((register) => [`p${register}`, point({ type: 'u16', register })])),
      all,
    ).map(({ register, count }) => [register, count]);
  const split = [
    [20, 1],
    [29, 1],
  ];
  assert.equal(requests({}, 20, 29), [[20, 10]]);
  assert.equal(requests({ gaps: [{ register: 25, count: 1 }] }, 20, 29), split);
  assert.equal(requests({ gaps: [{ register: 21, count: 8 }] }, 20, 29), split);
  assert.equal(requests({ gaps: [{ register: 30, count: 1 }] }, 20, 29), [[20, 10]]);
  assert.equal(requests({}, 29, 30), [[29, 2]]);
  assert.equal(requests({ oneRequestPerBlock: true }, 28, 29, 30, 31), [
    [28, 2],
    [30, 2],
  ]);
});

test('points of another unit share requests with one another only, and no block joins them', () => {
  const blocks = [{ register: 20, count: 10 }];
  const points = new Map([
    ['a', point({ type: 'u16', register: 20 })],
    ['b', point({ type: 'u16', register: 21, unitId: 100 })],
    ['c', point({ type: 'u16', register: 22, unitId: 100 })],
    ['d', point({ type: 'u16', register: 24, unitId: 100 })],
    ['e', point({ type: 'u16', register: 25 })],
  ]);
  const plan = planReads({ transport: { ...huawei.transport, blocks } }, points, all);
  assert.equal(
    plan.map(({ unitId, register, count }) => [unitId, register, count]),
    [
      [undefined, 20, 6],
      [100, 21, 2],
      [100, 24, 1],
    ],
  );
});

test('only what is wanted and installed is read', () => {
  const fast = planReads(huawei, installedPoints(huawei), (_name, group) => group === 'fast').flatMap(
    ({ points }) => points,
  );
  assert.ok(fast.length > 0 && fast.every(({ point: row }) => row.group === 'fast'));
  assert.not.ok(installedPoints(huawei).has('unit2_temperature'));
  assert.ok(installedPoints(huawei, ['unit2']).has('unit2_temperature'));
  assert.not.ok(installedPoints(huawei, ['unit2']).has('unit1_temperature'));
});

const STALE = { fast: 8000, slow: 20_000, once: Number.POSITIVE_INFINITY, never: Number.POSITIVE_INFINITY };
const BLOCK = {
  register: 10,
  count: 3,
  scales: [],
  points: [
    { name: 'power', offset: 0, point: point({ type: 'i32', positive: 'charge', measures: 'batteryPowerW' }) },
    {
      name: 'state',
      offset: 2,
      point: point({
        type: 'u16',
        group: 'slow',
        measures: 'inverterState',
        values: { 1: 'running', 2: 'fault', 3: 'running_off_grid' },
      }),
    },
  ],
};

test('a block becomes samples with the time at which each turns stale; a refused or short one becomes missing ones', () => {
  const samples = sampleBlock(BLOCK, [0xffff, 0xffff, 1], 500, STALE, 'big');
  assert.equal(samples['power'], { value: 1, quality: 'good', receivedAtMs: 500, staleAtMs: 8500 });
  assert.equal([samples['state']?.value, samples['state']?.staleAtMs], [1, 20_500]);
  for (const words of [undefined, [], [0, 1]]) {
    const refused = sampleBlock(BLOCK, words, 500, STALE, 'big');
    assert.equal([refused['state']?.value, refused['state']?.quality], [undefined, 'missing']);
  }
});

const IDENTITY = { assetId: 'a', seq: 1, receivedAtMs: 0, wallMs: 0 };

test('a declared measurand that was never read is in the frame, as missing', () => {
  const frame = frameOf(IDENTITY, installedPoints(huawei), {});
  assert.is(frame.readings.socPct?.[0]?.quality, 'missing');
  assert.is(frame.readings.temperatureC?.length, 3);
  assert.equal([frame.alarms, frame.inverter, frame.offGrid], [[], undefined, false]);
});

test('states of the inverter are translated, a backup island is told from the grid, an unknown state is none', () => {
  const points = new Map(BLOCK.points.map(({ name, point: row }) => [name, row]));
  const of = (raw: number | undefined): unknown[] => {
    const { inverter, offGrid } = frameOf(IDENTITY, points, { state: { ...sample(0), value: raw } });
    return [inverter, offGrid];
  };
  assert.equal(
    [of(1), of(2), of(3), of(9), of(undefined)],
    [
      ['running', false],
      ['fault', false],
      ['running', true],
      [undefined, false],
      [undefined, false],
    ],
  );
});

test('each alarm bit shows by its name, the highest of 32 bits too', () => {
  const bit = (name: string): NonNullable<Point['bits']>[string] => ({ name, severity: 'P1', effect: 'stop' });
  const points = new Map([
    ['alarm', point({ type: 'u32', measures: 'alarms', bits: { 0: bit('low'), 5: bit('five'), 31: bit('high') } })],
  ]);
  const names = (word: number): string[] =>
    frameOf(IDENTITY, points, { alarm: sample(word) }).alarms.map(({ name }) => name);
  assert.equal(
    [names(0), names(1), names(32), names(2 ** 31), names(2 ** 31 + 33)],
    [[], ['low'], ['five'], ['high'], ['low', 'five', 'high']],
  );
});

test('a register is confirmed only by what was read after the write; what differs is found', () => {
  const expected = expectValues({}, { power: 3000, mode: 1 }, 100);
  const seen = (value: number | undefined, at: number) => readBack(expected, { power: { ...sample(0, at), value } });
  assert.equal([seen(3000, 100).confirmed, seen(9, 100).differences], [[], []], 'read before or with the write');
  assert.equal(seen(3000, 101).confirmed, ['power']);
  assert.equal(seen(3000.05, 101).differences, []);
  assert.equal(seen(3001, 101).differences, [{ point: 'power', expected: 3000, found: 3001 }]);
  assert.equal(seen(Number.NaN, 101).differences.length, 1);
  assert.equal([seen(undefined, 101).confirmed, seen(undefined, 101).differences], [[], []]);
  const again = readBack(seen(3000, 101).expectations, { power: sample(3000, 102) });
  assert.equal([again.confirmed, again.expectations['power']?.confirmed], [[], true], 'told once');
  assert.is(
    expectValues(again.expectations, { power: 1 }, 200)['power']?.confirmed,
    false,
    'a new write is to be confirmed anew',
  );
});

test('a register is read back exactly: half a step of its own is no change, one step is', () => {
  const expected = expectValues({}, { limit: 500, soc: 50 }, 100, (point) => (point === 'soc' ? 0.05 : 0.5));
  const differs = (limit: number, soc: number): number =>
    readBack(expected, { limit: sample(limit, 101), soc: sample(soc, 101) }).differences.length;
  assert.equal([differs(500, 50), differs(501, 50), differs(500, 50.1), differs(499, 49.9)], [0, 1, 1, 2]);
});

/** Measured power at 1000 ms intervals after a write of 5000 W at 0; settle time 25 s, rating 20 kW (400 W). */

test.run();
