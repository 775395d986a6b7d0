/** The lint rules of the house: what each is for is planted and seen caught. */
import { spawnSync } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findUnexplained } from '../../scripts/suppressions.ts';
import { ROOT, withFiles } from './support.ts';

const CONFIG = Object.fromEntries(
  ['.oxlintrc.json', 'tsconfig.json'].map((file) => [file, readFileSync(path.join(ROOT, file), 'utf8')]),
);

const IN_MACHINES = [
  'export const a = () => Date.now();',
  'export const a = () => Math.random();',
  'export const a = () => performance.now();',
  'export const a = () => setTimeout(() => {}, 1);',
  'export const a = () => setInterval(() => {}, 1);',
  'export const a = () => process.env;',
  'export const a = () => globalThis.Date;',
];
for (const source of IN_MACHINES) {
  test(`a machine has no clock, chance or process: ${source}`, () => {
    assert.match(lint('machines/x.ts', source), /no-restricted-(globals|properties)/);
    assert.not.match(lint('io/x.ts', source), /no-restricted/);
  });
}

const ANYWHERE: readonly (readonly [rule: string, source: string])[] = [
  ['no-explicit-any', 'export const a = (b: any) => b;'],
  ['no-floating-promises', 'async function a() {}\nexport function b() {\n  a();\n}'],
  ['no-default-export', 'export default 1;'],
  ['no-empty', 'try {\n  a();\n} catch {}\nexport function a() {}'],
  ['no-namespace', 'export namespace A {\n  export const b = 1;\n}'],
  [
    'switch-exhaustiveness-check',
    "export function a(b: 'x' | 'y') {\n  switch (b) {\n    case 'x':\n      a('y');\n  }\n}",
  ],
];
for (const [rule, source] of ANYWHERE) {
  test(`${rule} is an error: ${source.replaceAll(/\s+/g, ' ')}`, () => {
    assert.match(lint('io/x.ts', source), rule);
  });
}

test('an enum does not pass the type check', () => {
  const files = { 'tsconfig.json': readFileSync(path.join(ROOT, 'tsconfig.json'), 'utf8'), 'x.ts': 'export enum A {}' };
  assert.match(
    withFiles(files, (root) => tool('tsc', root, '--noEmit', '--types', '')),
    'erasableSyntaxOnly',
  );
});

test('--fix keeps the types of a machine', () => {
  const source = 'export const a = ({} as Types);\ntype Types = { readonly b?: string };\n';
  withFiles({ ...CONFIG, 'machines/x.ts': source }, (root) => {
    tool('oxlint', root, '--type-aware', '--fix', '--fix-suggestions');
    assert.match(readFileSync(path.join(root, 'machines/x.ts'), 'utf8'), '{} as Types');
  });
});

test('a suppression without its reason is found', () => {
  const marker = 'oxlint-disable-next-line';
  const bare = { 'io/x.ts': `// ${marker} no-control-regex\n` };
  const explained = { 'io/x.ts': `// ${marker} no-control-regex -- escape starts a colour\n` };
  assert.is(withFiles(bare, findUnexplained).length, 1);
  assert.is(withFiles(explained, findUnexplained).length, 0);
});

test.run();

function lint(file: string, source: string): string {
  return withFiles({ ...CONFIG, [file]: source }, (root) => {
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(root, 'node_modules'));
    return tool('oxlint', root, '--type-aware');
  });
}

function tool(name: string, cwd: string, ...args: readonly string[]): string {
  const bin = path.join(ROOT, 'node_modules/.bin');
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}`, OXLINT_TSGOLINT_PATH: `${bin}/tsgolint` };
  const run = spawnSync(path.join(bin, name), args, { cwd, env, encoding: 'utf8' });
  return run.stdout + run.stderr;
}
