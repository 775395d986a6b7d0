import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createSilence } from '../../supervisor/silence.ts';

const EVERY_MS = 1000;

test('a child that says nothing is silent for as long as we listen', () => {
  const { silence, at } = silent();
  assert.equal([at(1000), at(2000), at(3000)], [1000, 2000, 3000]);
  silence.heard();
  assert.equal([at(4000), at(5000)], [1000, 2000]);
});

test('a minute in which we could not listen is not the silence of the child', () => {
  const { at } = silent();
  assert.equal([at(1000), at(61_000), at(62_000)], [1000, 2000, 3000]);
});

test('a child that hangs is found out also by one who is always late', () => {
  const { at } = silent();
  assert.equal([at(5000), at(10_000), at(15_000)], [1000, 2000, 3000]);
});

test('what was heard just before a look that comes late is not older than it is', () => {
  const { silence, at, set } = silent();
  set(4900);
  silence.heard();
  assert.is(at(5000), 0);
  assert.is(at(6000), 1000);
});

test.run();

function silent(): {
  readonly silence: ReturnType<typeof createSilence>;
  readonly at: (ms: number) => number;
  readonly set: (ms: number) => void;
} {
  let nowMs = 0;
  const silence = createSilence({ now: () => nowMs }, EVERY_MS);
  const set = (ms: number): void => void (nowMs = ms);
  const at = (ms: number): number => {
    set(ms);
    return silence.look();
  };
  return { silence, at, set };
}
