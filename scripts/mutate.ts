/**
 * `npm run mutate [-- --files GLOB]`: how many mutants of the safety core its tests find (Stryker).
 *
 * Prints the score of every file and each survivor that nobody has explained, writes the same as JSON with `--json FILE`, and
 * exits with 1 below the target, or when an explained survivor is none any more.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { LogLevel } from '@stryker-mutator/api/core';
import { Stryker } from '@stryker-mutator/core';
import { Command } from 'commander';
import { MUTATED } from './mutation/scope.ts';
import { scoresOf } from './mutation/score.ts';
import type { Score } from './mutation/score.ts';
import { keyOf, nameAll, readExplained } from './mutation/survivors.ts';

const ROOT = path.dirname(import.meta.dirname);
const TARGET_PCT = 95;

const options = new Command('npm run mutate --')
  .option('--files <glob...>', 'only these of the files')
  .option('--jobs <n>', 'processes', Number, 2)
  .option('--quick', 'without what runs while modules load', false)
  .option('--json <file>', 'where to write the report as JSON')
  .parse()
  .opts<{ files?: readonly string[]; jobs: number; quick: boolean; json?: string }>();

process.chdir(ROOT);
const inScope = globSync([...MUTATED]);
const chosen = options.files ? new Set(globSync([...options.files])) : undefined;
const files = inScope.filter((file) => chosen?.has(file) ?? true).toSorted();
// As they are now: somebody may be working on them.
const texts = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]));
const results = await new Stryker({
  mutate: files,
  testRunner: 'uvu-in-process',
  plugins: [path.join(import.meta.dirname, 'mutation/uvu-runner.ts')],
  ignorers: ['prose'],
  reporters: ['progress-append-only'],
  ignoreStatic: options.quick,
  coverageAnalysis: 'perTest',
  concurrency: options.jobs,
  // Each reload leaves its modules behind.
  maxTestRunnerReuse: 200,
  timeoutMS: 10_000,
  disableTypeChecks: false,
  // Its reader of tsconfig needs an older TypeScript, and the copy needs no tsconfig.
  tsconfigFile: 'none',
  tempDirName: path.join(tmpdir(), `bessd-mutants-${process.pid}`),
  ignorePatterns: ['/data', '/docs', '/bench', '/deploy', '/console', '/scripts'],
  allowEmpty: true,
  logLevel: 'warn' as LogLevel, // oxlint-disable-line typescript/no-unsafe-enum-assignment -- its enum has no values at run time
}).runMutationTest();

const mutants = results
  .map((result) => ({ ...result, fileName: path.relative(ROOT, path.resolve(ROOT, result.fileName)) }))
  .toSorted((a, b) => Number(a.id) - Number(b.id));
const names = nameAll(mutants, (file) => texts.get(file) ?? '');
const explained = new Map(readExplained().map((one) => [keyOf(one), one]));
const rows = mutants.map(({ status, fileName, location }, at) => {
  const name = names[at];
  if (!name) throw new Error('a mutant without a name');
  return { name, status, file: fileName, line: location.start.line, explained: explained.get(keyOf(name)) };
});

const { perFile, total } = scoresOf(rows);
for (const score of [...perFile, total]) console.log(inWords(score));
const open = rows.filter((row) => row.explained === undefined && isSurvivor(row.status));
for (const { name, status, line } of open)
  console.log(`${status} ${name.file}:${line}  ${name.from}  →  ${name.to}${name.nth ? `  (${name.nth}.)` : ''}`);
const standing = new Set(rows.filter(({ status }) => isSurvivor(status)).map(({ name }) => keyOf(name)));
const gone = [...explained.values()].filter((one) => files.includes(one.file) && !standing.has(keyOf(one)));
for (const { file, line, from, to } of gone)
  console.log(`explained and no survivor any more: ${file}  ${line}  ${from} → ${to}`);
if (options.json)
  writeFileSync(options.json, `${JSON.stringify({ total, perFile, mutants: rows, gone }, undefined, 2)}\n`);
if (!(total.scorePct >= TARGET_PCT) || gone.length > 0) process.exitCode = 1;

function isSurvivor(status: string): boolean {
  return status === 'Survived' || status === 'NoCoverage';
}

function inWords({ file, found, survived, equivalent, accepted, ignored, rawPct, scorePct }: Score): string {
  const counts = `${found} found, ${survived} survived, of those ${equivalent} equivalent, ${accepted} accepted; ${ignored} texts`;
  return `${scorePct.toFixed(1).padStart(5)} %  (raw ${rawPct.toFixed(1)} %)  ${file}: ${counts}`;
}
