import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Problem } from '../../contracts/parse.ts';
import { profileSchema } from '../../contracts/profile.ts';
import { placesIn } from '../../scripts/cli/json-places.ts';
import { problemsOf, warningsOf } from '../../scripts/cli/profile-judgement.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const SHIPPED = readdirSync(path.join(ROOT, 'profiles')).filter((file) => file.endsWith('.json'));
const HUAWEI = readFileSync(path.join(ROOT, 'profiles/huawei-sun2000-luna2000.json'), 'utf8');
const folder = mkdtempSync(path.join(tmpdir(), 'bessd-profile-'));

test('every shipped profile passes without a problem and without a warning', () => {
  assert.ok(SHIPPED.length > 0);
  for (const file of SHIPPED) {
    const { code, out, err } = check(path.join(ROOT, 'profiles', file));
    assert.equal([code, err], [0, ''], file);
    assert.match(out, /0 problems, 0 warnings/);
  }
});

test('the worked example of the guide passes as well', () => {
  const guide = readFileSync(path.join(ROOT, 'docs/profiles.md'), 'utf8');
  const example = /```json\n([\s\S]*?)```/.exec(guide)?.[1] ?? '';
  const { out, err } = check(written('acme-powerbox.json', example));
  assert.is(err, '');
  assert.match(out, /0 problems, 0 warnings/);
});

test('a problem is named with line, path, value and expectation, and the exit code is 2', () => {
  const text = HUAWEI.replace('"register": 37765, "type": "i32"', '"register": 99999, "type": "int"');
  const line = text.split('\n').findIndex((one) => one.includes('99999')) + 1;
  const file = written('huawei-sun2000-luna2000.json', text);
  const { code, err } = check(file);
  assert.is(code, 2);
  assert.match(err, new RegExp(`:${line}: points.battery_power.register: got 99999, expected: `));
  assert.match(err, new RegExp(`:${line}: points.battery_power.type: got "int", expected: `));
});

test('a machine reads the findings as JSON, and an unknown key has its own path and line', () => {
  const file = written('huawei-sun2000-luna2000.json', HUAWEI.replace('"slowEvery"', '"slowEvry"'));
  const { code, out } = check(file, '--json');
  assert.is(code, 2);
  const { ok, problems } = JSON.parse(out) as { ok: boolean; problems: (Problem & { line: number })[] };
  assert.is(ok, false);
  assert.is(problems.length, 1);
  assert.equal([problems[0]?.path, problems[0]?.value], ['slowEvry', 5]);
  assert.is(problems[0]?.line, HUAWEI.split('\n').findIndex((one) => one.includes('"slowEvery"')) + 1);
});

test('a file that is no JSON, or cannot be read, is exit 2 with the line where reading stopped', () => {
  const { code, err } = check(written('broken.json', '{\n  "name": "a",\n  "version": 1,,\n}\n'));
  assert.is(code, 2);
  assert.match(err, /:3: \(whole\): .* expected: valid JSON/);
  const missing = check(path.join(folder, 'missing.json'));
  assert.is(missing.code, 2);
  assert.match(missing.err, /expected: a file that can be read/);
});

test('a key that stands twice is a warning, since only the last one counts', () => {
  const file = written(
    'huawei-sun2000-luna2000.json',
    HUAWEI.replace('"slowEvery": 5,', '"slowEvery": 5,\n"slowEvery": 6,'),
  );
  const { code, err } = check(file);
  assert.is(code, 0);
  assert.match(err, /warning .*: slowEvery: got 6, expected: a key that stands once/);
});

test('a row that can never work is a problem', () => {
  assert.equal(pathsOf(problemsOf(profile({ identity: { modelPattern: '(' } }))), ['identity.modelPattern']);
  assert.equal(pathsOf(problemsOf(withPoint({ range: [5, -5] }))), ['points.extra.range']);
  assert.equal(pathsOf(problemsOf(withPoint({ register: 65_535, type: 'u32' }))), ['points.extra.register']);
  const sequences = (value: number): unknown => ({
    sequences: { blockCharge: [{ set: { limit_charge_power: value } }] },
  });
  const path = 'control.sequences.blockCharge[0].set.limit_charge_power';
  assert.equal(pathsOf(problemsOf(profile({ control: sequences(-1) }))), [path, path]);
  assert.equal(pathsOf(problemsOf(profile({ control: sequences(2 ** 32 - 1) }))), [path]);
  assert.equal(pathsOf(problemsOf(profile({ control: sequences(100) }))), []);
});

test('what works but looks wrong is a warning', () => {
  const paths = (one: ReturnType<typeof profile>): readonly string[] => pathsOf(warningsOf(one, `${one.name}.json`));
  assert.equal(pathsOf(warningsOf(profile({}), 'other.json')), ['name']);
  assert.equal(paths(withPoint({ register: 37_766 })), ['points.extra.register'], 'the second half of battery_power');
  assert.equal(paths(profile({ transport: { blocks: [{ register: 100, count: 5 }] } })), ['transport.blocks[0]']);
  assert.equal(paths(withPoint({ bits: { 16: { name: 'late', severity: 'P4' } } })), ['points.extra.bits.16']);
  assert.equal(paths(withPoint({ bits: { 0: { name: 'dc_arc', severity: 'P4' } } })), ['points.extra.bits.0.name']);
  assert.equal(paths(withPoint({ range: [-10, -1] })), ['points.extra.range']);
  assert.equal(paths(withPoint({ writable: { functionCode: 6, persistent: true } })), ['points.extra.writable']);
  assert.equal(paths(withPoint({ measures: 'inverterState', values: { 1: 'on' } })), ['points.extra.values.1']);
  assert.equal(paths(profile({ points: { battery_power: { group: 'once' } } })), ['points.battery_power.group']);
  assert.equal(paths(profile({ transport: { requestGapMs: 999, blocks: [] } })), ['transport.requestGapMs']);
});

test('a line is found for every path, and for a missing one that of the nearest above it', () => {
  const places = placesIn('{\n "a": {\n  "b": [1,\n 2]\n },\n "a b": 1\n}');
  assert.equal(
    ['a', 'a.b', 'a.b[0]', 'a.b[1]', 'a.c', 'a.b[7].x', 'a b', 'zzz', ''].map(places.lineOf),
    [2, 3, 3, 4, 2, 3, 6, 1, 1],
  );
});

test.run();

function check(...args: readonly string[]): { code: number | null; out: string; err: string } {
  const script = path.join(ROOT, 'scripts/bessd.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, 'profile', 'check', ...args], {
    encoding: 'utf8',
  });
  return { code: status, out: stdout, err: stderr };
}

function written(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** The shipped profile with changes laid over it. */
function profile(changes: object): ReturnType<typeof profileSchema.parse> {
  return profileSchema.parse(merged(JSON.parse(HUAWEI), changes));
}

function withPoint(more: object): ReturnType<typeof profile> {
  return profile({ points: { extra: { register: 100, type: 'u16', group: 'slow', ...more } } });
}

function merged(base: unknown, changes: unknown): unknown {
  if (!isObject(base) || !isObject(changes)) return changes;
  const keys = Object.entries(changes).map(([key, value]) => [key, merged(base[key], value)] as const);
  return { ...base, ...Object.fromEntries(keys) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function pathsOf(problems: readonly Problem[]): readonly string[] {
  return problems.map(({ path }) => path);
}
