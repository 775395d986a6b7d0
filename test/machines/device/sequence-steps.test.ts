/** Each step of a sequence to its last detail: the function code, what persists, and every kind of value at its edges. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Point, StepValue } from '../../../contracts/profile.ts';
import { expandSequence } from '../../../machines/device/sequence.ts';
import type { Expanded, SequenceValues, Transaction } from '../../../machines/device/sequence.ts';
import { huawei, point } from '../support.ts';
import { Bench } from './bench.ts';

const test = suite('steps of a sequence');

type Steps = readonly { readonly set: Readonly<Record<string, StepValue>>; readonly trigger: boolean }[];
type Writable = NonNullable<Point['writable']>;

const writable = (more: Partial<Writable> = {}): Writable => ({
  functionCode: 16,
  min: -1000,
  max: 1000,
  persistent: false,
  ...more,
});
const row = (more: Partial<Writable> = {}, rest: Partial<Point> = {}): Point =>
  point({ type: 'i16', writable: writable(more), ...rest });

function expand(points: Readonly<Record<string, Point>>, steps: Steps, more: Partial<SequenceValues> = {}): Expanded {
  const { control } = huawei;
  if (!control) throw new Error('no control');
  const profile = { ...huawei, points, control: { ...control, sequences: { ...control.sequences, hold: [...steps] } } };
  return expandSequence(profile, 'hold', { ...new Bench().values, ...more });
}

function only(points: Readonly<Record<string, Point>>, more: Partial<SequenceValues> = {}, value: StepValue = 5) {
  const set = Object.fromEntries(Object.keys(points).map((name) => [name, value]));
  const result = expand(points, [{ set, trigger: false }], more);
  const [transaction] = result.ok ? result.transactions : [];
  return transaction;
}

/** What is written of one register; undefined where nothing is. */
const value = (of: Point, wanted: StepValue, more: Partial<SequenceValues> = {}): number | undefined =>
  only({ r: of }, more, wanted)?.values['r'];

test('one register goes out by the function code of its row, several always by 16', () => {
  const codes = (points: Readonly<Record<string, Point>>): Transaction['functionCode'] | undefined =>
    only(points)?.functionCode;
  assert.is(codes({ a: row({ functionCode: 6 }) }), 6);
  assert.is(codes({ a: row({ functionCode: 16 }) }), 16);
  assert.is(codes({ a: row({ functionCode: 6 }, { type: 'i32' }) }), 16);
  assert.is(codes({ a: row({ functionCode: 6 }), b: row({ functionCode: 6 }, { register: 1 }) }), 16);
  assert.is(codes({ a: point({ type: 'i16' }) }), 16);
});

test('a write persists when one of its registers does, and is left out on no change where a row says so', () => {
  const marks = (...rows: readonly Point[]): readonly (boolean | undefined)[] => {
    const transaction = only(Object.fromEntries(rows.map((one, at) => [`r${at}`, one])));
    return [transaction?.persistent, transaction?.onChange];
  };
  assert.equal(marks(row()), [false, false]);
  assert.equal(marks(point({ type: 'i16' })), [false, false]);
  assert.equal(marks(row({ persistent: true })), [true, true]);
  assert.equal(marks(row({ persistent: true, writeOnChange: false })), [true, true]);
  assert.equal(marks(row({ writeOnChange: true })), [false, true]);
  assert.equal(marks(row({ persistent: true }), row()), [true, true]);
  assert.equal(marks(row(), row({ persistent: true })), [true, true]);
});

test('a step that sets nothing is no write', () => {
  const result = expand({ a: row() }, [
    { set: {}, trigger: true },
    { set: { a: 1 }, trigger: false },
  ]);
  assert.equal(result.ok && result.transactions.map(({ values }) => values), [{ a: 1 }]);
});

test('a profile without control, a point that is not there, and a value that the register cannot hold write nothing', () => {
  const { control: _none, ...meter } = huawei;
  assert.equal(expandSequence(meter, 'hold', new Bench().values), { ok: false, missing: 'hold' });
  assert.equal(expand({}, [{ set: { a: 1 }, trigger: false }]), { ok: false, missing: 'a' });
  const wide = row({ max: 100_000 });
  assert.equal(expand({ a: wide }, [{ set: { a: 70_000 }, trigger: false }]), { ok: false, missing: 'a' });
});

test('a signed power of zero or more is written also where the register has no negative values', () => {
  assert.equal(
    [value(row({ min: 0 }), 'signed', { powerW: 7 }), value(row({ min: 0 }), 'signed', { powerW: 0 })],
    [7, 0],
  );
  assert.is(value(row({ min: 0 }), 'signed', { powerW: -7 }), undefined);
  assert.is(Object.is(value(row(), 'signed', { powerW: -0.4 }), 0), true, 'and zero has no sign');
});

test('a percentage in a direction that the register does not have is not written', () => {
  const found = (): number => 100;
  const signed = { of: 'signed', percentOf: 'whole' } as const;
  assert.is(value(row({ min: 0 }), signed, { powerW: -25, found }), undefined);
  assert.is(value(row(), signed, { powerW: -25, found }), -25);
  assert.is(value(row({ min: 0 }), { of: 'magnitude', percentOf: 'whole' }, { powerW: -25, found }), 25);
});

test('a number of the profile is written as it stands, between the least and the largest value of its register', () => {
  assert.equal([value(row({ max: 20 }), -50), value(row({ min: 10 }), 0), value(row({ max: 20 }), 50)], [-50, 10, 20]);
});

test('a value that was found is written back as found, or not at all where the register cannot hold so little', () => {
  const back = (found: number, of: Point): number | undefined => value(of, 'original', { originals: { r: found } });
  assert.equal(
    [back(-5, row()), back(-5, row({ min: 0 })), back(-5, row({ min: 10 })), back(5, row({ min: 10 }))],
    [-5, 0, undefined, undefined],
  );
  assert.is(value(row(), 'original', { originals: {} }), undefined);
});

test('a limit is restored no higher than its permit, but what was found and limits nothing as it was', () => {
  const more = { originals: { r: 500 }, permit: { charge: 300, discharge: 900 } };
  assert.is(value(row({ limits: 'charge' }), 'restored', more), 300);
  assert.is(value(row({ limits: 'discharge' }), 'restored', more), 500);
  assert.is(value(row({ limits: 'charge' }), 'original', more), 500);
  assert.is(value(row(), 'restored', more), 500);
  assert.is(value(point({ type: 'i16' }), 'restored', more), 500);
});

test('a register without a range of its own is written as far as its type goes', () => {
  assert.is(value(point({ type: 'i16' }), 'magnitude', { powerW: -300 }), 300);
});

type Sequences = NonNullable<NonNullable<typeof huawei.control>['sequences']>;

/** Of each step of a hold, whether it engages the device; beside these sequences of orders. */
function engaging(hold: Steps, orders: Partial<Record<'charge' | 'discharge', Steps>>): readonly boolean[] {
  const { control } = huawei;
  if (!control) throw new Error('no control');
  const { charge: _charge, discharge: _discharge, ...others } = control.sequences;
  const points = { a: row(), b: row({}, { register: 1 }) };
  const profile = {
    ...huawei,
    points,
    control: { ...control, sequences: { ...others, ...orders, hold } as Sequences },
  };
  const values = { ...new Bench().values, originals: { a: 7, b: 7 } };
  const expanded = expandSequence(profile, 'hold', values);
  return expanded.ok ? expanded.transactions.map(({ engages }) => engages) : [];
}

const step = (set: Readonly<Record<string, StepValue>>): Steps[number] => ({ set, trigger: false });

test('a step engages the device when an order of either direction writes all of it with the same values', () => {
  assert.equal(engaging([step({ a: 1 })], { charge: [step({ a: 1 })] }), [true]);
  assert.equal(engaging([step({ a: 1 })], { discharge: [step({ b: 0 }), step({ a: 1, b: 2 })] }), [true]);
  assert.equal(engaging([step({ a: 0 })], { charge: [step({ a: 1 })], discharge: [step({ b: 0 })] }), [false]);
  assert.equal(engaging([step({ a: 1, b: 0 })], { charge: [step({ a: 1, b: 2 })] }), [false]);
  assert.equal(engaging([step({ a: 1, b: 0 })], { charge: [step({ a: 1 }), step({ b: 0 })] }), [false]);
});

test('a value that is only known when it is written engages nothing, and neither does a device that takes no orders', () => {
  assert.equal(engaging([step({ a: 'original' })], { charge: [step({ a: 'original' })] }), [false]);
  assert.equal(engaging([step({ a: 1 }), step({ b: 0 })], {}), [false, false]);
});

test.run();
