import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inPortions } from '../../io/portions.ts';

/** Turns of a thread that are taken by hand. */
function turns(): { readonly later: (work: () => void) => void; readonly take: () => boolean } {
  const waiting: (() => void)[] = [];
  return {
    later: (work) => waiting.push(work),
    take: () => {
      const work = waiting.shift();
      work?.();
      return work !== undefined;
    },
  };
}

test('a single request is carried out at once', () => {
  const { later, take } = turns();
  const add = inPortions(later);
  const done: number[] = [];
  for (let n = 0; n < 100; n += 1) {
    add(100, () => done.push(n));
    assert.is(done.length, n + 1);
    while (take());
  }
});

test('a flood is carried out in order, a few requests a turn, and nothing is lost', () => {
  const { later, take } = turns();
  const add = inPortions(later);
  const done: number[] = [];
  for (let n = 0; n < 1000; n += 1) add(100, () => done.push(n));
  let before = done.length;
  assert.ok(before <= 16, `${before} in the first turn`);
  while (take()) {
    assert.ok(done.length - before <= 16, `${done.length - before} in one turn`);
    before = done.length;
  }
  assert.equal(
    done,
    Array.from({ length: 1000 }, (_, n) => n),
  );
});

test('what may wait is bounded: beyond it the oldest are carried out at once', () => {
  const { later, take } = turns();
  const add = inPortions(later);
  const done: number[] = [];
  for (let n = 0; n < 100; n += 1) add(1_000_000, () => done.push(n));
  assert.ok(done.length >= 100 - 4, `${done.length} carried out`);
  while (take());
  assert.equal(
    done,
    Array.from({ length: 100 }, (_, n) => n),
  );
});

test('a request that asks for another one does not change the order', () => {
  const { later, take } = turns();
  const add = inPortions(later);
  const done: string[] = [];
  for (let n = 0; n < 20; n += 1)
    add(10, () => {
      done.push(`${n}`);
      if (n === 18) add(10, () => done.push('more'));
    });
  while (take());
  assert.is(done.at(-1), 'more');
  assert.is(done.length, 21);
});

test.run();
