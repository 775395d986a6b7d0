/** The audit log: whoever changes, removes or cuts off an entry is found out. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { headPath, verifyAudit } from '../../io/record-audit.ts';
import { listFiles, removeFile } from '../../io/record-file.ts';
import type { RecordFile } from '../../io/record-file.ts';
import { audit, folder, openStore } from './record-support.ts';

const DAY_S = 86_400;

const TAMPERINGS: readonly (readonly [what: string, sql: string, at: number, why: string])[] = [
  ['changed', `UPDATE audit SET body = replace(body, '5000', '4000') WHERE n = 4`, 4, 'changed'],
  ['removed from the middle', 'DELETE FROM audit WHERE n = 4', 4, 'missing'],
  ['removed from the start', 'DELETE FROM audit WHERE n <= 3', 1, 'missing'],
  ['removed from the end', 'DELETE FROM audit WHERE n > 7', 8, 'missing'],
  [
    'swapped',
    'UPDATE audit SET body = (SELECT body FROM audit AS b WHERE b.n = 11 - audit.n) WHERE n IN (5, 6)',
    5,
    'changed',
  ],
  [
    'removed from the end together with the end that the file notes',
    `DELETE FROM audit WHERE n > 7;
     UPDATE meta SET value = json_set(value, '$.last.n', 7, '$.last.hash', (SELECT hash FROM audit WHERE n = 7))
     WHERE key = 'state'`,
    8,
    'missing',
  ],
];
for (const [what, sql, at, why] of TAMPERINGS) {
  test(`an audit entry that was ${what} is found`, () => {
    using home = folder();
    record(home.dir, 10);
    tamper(newest(home.dir), sql);
    const { where: _, ...verdict } = { where: '', ...verifyAudit(home.dir) };
    assert.equal(verdict, { ok: false, at, why });
    const store = openStore(home.dir);
    assert.is(store.findings[0]?.what, 'audit_broken');
    store.close();
  });
}

test('a whole chain that was forged with its head is found by a head that was noted elsewhere', () => {
  using home = folder();
  record(home.dir, 10);
  const before = verifyAudit(home.dir);
  assert.ok(before.ok);
  rmSync(home.dir, { recursive: true });
  record(home.dir, 12);
  assert.ok(verifyAudit(home.dir).ok);
  const verdict = verifyAudit(home.dir, before.ok ? { n: 10, hash: before.head.hash } : undefined);
  assert.equal(verdict.ok || [verdict.at, verdict.why], [10, 'changed']);
});

test('a removed day is found, in the middle and at the end', () => {
  for (const which of [1, 2]) {
    using home = folder();
    const store = openStore(home.dir);
    for (const day of [0, 1, 2]) store.append([audit(day * DAY_S)]);
    store.close();
    removeFile(listFiles(home.dir, 'audit')[which] as RecordFile);
    assert.not.ok(verifyAudit(home.dir).ok);
  }
});

test('an audit log that is gone altogether is reported at the next start', () => {
  using home = folder();
  record(home.dir, 3);
  removeFile(newest(home.dir));
  const store = openStore(home.dir);
  assert.equal(
    store.findings.map(({ what }) => what),
    ['audit_broken'],
  );
  store.append([audit(4)]);
  assert.ok(store.verify().ok);
  store.close();
});

test('a head that is older than the chain is no fault: bessd was killed before it noted the newer one', () => {
  using home = folder();
  record(home.dir, 3);
  const old = readFileSync(headPath(home.dir));
  record(home.dir, 5);
  writeFileSync(headPath(home.dir), old);
  const verdict = verifyAudit(home.dir);
  assert.is(verdict.ok && verdict.entries, 8);
});

test('entries cannot be changed or deleted by accident', () => {
  using home = folder();
  record(home.dir, 3);
  using db = new DatabaseSync(newest(home.dir).path);
  assert.throws(() => db.exec('UPDATE audit SET ts = 0'), /append-only/);
  assert.throws(() => db.exec('DELETE FROM audit'), /append-only/);
});

test.run();

function record(dir: string, entries: number): void {
  const store = openStore(dir);
  store.append(Array.from({ length: entries }, (_, seq) => audit(seq)));
  store.close();
}

function newest(dir: string): RecordFile {
  return listFiles(dir, 'audit').at(-1) as RecordFile;
}

function tamper({ path: file }: RecordFile, sql: string): void {
  using db = new DatabaseSync(file);
  db.exec('DROP TRIGGER audit_is_never_changed; DROP TRIGGER audit_is_never_removed');
  db.exec(sql);
}
