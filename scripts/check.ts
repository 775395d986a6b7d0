/**
 * `npm run check`: types, lint, format, dead code, layers, suppressions and generated files; no tests.
 *
 * Runs all of them and shows the output of those that fail; a tool that is missing has failed. Generated files are
 * proven by their generators: every scripts/generate-*.ts is run with `--check`. Exit 1 on any failure.
 */
import { globSync } from 'node:fs';
import path from 'node:path';
import { findBreaches } from './layers.ts';
import { killAllGroups, runGroup } from './process-group.ts';
import { findUnexplained } from './suppressions.ts';

type Verdict = { readonly ok: boolean; readonly output: string };
type Check = { readonly name: string; readonly run: () => Promise<Verdict> };

const ROOT = path.dirname(import.meta.dirname);
const DEADLINE_MS = 180_000;

const CHECKS: readonly Check[] = [
  { name: 'types', run: tool('tsc', '--noEmit') },
  { name: 'lint', run: tool('oxlint', '--type-aware', '--deny-warnings', '--report-unused-disable-directives') },
  { name: 'format', run: tool('oxfmt', '--check', '.') },
  { name: 'dead code', run: tool('knip', '--no-progress') },
  { name: 'layers', run: listed(() => findBreaches(ROOT).map((one) => `${one.file} ← ${one.imported}: ${one.rule}`)) },
  {
    name: 'suppressions',
    run: listed(() => findUnexplained(ROOT).map((one) => `${one.file}:${one.line} ${one.text}`)),
  },
  ...globSync('scripts/generate-*.ts', { cwd: ROOT }).map(generated),
];

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    killAllGroups();
    process.exit(1);
  });
}

// The tools are scripts for "env node", and an older one may stand first in the path.
process.env['PATH'] = [path.join(ROOT, 'node_modules/.bin'), process.env['PATH']].join(path.delimiter);

let failed = 0;
for (const { name, run } of CHECKS) {
  const { ok, output } = await run();
  console.log(`${ok ? painted('ok', 32) : painted('FAIL', 31)}${ok ? '  ' : ''}  ${name}`);
  if (ok) continue;
  failed += 1;
  console.log(output.trimEnd().replaceAll(/^/gm, '      '));
}
console.log(`\n${CHECKS.length - failed} passed, ${failed} failed`);
if (failed > 0) process.exitCode = 1;

function tool(command: string, ...args: readonly string[]): Check['run'] {
  return async () => {
    const { code, output, timedOut } = await runGroup(command, args, { cwd: ROOT, deadlineMs: DEADLINE_MS });
    if (timedOut) return { ok: false, output: `${output}\nkilled after ${DEADLINE_MS / 1000} s` };
    return { ok: code === 0, output: output.trim() === '' ? `exit code ${code}` : output };
  };
}

function listed(find: () => readonly string[]): Check['run'] {
  return async () => {
    const found = find();
    return { ok: found.length === 0, output: found.join('\n') };
  };
}

function generated(script: string): Check {
  return { name: `generated: ${path.basename(script, '.ts')}`, run: tool(process.execPath, script, '--check') };
}

function painted(word: string, colour: number): string {
  return process.stdout.isTTY ? `\u001b[${colour}m${word}\u001b[0m` : word;
}
