/** A profile's sequence made concrete: bounded, rounded down, and nothing at all where a value is not known. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Point, StepValue } from '../../../contracts/profile.ts';
import { expandSequence } from '../../../machines/device/sequence.ts';
import type { Transaction } from '../../../machines/device/sequence.ts';
import { huawei, point } from '../support.ts';
import { Bench } from './bench.ts';

const test = suite('sequence');

test('the inverter is shut down only where the site file allows it', () => {
  const names = (allowShutdown: boolean): string[] => {
    const expanded = expandSequence(huawei, 'estop', { ...new Bench().values, allowShutdown });
    return expanded.ok ? expanded.transactions.flatMap(({ values }) => Object.keys(values)) : [];
  };
  assert.not.ok(names(false).includes('inverter_shutdown'));
  assert.is(names(true).at(-1), 'inverter_shutdown');
});

test('an order is written no higher than the device allows now, rounded down to its resolution', () => {
  const magnitude = (magnitudeW: number, most: number, gain = 1): number | undefined => {
    const points = {
      ...huawei.points,
      forcible_discharge_power: { ...huawei.points['forcible_discharge_power'], gain },
    };
    const expanded = expandSequence({ ...huawei, points } as typeof huawei, 'discharge', {
      ...new Bench().values,
      powerW: magnitudeW,
      found: (name) => (name === 'max_discharge_power' ? most : undefined),
    });
    return expanded.ok ? expanded.transactions[0]?.values['forcible_discharge_power'] : undefined;
  };
  assert.equal([magnitude(3000.9, 9000), magnitude(3000, 2500), magnitude(3999, 9000, 0.001)], [3000, 2500, 3000]);
  assert.is(magnitude(Number.NaN, 9000), undefined);
  assert.is(magnitude(Number.POSITIVE_INFINITY, 9000), undefined);
});

test('a register whose smallest value is more than what is allowed is not written at all', () => {
  const limited = { functionCode: 16, min: 100, persistent: false } as const;
  const points = {
    ...huawei.points,
    forcible_discharge_power: point({ type: 'u32', register: 47_249, writable: limited }),
  };
  const profile = { ...huawei, points };
  assert.equal(expandSequence(profile, 'discharge', { ...new Bench().values, powerW: 50 }), {
    ok: false,
    missing: 'forcible_discharge_power',
  });
  assert.ok(expandSequence(profile, 'discharge', { ...new Bench().values, powerW: 150 }).ok);
});

test('a signed setpoint has the sign of its point, is bounded in both directions and rounds towards zero', () => {
  const write = (
    powerW: number,
    more: Partial<Writable> = {},
    positive: 'discharge' | 'charge' = 'discharge',
  ): number[] | string => {
    const writable = { functionCode: 16, min: -9000, max: 9000, persistent: false, ...more } as const;
    const row = point({ type: 'i16', gain: 0.1, positive, writable });
    return written({ setpoint: row }, 'signed', powerW);
  };
  assert.equal([write(3000), write(-3000), write(-3000, {}, 'charge')], [[300], [0x1_0000 - 300], [300]]);
  assert.equal([write(3009.9), write(-3009.9)], [[300], [0x1_0000 - 300]]);
  assert.equal([write(20_000), write(-20_000)], [[900], [0x1_0000 - 900]]);
  assert.equal(
    [write(20_000, { maxFrom: 'ceiling' }), write(-20_000, { maxFrom: 'ceiling' })],
    [[500], [0x1_0000 - 500]],
  );
  assert.equal([write(-3000, { min: 0 }), write(Number.NaN)], ['setpoint', 'setpoint'], 'not written at all');
});

test('a percentage is of the newest value of its point, and of nothing else', () => {
  const row = point({ type: 'i16', gain: 100, writable: { functionCode: 16, min: -100, max: 100, persistent: false } });
  const of = (powerW: number, percentOf: string, how: 'magnitude' | 'signed' = 'signed'): number[] | string =>
    written({ rate: row }, { of: how, percentOf }, powerW);
  assert.equal(
    [of(1250, 'ceiling'), of(-1250, 'ceiling'), of(-1250, 'ceiling', 'magnitude')],
    [[2500], [0x1_0000 - 2500], [2500]],
  );
  assert.equal(
    [of(9999, 'ceiling'), of(1, 'unknown'), of(1, 'zero'), of(1, 'negative')],
    [[10_000], 'rate', 'rate', 'rate'],
  );
});

test('a value waits for the scale factors that it depends on, and zero for none', () => {
  const scale = (register: number) => ({ name: `sf ${register}`, register, exponent: 0 });
  const points = {
    rate: point({
      type: 'i16',
      writable: { functionCode: 16, min: -100, persistent: false, maxFrom: 'ceiling' },
      scale: scale(1),
    }),
    ceiling: point({ type: 'u16', scale: scale(2) }),
    whole: point({ type: 'u16', scale: scale(3) }),
  };
  const waits = (value: StepValue, powerW: number): number[] | undefined =>
    expanded(points, value, powerW)?.scales.map(({ register }) => register);
  assert.equal(waits('signed', 50), [1, 2]);
  assert.equal(waits({ of: 'signed', percentOf: 'whole' }, -50), [1, 2, 3]);
  assert.equal([waits('signed', 0), waits(0, 50)], [[], []]);
});

test('a sequence that the profile does not have is not written', () => {
  const { control } = huawei;
  if (!control) throw new Error('no control');
  const { charge: _none, ...sequences } = control.sequences;
  const profile = { ...huawei, control: { ...control, sequences } };
  assert.equal(expandSequence(profile, 'charge', new Bench().values), { ok: false, missing: 'charge' });
});

test('a constant is bounded by what the device shows at that moment, unless it is the least of its register already', () => {
  const { control } = huawei;
  if (!control) throw new Error('no control');
  const limited = (min?: number): Point =>
    point({
      type: 'u16',
      writable: { functionCode: 16, ...(min !== undefined && { min }), maxFrom: 'ceiling' } as Writable,
    });
  const points = {
    limit: limited(),
    least: limited(10),
    free: point({ type: 'u16', writable: { functionCode: 16 } as Writable }),
  };
  const set = { limit: 4000, least: 10, free: 7 };
  const steps = [
    { set, trigger: false },
    { set: { least: 9, free: 0 }, trigger: true },
    { set: { limit: 0 }, trigger: false },
  ];
  const profile = { ...huawei, points, control: { ...control, sequences: { ...control.sequences, hold: steps } } };
  const values = (ceiling: number | undefined): unknown => {
    const result = expandSequence(profile, 'hold', { ...new Bench().values, found: () => ceiling });
    return result.ok && result.transactions.map((one) => one.values);
  };
  const constant = [{ least: 10, free: 0 }, { limit: 0 }];
  assert.equal(values(undefined), [{ limit: 4000, least: 10, free: 7 }, ...constant]);
  assert.equal(values(3000), [{ limit: 3000, least: 10, free: 7 }, ...constant]);
  assert.equal(values(5000), [{ limit: 4000, least: 10, free: 7 }, ...constant]);
  assert.equal(values(-1), [{ limit: 0, least: 10, free: 7 }, ...constant]);
});

test('steps that come out the same whatever is known are made once a profile; each expansion is a passage of its own', () => {
  const { control } = huawei;
  if (!control) throw new Error('no control');
  const writable = { functionCode: 16, min: 10, persistent: false } as const;
  const points = {
    free: point({ type: 'u16', writable }),
    limit: point({ type: 'u16', writable: { ...writable, maxFrom: 'ceiling' } }),
  };
  const steps = [
    { free: 11 },
    { free: 'signed' },
    { limit: 11 },
    { limit: 10 },
    { limit: 9 },
    { free: 11, limit: 11 },
  ] as const;
  const hold = steps.map((set) => ({ set, trigger: false }));
  const profile = { ...huawei, points, control: { ...control, sequences: { ...control.sequences, hold } } };
  const expand = (of: typeof huawei): readonly Transaction[] => {
    const expanded = expandSequence(of, 'hold', { ...new Bench().values, powerW: 20, found: () => 5000 });
    if (!expanded.ok) throw new Error(expanded.missing);
    return expanded.transactions;
  };
  const one = expand(profile as unknown as typeof huawei);
  const other = expand(profile as unknown as typeof huawei);
  assert.equal(one, other);
  assert.is.not(one, other);
  assert.equal(
    one.map((transaction, at) => transaction === other[at]),
    [true, false, false, true, true, false],
  );
  const elsewhere = { ...profile, points: { ...points, free: point({ type: 'u16', register: 7, writable }) } };
  assert.is(expand(elsewhere as unknown as typeof huawei)[0]?.register, 7, 'a profile that is bound to another device');
});

test('a heartbeat is another number for every sequence', () => {
  const beat = point({ type: 'u16', writable: { functionCode: 16, min: 0, persistent: false } });
  assert.equal(written({ beat }, 'heartbeat', 0), [1]);
});

test.run();

type Writable = NonNullable<Point['writable']>;

/** A sequence of one step that writes the first of the points. */
function expanded(points: Readonly<Record<string, Point>>, value: StepValue, powerW: number): Transaction | undefined {
  const { control } = huawei;
  if (!control) throw new Error('no control');
  const [name = ''] = Object.keys(points);
  const sequences = { ...control.sequences, charge: [{ set: { [name]: value }, trigger: false }] };
  const found: Readonly<Record<string, number>> = { ceiling: 5000, whole: 5000, zero: 0, negative: -1 };
  const result = expandSequence({ ...huawei, points, control: { ...control, sequences } }, 'charge', {
    ...new Bench().values,
    powerW,
    found: (one) => found[one],
  });
  return result.ok ? result.transactions[0] : undefined;
}

/** Its words; the name of the point where it is not written. */
function written(points: Readonly<Record<string, Point>>, value: StepValue, powerW: number): number[] | string {
  const transaction = expanded(points, value, powerW);
  return transaction ? [...transaction.words] : (Object.keys(points)[0] ?? '');
}
