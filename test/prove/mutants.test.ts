// deadline: 300 s
/**
 * Every mutant of every machine is noticed: by the checker, else by a generated scenario or a tag that is gone, else it is
 * listed with its reason in test/prove/mutants.json (written by scripts/prove-mutants.ts). What the checker is said to
 * find is tried on a sample, another one each run.
 */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AnyStateMachine } from 'xstate';
import { compile } from '../../machines/compiled/compile.ts';
import type { CompiledMachine } from '../../machines/compiled/compile.ts';
import { chance } from '../../prover/compare.ts';
import { brokenBy, mutantsOf } from '../../prover/mutants.ts';
import { parseScenarios, replay } from '../../prover/paths.ts';
import { SHIPPED } from '../../prover/parts.ts';
import { SUBJECTS } from '../../prover/subjects.ts';
import type { Subject } from '../../prover/subjects.ts';
import listed from './mutants.json' with { type: 'json' };

const SAMPLE = 8;
const seed = Math.floor(Math.random() * 1e9);
const reasons: Readonly<Record<string, string>> = listed.reasons;
const lists: Readonly<Record<string, { foundByChecker: readonly string[]; leftToScenarios: readonly string[] }>> =
  listed.machines;

for (const subject of SUBJECTS) {
  const mutants = mutantsOf(subject);
  const { foundByChecker = [], leftToScenarios = [] } = lists[subject.name] ?? {};

  test(`${subject.name}: ${mutants.length} mutants, each is found or listed`, () => {
    assert.equal(
      mutants.map(({ name }) => name).toSorted(),
      [...foundByChecker, ...leftToScenarios].toSorted(),
      'run node scripts/prove-mutants.ts',
    );
    const unnoticed = mutants
      .filter(({ name, machine }) => leftToScenarios.includes(name) && !differs(subject, compile(machine)))
      .map(({ name }) => `${subject.name}: ${name}`);
    const wanted = Object.keys(reasons).filter((key) => key.startsWith(`${subject.name}: `));
    assert.equal(unnoticed.toSorted(), wanted.toSorted(), 'what nobody notices has its reason in the file');
  });

  test(`${subject.name}: the checker finds a sample of what it is said to find (seed ${seed})`, () => {
    const next = chance(seed);
    for (let count = 0; count < SAMPLE; count += 1) {
      const name = foundByChecker[Math.floor(next() * foundByChecker.length)];
      const [mutant] = mutants.filter((one) => one.name === name);
      if (!mutant) return assert.unreachable(`${name} is no mutant`);
      const parts = { ...SHIPPED, [subject.name]: compile(mutant.machine) };
      assert.ok(brokenBy(subject, parts), name);
    }
  });
}

test.run();

/** In a scenario, at the start, or in the tags of a state. */
function differs(subject: Subject, mutant: CompiledMachine<AnyStateMachine>): boolean {
  const shipped = compile(subject.machine);
  if (text(mutant.leaves.map(({ tags }) => [...tags])) !== text(shipped.leaves.map(({ tags }) => [...tags])))
    return true;
  try {
    const starts = subject.inputs.some(
      (input) => text(mutant.start(input as never)) !== text(shipped.start(input as never)),
    );
    return (
      starts ||
      parseScenarios(fileOf(subject)).some(({ input, steps }) => {
        const events = steps.map(({ event }) => event);
        return text(replay(subject, mutant, input, events)) !== text(steps);
      })
    );
  } catch {
    return true; // a mutant that cannot even go this way
  }
}

function fileOf({ name }: Subject): string {
  return readFileSync(new URL(`../generated/${name}.txt`, import.meta.url), 'utf8');
}

function text(value: unknown): string {
  return JSON.stringify(value);
}
