/** `npm run simulate:faults` as a program: what it prints, and its exit codes. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('simulate:faults');
const PROGRAM = path.join(import.meta.dirname, '../../scripts/simulate-faults.ts');

function run(...args: readonly string[]): { readonly code: number | null; readonly out: string; readonly err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}

for (const [args, names] of [
  [['--jobs', 'many'], '--jobs'],
  [['--jobs', '0'], '--jobs'],
  [['--jobs', '1.5'], '--jobs'],
  [['--seed', 'first'], '--seed first'],
  [['--seeds', '0'], '--seeds 0'],
  [['--seeds', 'all'], '--seeds all'],
] as const)
  test(`${args.join(' ')} is refused, by name`, () => {
    const { code, out, err } = run(...args);
    assert.is(code, 2);
    assert.is(out, '');
    assert.ok(err.includes(names), err);
  });

test('one seed is replayed: its schedule, its trace, and the same trace again', () => {
  const [first, again] = [run('--seed', '7'), run('--seed', '7')];
  assert.is(first.code, 0, first.out);
  assert.match(first.out, /^seed 7\n {2}bess-1 {2}face=/);
  assert.match(first.out, /\ntrace [0-9a-f]{16}\n/);
  assert.is(traceOf(first.out), traceOf(again.out));
  assert.match(first.out, /\n1 passed, 0 failed\n$/);
});

test('as JSON it is numbers only', () => {
  const { code, out } = run('--seeds', '2', '--seed', '5', '--jobs', '1', '--json');
  const { first, seeds, failures, broken } = JSON.parse(out) as Record<string, unknown>;
  assert.equal([code, first, seeds, failures, broken], [0, 5, 2, [], []]);
});

test.run();

function traceOf(out: string): string | undefined {
  return /\ntrace ([0-9a-f]+)/.exec(out)?.[1];
}
