/** The test runner itself: what it must never take for a pass. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const ROOT = path.resolve(import.meta.dirname, '../..');

test('a file that runs no test is a failure, although it exits with 0', () => {
  const { status, text, last } = runner('zero-tests');
  assert.is(status, 1);
  assert.match(text, 'no test ran');
  assert.is(last, '0 passed, 1 failed');
});

test('a file that hangs after its tests is killed with its children and is a failure', () => {
  const { status, text, last } = runner('hangs');
  assert.is(status, 1);
  assert.match(text, 'killed after 1 s');
  assert.is(last, '1 passed, 1 failed');
  assert.is(isRunning(Number(/child (\d+)/.exec(text)?.[1])), false);
});

test('a file that crashes is a failure, and its output is shown in full', () => {
  const { status, text, last } = runner('crashes');
  assert.is(status, 1);
  assert.match(text, 'broken on purpose');
  assert.is(last, '0 passed, 1 failed');
});

test('a failing test is counted beside those that hold', () => {
  const { status, last } = runner('fails');
  assert.is(status, 1);
  assert.is(last, '1 passed, 1 failed');
});

test('what was skipped is counted and named with its reason', () => {
  const { status, text, last } = runner('passes');
  assert.is(status, 0);
  assert.match(text, 'passes.ts: no nats-server on this machine');
  assert.is(last, '1 passed, 0 failed, 2 skipped');
});

test('one failing file fails the run of several', () => {
  const { status, last } = runner('passes', 'zero-tests', 'fails');
  assert.is(status, 1);
  assert.is(last, '2 passed, 2 failed, 2 skipped');
});

test('a filter that matches no file is a failure', () => {
  const run = spawnSync(process.execPath, ['scripts/test.ts', 'no-such-thing'], { cwd: ROOT, encoding: 'utf8' });
  assert.is(run.status, 1);
});

test('--json gives the same numbers to machines', () => {
  const { status, text } = runner('fails', '--json');
  assert.is(status, 1);
  const { passed, failed, skipped } = JSON.parse(text) as Record<string, unknown>;
  assert.equal({ passed, failed, skipped }, { passed: 1, failed: 1, skipped: 0 });
});

test.run();

function runner(...names: readonly string[]): { status: number | null; text: string; last: string | undefined } {
  const args = names.map((name) => (name.startsWith('-') ? name : `test/house/fixtures/${name}.ts`));
  const run = spawnSync(process.execPath, ['scripts/test.ts', ...args], { cwd: ROOT, encoding: 'utf8' });
  return { status: run.status, text: run.stdout, last: run.stdout.trimEnd().split('\n').at(-1) };
}

/** A process that was killed may stay as a zombie where nobody reaps orphans: it has no command line any more. */
function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/cmdline`).length > 0;
}
