/**
 * The compiled machines against XState, event by event. `node test/compiled/equal.test.ts --events 1000000 --seed 1`
 * runs as long as wanted; without arguments a short walk with a seed that is printed.
 */
import { parseArgs } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compareByChance } from '../../prover/compare.ts';
import { SUBJECTS } from '../../prover/subjects.ts';

const { values } = parseArgs({ options: { events: { type: 'string' }, seed: { type: 'string' } } });
const events = Number(values.events ?? 10_000);
const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9));

for (const subject of SUBJECTS) {
  test(`${subject.name}: ${events} random events lead where XState leads, with the same effects`, () => {
    const { difference, pairs } = compareByChance(subject, events, seed);
    assert.is(difference, undefined, `seed ${seed}`);
    console.log(`${subject.name}: ${events} events equal, ${pairs} pairs of state and event, seed ${seed}`);
  });
}

test.run();
