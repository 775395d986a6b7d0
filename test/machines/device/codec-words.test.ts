/**
 * Words to values and back, in bulk: all words of every 16-bit type, random ones of the wider types.
 *
 * `node test/machines/device/codec-words.test.ts --words 1000000 --seed 7` for the full size; without arguments a small one.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseArgs } from 'node:util';
import type { Point } from '../../../contracts/profile.ts';
import { registersOf } from '../../../contracts/profile.ts';
import { decode, encode } from '../../../machines/device/codec.ts';
import { randomFrom } from '../../sunspec/image.ts';
import { point } from '../support.ts';

const { values: options } = parseArgs({
  options: { words: { type: 'string', default: '20000' }, seed: { type: 'string', default: '1' } },
});
const WORDS = Number(options.words);
const SEED = Number(options.seed);
const test = suite(`codec, ${WORDS} random words, seed ${SEED}`);

/** Fifteen digits are exact with every scale; a register of 64 bits may hold more, and then loses its last ones. */
const EXACT = 2n ** 49n;
/** Gains as scale factors make them, and as registers have them. */
const GAINS = [1e10, 1000, 100, 10, 1, 0.1, 0.01, 1e-5, 1e-10];

for (const type of ['u16', 'i16', 'bcd16'] as const) {
  for (const gain of GAINS) {
    test(`${type} with gain ${gain}: every one of the 65,536 words goes there and back, or is no value`, () => {
      const row = point({ type, gain, ...(type === 'i16' && { invalid: [-0x8000] }) });
      let held = 0;
      for (let word = 0; word <= 0xffff; word += 1) {
        const value = decode(row, [word]);
        if (value === undefined) continue;
        held += 1;
        if (encode(row, Number(value))?.[0] !== word) assert.is(encode(row, Number(value))?.[0], word, String(value));
      }
      assert.is(held, type === 'bcd16' ? 10_000 : 65_535);
    });
  }
}

for (const type of ['u32', 'i32', 'u64', 'i64', 'f32', 'f64', 'bcd32'] as const) {
  for (const wordOrder of ['big', 'little'] as const) {
    test(`${type}, ${wordOrder} word first: random words go there and back, or are no value`, () => {
      const random = randomFrom(SEED);
      let held = 0;
      for (let at = 0; at < WORDS; at += 1) {
        const row = point({ type, wordOrder, gain: type.startsWith('f') ? 1 : (GAINS[1 + random(7)] ?? 1) });
        const words = wordsFor(row, random);
        const value = decode(row, words);
        if (value === undefined) continue;
        const joined = (wordOrder === 'big' ? words : words.toReversed()).reduce(
          (sum, word) => (sum << 16n) | BigInt(word),
          0n,
        );
        const whole = type === 'i64' ? BigInt.asIntN(64, joined) : joined;
        if ((type === 'i64' || type === 'u64') && (whole > EXACT || whole < -EXACT)) continue;
        held += 1;
        const back = encode(row, Number(value));
        // Minus zero is zero to everybody who calculates with it.
        if (back?.join() !== words.join() && value !== 0) assert.equal(back, words, `${value} with gain ${row.gain}`);
      }
      assert.ok(held > WORDS / 10, `${held} held`);
    });
  }
}

test.run();

/** Small numbers as well as large ones, negative ones as well as positive ones. */
function wordsFor(row: Point, random: (bound: number) => number): readonly number[] {
  const count = registersOf(row);
  const digits = (): number => random(10) * 0x1000 + random(10) * 0x100 + random(10) * 0x10 + random(10);
  const words = Array.from({ length: count }, () => (row.type === 'bcd32' ? digits() : random(0x1_0000)));
  const fill = random(4) === 0 ? 0 : random(2) === 0 && row.type.startsWith('i') ? 0xffff : undefined;
  const small = count === 4 && fill === undefined ? 2 : random(count);
  const sized = words.map((word, at) =>
    at < small && (fill !== undefined || count === 4) && !row.type.startsWith('f') ? (fill ?? 0) : word,
  );
  return row.wordOrder === 'little' ? sized.toReversed() : sized;
}
