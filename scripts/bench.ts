/**
 * `npm run bench [-- NAME ...] [--size small|full] [--json]`: the measured claims, each beside its floor.
 *
 * Runs every measurement of bench/*.bench.ts whose file or name has NAME in it, each in a process of its own, one after
 * the other. Exit 1 when a target is missed or a measurement fails.
 */
import { globSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command, Option } from 'commander';
import type { Measurement, Row, Spread, Target } from '../bench/measure.ts';
import { killAllGroups, runGroup } from './process-group.ts';

type Job = { readonly file: string; readonly name: string };
type Result = Job & { readonly rows: readonly Row[]; readonly failure: string | undefined; readonly elapsedMs: number };

const ROOT = path.dirname(import.meta.dirname);
const DEADLINE_MS = 600_000;

const program = new Command('npm run bench --')
  .argument('[names...]', 'parts of the names of benchmark files or measurements')
  .addOption(new Option('--size <size>', 'how thorough').choices(['small', 'full']).default('full'))
  .option('--json', 'the result as JSON on stdout', false)
  .parse();
const options = program.opts<{ size: string; json: boolean }>();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    killAllGroups();
    process.exit(1);
  });
}

const results: Result[] = [];
for (const job of await findJobs(program.args)) {
  process.stderr.write(`${job.file}: ${job.name} …`);
  const result = await run(job);
  process.stderr.write(` ${result.failure ?? `${(result.elapsedMs / 1000).toFixed(0)} s`}\n`);
  results.push(result);
  if (!options.json) print(result);
}
if (results.length === 0) console.error(`no measurement matches ${program.args.join(' ')}`);
if (options.json) console.log(JSON.stringify({ node: process.version, size: options.size, results }, undefined, 2));
else summarise();
const missed = results.some(({ failure, rows }) => failure ?? rows.some(({ verdict }) => verdict === 'missed'));
if (missed || results.length === 0) process.exitCode = 1;

async function findJobs(names: readonly string[]): Promise<readonly Job[]> {
  const jobs: Job[] = [];
  for (const file of globSync('bench/*.bench.ts', { cwd: ROOT }).toSorted()) {
    const { href } = pathToFileURL(path.join(ROOT, file));
    const { measurements } = (await import(href)) as { measurements: readonly Measurement[] };
    jobs.push(...measurements.map(({ name }) => ({ file, name })));
  }
  const matches = ({ file, name }: Job): boolean => names.some((part) => file.includes(part) || name.includes(part));
  return jobs.filter((job) => names.length === 0 || matches(job));
}

async function run(job: Job): Promise<Result> {
  const args = ['--expose-gc', 'bench/run-one.ts', path.join(ROOT, job.file), job.name, options.size];
  const { code, output, timedOut, elapsedMs } = await runGroup(process.execPath, args, {
    cwd: ROOT,
    deadlineMs: DEADLINE_MS,
  });
  const lines = output.trimEnd().split('\n');
  if (timedOut) return { ...job, rows: [], failure: `killed after ${DEADLINE_MS / 1000} s`, elapsedMs };
  if (code !== 0) return { ...job, rows: [], failure: `exit code ${code}: ${lines.slice(-12).join('\n')}`, elapsedMs };
  return { ...job, rows: JSON.parse(lines.at(-1) ?? '[]') as Row[], failure: undefined, elapsedMs };
}

function print({ rows }: Result): void {
  const cells = rows.map((row) => [
    verdictText(row),
    row.what,
    row.reason === undefined ? spreadText(row.figure, row.unit) : `SKIPPED: ${row.reason}`,
    row.floor ? `${row.floor.name} ${spreadText(row.floor, row.unit)}` : '',
    row.ratio === undefined ? '' : `× ${short(row.ratio)}`,
    row.target ? targetText(row.target, row.unit) : '',
  ]);
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(0, ...cells.map((line) => line[column]?.length ?? 0)));
  for (const line of cells) {
    console.log(`  ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd());
  }
}

function summarise(): void {
  const rows = results.flatMap((result) => result.rows);
  const count = (verdict: Row['verdict']): number => rows.filter((row) => row.verdict === verdict).length;
  const failures = results.filter(({ failure }) => failure !== undefined).length;
  const skips = count('skipped') > 0 ? `, ${count('skipped')} skipped` : '';
  console.log(`\nmedian [least to most] over the rounds; Node ${process.version}, size ${options.size}`);
  console.log(`${count('met')} met, ${count('missed') + failures} missed${skips}, ${count('noted')} without a target`);
}

function verdictText({ verdict }: Row): string {
  return { met: 'ok', missed: 'MISSED', noted: '', skipped: 'SKIPPED' }[verdict];
}

function targetText(target: Target, unit: string): string {
  const limit = 'atMost' in target ? `≤ ${short(target.atMost)}` : `≥ ${short(target.atLeast)}`;
  return target.of === 'ratio' ? `target × ${limit}` : `target ${limit} ${unit}`;
}

function spreadText(spread: Spread | undefined, unit: string): string {
  return spread ? `${short(spread.median)} ${unit} [${short(spread.least)} to ${short(spread.most)}]` : '';
}

/** Three significant digits, with separators for thousands. */
function short(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}
