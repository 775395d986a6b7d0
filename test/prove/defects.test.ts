// deadline: 300 s
/** Every planted defect is found, by the composition that should find it, and for the reason that it breaks. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { proofs } from '../../prover/compositions.ts';
import { RESTART_DEFECTS } from './defects-restarts.ts';
import { DEFECTS } from './defects.ts';

for (const { what, parts, foundBy, size, broken } of [...DEFECTS, ...RESTART_DEFECTS]) {
  test(`${what}: found by "${foundBy}"`, () => {
    const proof = proofs(size, parts).find(({ name }) => name === foundBy);
    const { violation } = proof?.run() ?? {};
    assert.ok(violation, 'it is found');
    assert.match(violation?.invariant ?? '', broken, violation?.trace.join('\n') ?? '');
  });
}

test.run();
