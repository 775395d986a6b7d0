/**
 * `node scripts/prove-mutants.ts`: which mutants of the machines the checker finds, and which only the generated scenarios.
 *
 * Writes test/prove/mutants.json; test/prove/mutants.test.ts holds every mutant to one of the two, or to a reason.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { compile } from '../machines/compiled/compile.ts';
import { brokenBy, mutantsOf } from '../prover/mutants.ts';
import { SHIPPED } from '../prover/parts.ts';
import { SUBJECTS } from '../prover/subjects.ts';

new Command('node scripts/prove-mutants.ts')
  .description('writes test/prove/mutants.json: which mutants the checker finds, and which the scenarios')
  .parse();

type Lists = { readonly foundByChecker: readonly string[]; readonly leftToScenarios: readonly string[] };

const FILE = path.join(path.dirname(import.meta.dirname), 'test/prove/mutants.json');
const { reasons } = JSON.parse(readFileSync(FILE, 'utf8')) as { reasons: Record<string, string> };

const machines: Record<string, Lists> = {};
for (const subject of SUBJECTS) {
  const foundByChecker: string[] = [];
  const leftToScenarios: string[] = [];
  for (const { name, machine } of mutantsOf(subject)) {
    const found = brokenBy(subject, { ...SHIPPED, [subject.name]: compile(machine) });
    (found === undefined ? leftToScenarios : foundByChecker).push(name);
  }
  machines[subject.name] = { foundByChecker, leftToScenarios };
  console.log(
    `${subject.name}: ${foundByChecker.length} found by the checker, ${leftToScenarios.length} left to the scenarios`,
  );
}
writeFileSync(FILE, `${JSON.stringify({ reasons, machines }, undefined, 2)}\n`);
