/**
 * The test runner behind `npm test`: every *.test.ts under test/ as a process of its own, with a deadline.
 *
 * Arguments filter by a part of the path; the path of an existing file runs just that. `--jobs N`, `--json`. The last
 * line is `N passed, N failed`, with `, N skipped` where something was skipped; exit 1 on any failure.
 */
import { existsSync, globSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { killAllGroups, runGroup } from './process-group.ts';
import { judge, needsOf } from './test-file.ts';
import type { TestFileResult } from './test-file.ts';

const ROOT = path.dirname(import.meta.dirname);

const program = new Command('npm test --')
  .argument('[filters...]', 'parts of paths, or files')
  .option('--jobs <n>', 'files at once', '2')
  .option('--json', 'the result as JSON on stdout', false)
  .parse();
const options = program.opts<{ jobs: string; json: boolean }>();

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.on(signal, () => {
    killAllGroups();
    process.exit(code);
  });
}

const files = findFiles(program.args);
const results = await runAll(files, Number(options.jobs));
if (options.json) console.log(JSON.stringify(inNumbers(results), undefined, 2));
else printSummary(results);
if (files.length === 0 || results.some((result) => result.failure !== undefined)) process.exitCode = 1;

function findFiles(filters: readonly string[]): readonly string[] {
  const named = filters.filter((filter) => filter.endsWith('.ts') && existsSync(path.resolve(ROOT, filter)));
  const parts = filters.filter((filter) => !named.includes(filter));
  const all = globSync('test/**/*.test.ts', { cwd: ROOT }).toSorted();
  const found = named.length > 0 && parts.length === 0 ? [] : all;
  const matching = found.filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)));
  return [...new Set([...named, ...matching])];
}

async function runAll(chosen: readonly string[], jobs: number): Promise<readonly TestFileResult[]> {
  const done: TestFileResult[] = [];
  const plan = chosen.map((file) => ({ file, ...needsOf(path.resolve(ROOT, file)) }));
  const together = plan.filter(({ alone }) => !alone);
  const lane = async (): Promise<void> => {
    for (let next = together.shift(); next; next = together.shift()) await runOne(next);
  };
  await Promise.all(Array.from({ length: Math.max(1, jobs) }, lane));
  for (const next of plan) if (next.alone) await runOne(next);
  return done;

  async function runOne({ file, deadlineMs }: { file: string; deadlineMs: number }): Promise<void> {
    const run = await runGroup(process.execPath, [path.resolve(ROOT, file)], { cwd: ROOT, deadlineMs });
    const result = judge(file, run, deadlineMs);
    done.push(result);
    if (!options.json) printFile(result);
  }
}

function printFile({ file, failure, passed, skipped, elapsedMs, output }: TestFileResult): void {
  const seconds = `${(elapsedMs / 1000).toFixed(1)} s`;
  if (failure === undefined) {
    const skips = skipped.length > 0 ? `, ${skipped.length} skipped` : '';
    console.log(`${painted('ok', 32)}    ${file}  ${passed} tests${skips}, ${seconds}`);
    return;
  }
  console.log(`${painted('FAIL', 31)}  ${file}  ${failure}, ${seconds}`);
  console.log(output.trimEnd().replaceAll(/^/gm, '      '));
}

function printSummary(done: readonly TestFileResult[]): void {
  if (done.length === 0) console.log(`no test file matches ${program.args.join(' ')}`);
  const skips = done.flatMap(({ file, skipped }) => skipped.map((reason) => `  ${file}: ${reason}`));
  if (skips.length > 0) console.log(`\n${painted('SKIPPED', 33)}, so not proven by this run:\n${skips.join('\n')}`);
  const failures = done.filter(({ failure }) => failure !== undefined);
  if (failures.length > 0) console.log(`\n${painted('FAILED', 31)}:`);
  for (const { file, failure } of failures) console.log(`  ${file}: ${failure}`);
  const { passed, failed, skipped } = inNumbers(done);
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
}

function inNumbers(done: readonly TestFileResult[]): {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly files: readonly TestFileResult[];
} {
  return {
    passed: done.reduce((sum, { passed }) => sum + passed, 0),
    failed: done.reduce((sum, { failed }) => sum + failed, 0),
    skipped: done.reduce((sum, { skipped }) => sum + skipped.length, 0),
    files: done,
  };
}

function painted(word: string, colour: number): string {
  return process.stdout.isTTY ? `\u001b[${colour}m${word}\u001b[0m` : word;
}
