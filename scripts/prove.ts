/**
 * `npm run prove [-- NAME ...] [--size small|full] [--json] [--approve]`: the exhaustive check of the composed machines.
 *
 * Every composition prints what it is made of, its bounds, its states and transitions, and whatever was left out. The
 * counts are compared with test/prove/baseline.json: a change means that another system was proven, and wants a look
 * before `--approve` writes it. Exit 1 on a violation, an unfinished search or an unapproved count.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command, Option } from 'commander';
import { proofs } from '../prover/compositions.ts';
import type { Proof, Size } from '../prover/compositions.ts';
import { SHIPPED } from '../prover/parts.ts';
import type { Verdict } from '../prover/search.ts';

type Count = { readonly states: number; readonly transitions: number };
type Baseline = Record<Size, Record<string, Count>>;

const BASELINE = path.join(path.dirname(import.meta.dirname), 'test/prove/baseline.json');

const program = new Command('npm run prove --')
  .argument('[names...]', 'parts of the names of compositions')
  .addOption(new Option('--size <size>', 'how far').choices(['small', 'full']).default('full'))
  .option('--json', 'the result as JSON on stdout', false)
  .option('--approve', 'writes the counts as the new baseline', false)
  .parse();
const { size, json, approve } = program.opts<{ size: Size; json: boolean; approve: boolean }>();

const baseline = JSON.parse(readFileSync(BASELINE, 'utf8')) as Baseline;
const chosen = proofs(size, SHIPPED).filter(
  ({ name }) => program.args.length === 0 || program.args.some((part) => name.includes(part)),
);
if (chosen.length === 0) console.error(`no composition matches ${program.args.join(' ')}`);
const results: { proof: Proof; verdict: Verdict; elapsedMs: number; changed: boolean }[] = [];
for (const proof of chosen) {
  const startedAt = performance.now();
  const verdict = proof.run();
  const known = baseline[size][proof.name];
  const changed = known?.states !== verdict.states || known.transitions !== verdict.transitions;
  const result = { proof, verdict, elapsedMs: Math.round(performance.now() - startedAt), changed };
  results.push(result);
  if (!json) print(result);
}

const bad = results.filter(({ verdict: { complete, violation } }) => !complete || violation !== undefined);
const changed = results.filter((result) => result.changed);
if (approve && bad.length === 0) {
  const counted = results.map(({ verdict: { name, states, transitions } }) => [name, { states, transitions }]);
  const whole = program.args.length === 0 ? {} : baseline[size];
  const next = { ...baseline, [size]: { ...whole, ...(Object.fromEntries(counted) as Record<string, Count>) } };
  writeFileSync(BASELINE, `${JSON.stringify(next, undefined, 2)}\n`);
}
if (json) console.log(JSON.stringify({ size, results: results.map(asJson) }, undefined, 2));
else summarise();
if (bad.length > 0 || chosen.length === 0 || (changed.length > 0 && !approve)) process.exitCode = 1;

function print({ proof, verdict, elapsedMs, changed: isChanged }: (typeof results)[number]): void {
  const { states, transitions, depth, cuts, complete, violation } = verdict;
  const seconds = (elapsedMs / 1000).toFixed(1);
  console.log(`${violation ? 'VIOLATED' : complete ? 'proven  ' : 'UNFINISHED'}  ${proof.name}: ${proof.about}`);
  console.log(`    ${number(states)} states, ${number(transitions)} transitions, ${depth} steps deep, ${seconds} s`);
  for (const line of proof.modelled) console.log(`    modelled   ${line}`);
  for (const line of proof.assumed) console.log(`    assumed    ${line}`);
  for (const line of proof.invariants) console.log(`    invariant  ${line}`);
  for (const [bound, value] of Object.entries(proof.bounds)) console.log(`    bound      ${bound} ≤ ${value}`);
  for (const [bound, count] of Object.entries(cuts)) console.log(`    LEFT OUT   ${number(count)} steps: ${bound}`);
  if (isChanged && !approve)
    console.log('    CHANGED    the counts differ from test/prove/baseline.json: look, then --approve');
  if (violation) {
    console.log(`    BROKEN     ${violation.invariant}; the shortest way:`);
    for (const [at, label] of violation.trace.entries()) console.log(`      ${String(at).padStart(3)}  ${label}`);
  }
}

function summarise(): void {
  const sum = (pick: (verdict: Verdict) => number): string =>
    number(results.reduce((total, { verdict }) => total + pick(verdict), 0));
  const totals = `${sum(({ states }) => states)} states, ${sum(({ transitions }) => transitions)} transitions`;
  console.log('\nProved for the model of messages, crashes and timers; not for Node, sockets, devices or wiring.');
  console.log(`${results.length} compositions, size ${size}: ${totals}; ${bad.length} violated or unfinished`);
}

function asJson({ proof, verdict, elapsedMs, changed: isChanged }: (typeof results)[number]): unknown {
  const { about, modelled, assumed, invariants, bounds } = proof;
  return { about, modelled, assumed, invariants, bounds, ...verdict, elapsedMs, changed: isChanged };
}

function number(value: number): string {
  return value.toLocaleString('en');
}
