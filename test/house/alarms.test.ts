import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ALARMS, alarmRow } from '../../contracts/alarms.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const FOLDERS = '{actors,entry,io,machines,supervisor,stopper,analyst}/**/*.ts';
const CALL =
  /\b(?:alarm|raise|notice|desk|clear)\(\s*['`]([a-z][a-z-]*(?:\$\{[^}]*\}[a-z-]*)?|\$\{[^}]*\}[a-z-]+)['`]/g;
/** Ids that are chosen between, or stand in a variable of that name. */
const CHOSEN = /(?:\? '([a-z-]+)' : '([a-z-]+)',\s*(?:true|'active'))|alarmId = [^;]*'([a-z-]+)' : '([a-z-]+)'/g;

function raised(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const file of [...globSync(FOLDERS, { cwd: ROOT }), 'site.ts', 'main.ts']) {
    const source = readFileSync(path.join(ROOT, file), 'utf8');
    for (const [, id] of source.matchAll(CALL)) found.set((id ?? '').replaceAll(/\$\{[^}]*\}/g, 'part'), file);
    for (const [, ...ids] of source.matchAll(CHOSEN)) for (const id of ids) if (id) found.set(id, file);
  }
  return found;
}

test('every alarm that the code raises stands in the table with its cause, consequence and action', () => {
  const missing = [...raised()].filter(([id]) => alarmRow(id) === undefined);
  assert.equal(missing, []);
});

test('every row of the table is raised somewhere', () => {
  const ids = [...raised().keys()];
  const unused = Object.keys(ALARMS).filter((row) => !ids.some((id) => alarmRow(id) === ALARMS[row]));
  assert.equal(unused, []);
});

test('the severity that the code gives is that of the table', () => {
  const wrong: string[] = [];
  for (const file of [...globSync(FOLDERS, { cwd: ROOT }), 'site.ts', 'main.ts']) {
    const source = readFileSync(path.join(ROOT, file), 'utf8');
    for (const [, id = '', severity] of source.matchAll(/\balarm\(\s*'([a-z-]+)',[^;]{0,120}?'(P[1-4])'/g))
      if (alarmRow(id)?.severity !== severity) wrong.push(`${file}: ${id} ${severity}`);
  }
  assert.equal(wrong, []);
});

test('a row that is silenced by another one names one that exists', () => {
  for (const { suppressedBy } of Object.values(ALARMS)) if (suppressedBy !== undefined) assert.ok(ALARMS[suppressedBy]);
});

test.run();
