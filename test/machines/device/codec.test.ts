/** Registers to values and back: every word of the 16-bit types, samples of the wider ones, and what is no value. */
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Point } from '../../../contracts/profile.ts';
import { registersOf } from '../../../contracts/profile.ts';
import { decode, encode } from '../../../machines/device/codec.ts';
import { point } from '../support.ts';

const test = suite('codec');

for (const type of ['u16', 'i16'] as const) {
  for (const gain of [1, 10, 100, 0.1]) {
    for (const positive of ['discharge', 'charge'] as const) {
      test(`${type}, gain ${gain}, positive is ${positive}: every one of the 65,536 words goes there and back`, () => {
        const row = point({ type, gain, positive });
        let missing = 0;
        for (let word = 0; word <= 0xffff; word += 1) {
          const value = decode(row, [word]);
          if (value === undefined) missing += 1;
          else if (encode(row, Number(value))?.[0] !== word) assert.is(encode(row, Number(value))?.[0], word);
        }
        assert.is(missing, 1, 'the marker alone is no value');
      });
    }
  }
}

const MARKERS: readonly (readonly [Point['type'], readonly number[]])[] = [
  ['u16', [0xffff]],
  ['i16', [0x7fff]],
  ['u32', [0xffff, 0xffff]],
  ['i32', [0x7fff, 0xffff]],
  ['u64', [0xffff, 0xffff, 0xffff, 0xffff]],
  ['i64', [0x7fff, 0xffff, 0xffff, 0xffff]],
  ['f32', [0x7fc0, 0]],
  ['f32', [0x7f80, 0]],
  ['f64', [0xfff0, 0, 0, 0]],
];
for (const [type, words] of MARKERS) {
  test(`${type} ${words.map((word) => word.toString(16)).join(' ')} is no value`, () => {
    assert.is(decode(point({ type }), words), undefined);
    assert.is(decode(point({ type }), words.toReversed(), 'little'), undefined);
  });
}

test('markers of the profile take the place of the usual ones, negative ones too', () => {
  const row = point({ type: 'i16', invalid: [-1, 0x8000] });
  assert.equal([decode(row, [0xffff]), decode(row, [0x8000]), decode(row, [0x7fff])], [undefined, undefined, 32_767]);
  assert.is(decode(point({ type: 'u16', invalid: [] }), [0xffff]), 65_535);
});

test('a value outside its plausible range is no value; at its ends it is', () => {
  const row = point({ type: 'u16', gain: 10, range: [0, 100] });
  assert.equal([decode(row, [0]), decode(row, [1000]), decode(row, [1001])], [0, 100, undefined]);
});

test('signs are those of bessd: out of the device and import are positive', () => {
  const words = [0xffff, 0xd8f0]; // -10,000
  const of = (positive: Point['positive']): unknown =>
    decode(point({ type: 'i32', ...(positive ? { positive } : {}) }), words);
  assert.equal(
    [of('charge'), of('export'), of('discharge'), of('generation'), of('import'), of(undefined)],
    [10_000, 10_000, -10_000, -10_000, -10_000, -10_000],
  );
  assert.ok(Object.is(decode(point({ type: 'i32', positive: 'charge' }), [0, 0]), 0), 'no negative zero');
});

test('the low byte first: numbers, texts and what is written', () => {
  const row = point({ type: 'u32', byteOrder: 'little' });
  assert.is(decode(row, [0x2301, 0x6745]), 0x0123_4567);
  assert.equal(encode(row, 0x0123_4567), [0x2301, 0x6745]);
  assert.equal(encode({ ...row, wordOrder: 'little' }, 0x0123_4567), [0x6745, 0x2301]);
  assert.is(decode(point({ type: 'string', length: 2, byteOrder: 'little' }), [0x5553, 0x004e]), 'SUN');
});

test('too few or too many words are no value', () => {
  for (const type of ['u16', 'u32', 'u64', 'f32', 'f64'] as const) {
    const right = registersOf({ type });
    for (const count of [0, 1, 2, 3, 4, 5]) {
      if (count !== right)
        assert.is(decode(point({ type }), Array<number>(count).fill(1)), undefined, `${type} of ${count}`);
    }
  }
});

test('a text ends at its first zero; one that is empty or no text is no value', () => {
  const text = (...words: number[]): unknown => decode(point({ type: 'string', length: words.length }), words);
  assert.is(text(0x5355, 0x4e00, 0x4141), 'SUN');
  assert.is(text(0x2053, 0x2000), 'S');
  assert.equal([text(0, 0), text(0x2020), text(0x0141), text(0xff41)], [undefined, undefined, undefined, undefined]);
});

test('what a register cannot hold is not written', () => {
  const no = (type: Point['type'], value: number, more: Partial<Point> = {}): void =>
    assert.is(encode(point({ type, ...more }), value), undefined, `${type} ${value}`);
  no('u16', -1);
  no('u16', 65_536);
  no('u16', 6553.6, { gain: 10 });
  no('i16', 32_768);
  no('i16', -32_769);
  no('u32', -1);
  no('u32', 2 ** 32);
  no('i32', 2 ** 31);
  no('u16', 100, { positive: 'charge' });
  no('u16', 65_535);
  no('i16', 32_767);
  no('i32', -(2 ** 31 - 1), { positive: 'charge' });
  no('u16', 7, { invalid: [7] });
  no('f32', 1e39);
  no('f64', Number.MAX_VALUE, { gain: 10 });
  no('string', 1, { length: 2 });
  for (const type of ['u16', 'i16', 'u32', 'i32', 'u64', 'i64', 'f32', 'f64'] as const) {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) no(type, value);
  }
});

const wide = fc.constantFrom('u32', 'i32', 'u64', 'i64', 'f32', 'f64');
const order = fc.constantFrom('big', 'little');

test('wider numbers go there and back in both word orders, for every value that they hold exactly', () => {
  fc.assert(
    fc.property(
      wide,
      order,
      fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 2 }),
      fc.constantFrom<Point['positive']>('charge', 'discharge'),
      (type, wordOrder, raw, positive) => {
        const row = point({ type, ...(positive ? { positive } : {}) });
        const held = type.startsWith('u')
          ? Math.abs(raw) * (positive === 'charge' ? -1 : 1)
          : type === 'f32'
            ? Math.fround(raw)
            : raw;
        const words = encode(row, held, wordOrder);
        // Turned round these are too large, and the marker of no value.
        if (type === 'i32' && positive === 'charge' && held <= -(2 ** 31) + 1) return assert.is(words, undefined);
        assert.is(words?.length, registersOf(row));
        assert.is(decode(row, words ?? [], wordOrder), held === 0 ? 0 : held);
      },
    ),
    { numRuns: 10_000 },
  );
});

test('the little word order is the big one turned round', () => {
  fc.assert(
    fc.property(wide, fc.nat(2 ** 31 - 1), (type, value) => {
      assert.equal(encode(point({ type }), value, 'little'), encode(point({ type }), value, 'big')?.toReversed());
    }),
  );
});

test('any words give a finite number, a text or nothing; never NaN, never out of range', () => {
  const types = fc.constantFrom<Point['type']>('u16', 'i16', 'u32', 'i32', 'u64', 'i64', 'f32', 'f64', 'string');
  fc.assert(
    fc.property(types, fc.array(fc.nat(0xffff), { maxLength: 6 }), order, (type, words, wordOrder) => {
      const value = decode(
        point({ type, range: [-1e6, 1e6], ...(type === 'string' ? { length: words.length } : {}) }),
        words,
        wordOrder,
      );
      if (typeof value === 'number') assert.ok(Number.isFinite(value) && Math.abs(value) <= 1e6);
      else assert.ok(value === undefined || type === 'string');
    }),
    { numRuns: 10_000 },
  );
});

test.run();
