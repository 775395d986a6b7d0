// deadline: 300 s
/** The shipped machines in the small size: no violation, nothing unfinished, and the system that the baseline knows. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { proofs } from '../../prover/compositions.ts';
import { SHIPPED } from '../../prover/parts.ts';
import baseline from './baseline.json' with { type: 'json' };

const known: Readonly<Record<string, { states: number; transitions: number }>> = baseline.small;
const shipped = proofs('small', SHIPPED);

for (const { name, about, run } of shipped) {
  test(`${name}: ${about}`, () => {
    const { states, transitions, complete, violation } = run();
    assert.is(violation, undefined, `${violation?.invariant}\n${violation?.trace.join('\n')}`);
    assert.ok(complete, 'the search came to its end');
    assert.equal(
      { states, transitions },
      known[name],
      'another system than the baseline: look, then npm run prove -- --size small --approve',
    );
  });
}

test('the baseline knows no composition that is gone', () => {
  assert.equal(Object.keys(known).toSorted(), shipped.map(({ name }) => name).toSorted());
});

test.run();
