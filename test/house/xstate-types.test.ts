/** XState's typing is alive in this checkout: the compiler refuses wrong events, inputs, tags and context keys. */
import { spawnSync } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOT, withFiles } from './support.ts';

const fixture = readFileSync(path.join(ROOT, 'test/house/fixtures/xstate-types.ts'), 'utf8');

test('the compiler finds each planted mistake', () => {
  assert.is(compile(fixture), '');
});

test('were the types erased, the compiler would complain', () => {
  const erased = fixture.replace('{} as LampTypes', '{}');
  assert.match(erased, 'types: {},');
  assert.match(compile(erased), "Unused '@ts-expect-error' directive");
});

test.run();

function compile(source: string): string {
  const config = readFileSync(path.join(ROOT, 'tsconfig.json'), 'utf8');
  return withFiles({ 'tsconfig.json': config, 'package.json': '{ "type": "module" }', 'lamp.ts': source }, (root) => {
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(root, 'node_modules'));
    const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
    return spawnSync(process.execPath, [tsc, '--noEmit'], { cwd: root, encoding: 'utf8' }).stdout;
  });
}
