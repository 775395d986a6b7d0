/** docs/safety.md: whatever it names exists, and every hazard and every composition is in it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { proofs } from '../../prover/compositions.ts';
import { SHIPPED } from '../../prover/parts.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const PAGE = readFileSync(path.join(ROOT, 'docs/safety.md'), 'utf8');
const HAZARDS = 24;
const NAMED_TEST = /^- `(test\/[^`]+\.test\.ts)`: (.+)$/gm;

/** Titles as they stand in the source, quoted in any way. */
function titlesIn(file: string): ReadonlySet<string> {
  const source = readFileSync(path.join(ROOT, file), 'utf8');
  return new Set([...source.matchAll(/\btest\(\s*(['`"])(.*?)\1,/gs)].map(([, , title = '']) => title));
}

test('each test that docs/safety.md names is there, under its title', () => {
  const named = [...PAGE.matchAll(NAMED_TEST)].map(([, file = '', title = '']) => ({ file, title }));
  assert.ok(named.length > 2 * HAZARDS, `${named.length} named`);
  const missing = named.filter(({ file, title }) => !existsSync(path.join(ROOT, file)) || !titlesIn(file).has(title));
  assert.equal(missing, []);
});

test('each file that docs/safety.md names is there', () => {
  const files = [...PAGE.matchAll(/`([\w./-]+\.(?:ts|json|md))`/g)].map(([, file = '']) => file);
  const links = [...PAGE.matchAll(/\]\(([\w./-]+)\)/g)].map(([, to = '']) => path.join('docs', to));
  assert.equal(
    [...files, ...links].filter((file) => !existsSync(path.join(ROOT, file))),
    [],
  );
});

test('each hazard has its tests, or says what is open', () => {
  const sections = PAGE.split(/^### /m).slice(1);
  assert.equal(
    sections.map((text) => /^H\d+/.exec(text)?.[0]),
    Array.from({ length: HAZARDS }, (_, at) => `H${at + 1}`),
  );
  assert.equal(
    sections.filter((text) => !text.includes('- `test/')).map((text) => text.split('\n')[0]),
    [],
  );
});

test('the compositions of docs/safety.md are those that the prover searches, with their size', () => {
  const told = new Map<string, string>();
  for (const [, names = '', size = ''] of PAGE.matchAll(/^\| (`[^|]*`) \| (both|small|full) \|/gm))
    for (const [, name = ''] of names.matchAll(/`([^`]+)`/g)) told.set(name, size);
  const [small, full] = (['small', 'full'] as const).map(
    (size) => new Set(proofs(size, SHIPPED).map(({ name }) => name)),
  );
  const searched = new Map(
    [...new Set([...(small ?? []), ...(full ?? [])])].map((name) => [
      name,
      small?.has(name) && full?.has(name) ? 'both' : small?.has(name) ? 'small' : 'full',
    ]),
  );
  assert.equal(sorted(told), sorted(searched));
});

test.run();

function sorted(sizes: ReadonlyMap<string, string>): readonly string[] {
  return [...sizes].map(([name, size]) => `${name}: ${size}`).toSorted((a, b) => a.localeCompare(b));
}
