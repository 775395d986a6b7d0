/** What others changed on a device: registers that are only watched, and the edge at which a value counts as ours. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { expectValues, readBack, watchChanges } from '../../../machines/device/read-back.ts';
import type { PointValue, Sample } from '../../../contracts/telemetry.ts';
import { sample } from '../support.ts';

const test = suite('read-back');

const shows = (values: Readonly<Record<string, PointValue>>): Readonly<Record<string, Sample>> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { ...sample(0), value }]));
const none = shows({});

test('a watched register that shows another value than before was changed by somebody else', () => {
  const names = ['limit', 'mode'];
  assert.equal(watchChanges({ limit: 500, mode: 1 }, names, shows({ limit: 400, mode: 1 }), {}), {
    watched: { limit: 400, mode: 1 },
    differences: [{ point: 'limit', expected: 500, found: 400 }],
  });
});

test('what is seen for the first time is no change, and is known from then on', () => {
  assert.equal(watchChanges({}, ['limit'], shows({ limit: 400 }), {}), { watched: { limit: 400 }, differences: [] });
});

test('what is not shown stays known as it was, and what nobody watches does not count', () => {
  const before = { limit: 500, other: 1 };
  const quiet = { watched: before, differences: [] };
  assert.equal(watchChanges(before, ['limit'], none, {}), quiet);
  assert.equal(watchChanges(before, ['limit'], { limit: { ...sample(0), value: undefined } }, {}), quiet);
  assert.equal(watchChanges(before, ['limit'], shows({ limit: 500, other: 2 }), {}), quiet);
});

test('a watched register that bessd has written is judged by what was written, and known as it is', () => {
  const ours = expectValues({}, { limit: 400 }, 0);
  assert.equal(watchChanges({ limit: 500 }, ['limit'], shows({ limit: 300 }), ours), {
    watched: { limit: 300 },
    differences: [],
  });
});

test('a value nearer than half a step is the one that was written; half a step, or a text, is another', () => {
  const written = expectValues({}, { limit: 500 }, 0);
  const differs = (value: PointValue): number =>
    readBack(written, { limit: { ...sample(0, 1), value } }).differences.length;
  assert.equal([differs(500.4), differs(500.5), differs(499.5), differs('500')], [0, 1, 1, 1]);
});

test.run();
