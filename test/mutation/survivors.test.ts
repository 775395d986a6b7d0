/** The list of explained mutants: in form, about files that are mutated, on lines that exist. The run itself is `npm run mutate`. */
import { globSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { scoresOf } from '../../scripts/mutation/score.ts';
import { MUTATED } from '../../scripts/mutation/scope.ts';
import { keyOf, nameAll, readExplained } from '../../scripts/mutation/survivors.ts';

const explained = readExplained();

test('every explained mutant stands on a line of a mutated file, changes it, and has a reason', () => {
  const files = new Set(globSync([...MUTATED]));
  for (const { file, line, from, to, kind, reason } of explained) {
    assert.ok(files.has(file), `${file} is not mutated`);
    const lines = readFileSync(file, 'utf8').split('\n');
    assert.ok(
      lines.some((text) => text.trim().replaceAll(/\s+/g, ' ') === line),
      `${file} has no line ${line}`,
    );
    assert.is.not(from, to);
    assert.ok(kind === 'equivalent' || kind === 'accepted', kind);
    assert.ok(reason.split(' ').length >= 4, `${file}: ${from}: too short a reason`);
  }
});

test('no mutant is explained twice', () => {
  assert.is(new Set(explained.map(keyOf)).size, explained.length);
});

test('a mutant is named by its line and what changes in it, and two that read alike by their number', () => {
  const text = 'const a = 1;\n  f(x > 0, x > 0, [\n    1]);\n';
  const at = (line: number, column: number, endLine: number, end: number, replacement: string) => ({
    fileName: 'a.ts',
    location: { start: { line, column }, end: { line: endLine, column: end } },
    replacement,
  });
  const names = nameAll([at(2, 5, 2, 10, 'true'), at(2, 12, 2, 17, 'true'), at(2, 19, 3, 7, '[]')], () => text);
  const line = 'f(x > 0, x > 0, [';
  assert.equal(names, [
    { file: 'a.ts', line, from: 'x > 0', to: 'true' },
    { file: 'a.ts', line, from: 'x > 0', to: 'true', nth: 2 },
    { file: 'a.ts', line, from: '[ 1]', to: '[]' },
  ]);
});

test('what no input tells apart does not count, what is accepted does', () => {
  const one = { file: 'a.ts', line: 'a', from: 'a', to: 'b', reason: 'it is only an example' };
  const { total } = scoresOf([
    { file: 'a.ts', status: 'Killed', explained: undefined },
    { file: 'a.ts', status: 'Timeout', explained: undefined },
    { file: 'a.ts', status: 'Survived', explained: { ...one, kind: 'equivalent' } },
    { file: 'a.ts', status: 'NoCoverage', explained: { ...one, kind: 'accepted' } },
    { file: 'a.ts', status: 'Ignored', explained: undefined },
  ]);
  assert.equal([total.found, total.survived, total.equivalent, total.accepted, total.ignored], [2, 2, 1, 1, 1]);
  assert.is(total.rawPct, 50);
  assert.is(total.scorePct.toFixed(1), '66.7');
});

test.run();
