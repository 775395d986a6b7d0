/** The record on the disk: what goes in comes out, tampering shows, damage is outlasted, room is made in order. */
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Fault } from '../../contracts/faults.ts';
import { openRecordReader } from '../../io/record-reader.ts';
import { alarm, at, audit, commandEvent, event, folder, openStore, START_MS, telemetry } from './record-support.ts';

const ALL = { asset: 'bess-1', fromMs: 0, toMs: START_MS * 2, limit: 1000 };

test('what was appended is read back, with its quality, and what is missing stays missing', () => {
  using home = folder();
  const store = openStore(home.dir);
  store.append([telemetry(1, { serial: 'HV1', soh: 99.5, fan_speed: null }), event(2, { from: 'a' }), commandEvent(3)]);
  using reader = openRecordReader(home.dir);
  const rows = reader.telemetry(ALL);
  const seen = Object.fromEntries(rows.map(({ point, value, quality }) => [point, [value, quality]]));
  assert.equal(seen['serial'], ['HV1', 'good']);
  assert.equal(seen['soh'], [99.5, 'good']);
  assert.equal(seen['fan_speed'], [null, 'missing']);
  assert.equal(seen['active_power_w'], [-1200.5, 'good']);
  assert.equal(seen['ac_power_w'], [null, 'missing']);
  assert.is(rows[0]?.ts, at(1));
  assert.equal(
    reader.events({ limit: 10 }).map(({ kind, seq }) => [kind, seq]),
    [
      ['command', 3],
      ['transition', 2],
    ],
  );
  assert.is(reader.events({ kind: 'transition', limit: 10 })[0]?.['from'], 'a');
  store.close();
});

test('telemetry of a span comes in order of time, for one point or all, up to the limit', () => {
  using home = folder();
  const store = openStore(home.dir);
  store.append(Array.from({ length: 100 }, (_, seq) => telemetry(seq, { soh: seq })));
  using reader = openRecordReader(home.dir);
  const span = { ...ALL, fromMs: START_MS + 10_000, toMs: START_MS + 19_000 };
  const soh = reader.telemetry({ ...span, point: 'soh' }).map(({ value }) => value);
  assert.equal(soh, [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  const some = reader.telemetry({ ...span, limit: 12 });
  assert.is(some.length, 12);
  assert.equal([...new Set(some.map(({ ts }) => ts))], [at(10), at(11)]);
  assert.equal(reader.telemetry({ ...span, asset: 'bess-2' }), []);
  store.close();
});

test('commands, alarms and frames stand in tables of their own', () => {
  using home = folder();
  const store = openStore(home.dir);
  store.append([commandEvent(1), alarm(2), telemetry(3), audit(4)]);
  store.close();
  const db = new DatabaseSync(path.join(home.dir, 'record.db'));
  const command = { ...db.prepare('SELECT order_id, phase, final_w, measured_w FROM commands').get() };
  assert.equal(command, { order_id: 'order-1', phase: 'written', final_w: 5000, measured_w: null });
  assert.is(db.prepare('SELECT severity FROM alarms').get()?.['severity'], 'P2');
  assert.is(db.prepare('SELECT connection FROM frames').get()?.['connection'], 'online');
  db.close();
});

test('a record goes on under the same id after a restart, and so does its audit chain', () => {
  using home = folder();
  const first = openStore(home.dir);
  first.append([audit(1), audit(2)]);
  first.close();
  const second = openStore(home.dir);
  second.append([audit(3)]);
  assert.is(second.recordId, first.recordId);
  const verdict = second.verify();
  assert.is(verdict.ok && verdict.entries, 3);
  second.close();
});

const TAMPERINGS: readonly (readonly [what: string, sql: string, found: unknown])[] = [
  [
    'changed',
    `UPDATE audit SET body = replace(body, '5000', '4000') WHERE id = 4`,
    { ok: false, at: 4, why: 'changed' },
  ],
  ['removed from the middle', 'DELETE FROM audit WHERE id = 4', { ok: false, at: 4, why: 'missing' }],
  ['removed from the start', 'DELETE FROM audit WHERE id <= 3', { ok: false, at: 1, why: 'missing' }],
  ['removed from the end', 'DELETE FROM audit WHERE id > 7', { ok: false, at: 8, why: 'missing' }],
  [
    'swapped',
    'UPDATE audit SET body = (SELECT body FROM audit AS b WHERE b.id = 11 - audit.id) WHERE id IN (5, 6)',
    { ok: false, at: 5, why: 'changed' },
  ],
];
for (const [what, sql, found] of TAMPERINGS) {
  test(`an audit entry that was ${what} is found`, () => {
    using home = folder();
    const store = openStore(home.dir);
    store.append(Array.from({ length: 10 }, (_, seq) => audit(seq)));
    store.close();
    const db = new DatabaseSync(path.join(home.dir, 'record.db'));
    assert.throws(() => db.exec(sql), /append-only/);
    db.exec('DROP TRIGGER audit_is_never_changed; DROP TRIGGER audit_is_removed_from_its_tail');
    db.exec(sql);
    db.close();
    const again = openStore(home.dir);
    assert.equal(again.verify(), found);
    again.close();
  });
}

test('a batch that cannot be written leaves nothing behind, and the audit chain goes on unbroken', () => {
  using home = folder();
  const store = openStore(home.dir);
  store.append([audit(1)]);
  const broken = { ...event(2), event: { ts: 'never', seq: 2, kind: 'transition' as const } } as const;
  assert.throws(() => store.append([audit(2), telemetry(2, { fresh: 1 }), { ...broken, type: 'EVENT' }]), /NOT NULL/);
  store.append([audit(3), telemetry(3, { fresh: 2 })]);
  const verdict = store.verify();
  assert.is(verdict.ok && verdict.entries, 2);
  using reader = openRecordReader(home.dir);
  assert.equal(
    reader.telemetry({ ...ALL, point: 'fresh' }).map(({ value }) => value),
    [2],
  );
  store.close();
});

test('telemetry is given up by age, events are kept ten times as long, audit stays', () => {
  using home = folder();
  const store = openStore(home.dir, { keepDays: 1 });
  store.append([telemetry(0), event(0), audit(0), telemetry(90_000), event(90_000)]);
  store.retain(START_MS + 2 * 86_400_000);
  using reader = openRecordReader(home.dir);
  assert.equal([...new Set(reader.telemetry(ALL).map(({ ts }) => ts))], [at(90_000)]);
  assert.is(reader.events({ limit: 9 }).length, 2);
  store.retain(START_MS + 11 * 86_400_000);
  assert.is(reader.events({ limit: 9 }).length, 1);
  assert.is(reader.telemetry(ALL).length, 0);
  assert.ok(store.verify().ok);
  store.close();
});

test('room is made from telemetry first, then events, then the oldest audit entries, and the chain stays sound', () => {
  using home = folder();
  const store = openStore(home.dir);
  for (let seq = 0; seq < 40; seq += 1) store.append([telemetry(seq), event(seq), audit(seq), alarm(seq)]);
  const given: string[] = [];
  for (let one = store.makeRoom(); one; one = store.makeRoom()) {
    if (given.at(-1) !== one) given.push(one);
    assert.ok(store.verify().ok);
  }
  assert.equal(given, ['telemetry', 'events', 'audit']);
  store.append([audit(41)]);
  assert.ok(store.verify().ok);
  store.close();
});

test('the record stays near its size however long it is written to, and keeps the audit log', () => {
  using home = folder();
  const maxBytes = 1_000_000;
  const store = openStore(home.dir, { maxBytes });
  const points = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`point_${n}`, n]));
  for (let seq = 0; seq < 2000; seq += 20) {
    store.append(Array.from({ length: 20 }, (_, n) => telemetry(seq + n, points)));
    store.append([audit(seq)]);
    store.retain(START_MS + seq * 1000);
    assert.ok(store.usedBytes() <= maxBytes);
  }
  const verdict = store.verify();
  assert.is(verdict.ok && verdict.entries, 100);
  using reader = openRecordReader(home.dir);
  const newest = reader.telemetry({ ...ALL, point: 'point_1', fromMs: START_MS + 1_990_000 });
  assert.is(newest.at(-1)?.ts, at(1999));
  store.close();
});

test('a full disk is a fault that says so, and making room lets the writing go on', () => {
  using home = folder();
  const store = openStore(home.dir, { maxBytes: 1_000_000 });
  const points = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`point_${n}`, n]));
  let seq = 0;
  const fill = (): void => {
    for (; seq < 100_000; seq += 1) store.append([telemetry(seq, points)]);
  };
  assert.throws(fill, (error: unknown) => error instanceof Fault && error.details?.['trouble'] === 'full');
  assert.is(store.makeRoom(), 'telemetry');
  store.append([telemetry(seq, points), audit(seq)]);
  assert.ok(store.verify().ok);
  store.close();
});

test('a damaged file is set aside under a name with the time, and a new record begins', () => {
  for (const damage of [garble, cut]) {
    using home = folder();
    const first = openStore(home.dir);
    first.append(Array.from({ length: 3000 }, (_, seq) => telemetry(seq)));
    first.close();
    damage(path.join(home.dir, 'record.db'));
    const second = openStore(home.dir);
    assert.is(path.basename(second.setAside ?? ''), 'record.db.damaged-20260101T000000Z');
    assert.ok(existsSync(second.setAside ?? ''));
    assert.is.not(second.recordId, first.recordId);
    second.append([telemetry(1), audit(1)]);
    second.close();
    const third = openStore(home.dir);
    assert.is(third.setAside, undefined);
    third.close();
  }
});

test('a reader reads while the writer writes, and moves on to the new file when one replaces the old', () => {
  using home = folder();
  using reader = openRecordReader(home.dir);
  assert.throws(() => reader.events({ limit: 1 }), isUnavailable);
  const store = openStore(home.dir);
  for (let seq = 1; seq <= 50; seq += 1) {
    store.append([telemetry(seq), event(seq), audit(seq)]);
    assert.is(reader.events({ limit: 1 })[0]?.seq, seq);
    assert.ok(reader.verify().ok);
  }
  store.close();
  writeFileSync(path.join(home.dir, 'record.db'), 'no database at all, but a text of some length');
  for (const suffix of ['-wal', '-shm']) rmSync(path.join(home.dir, `record.db${suffix}`), { force: true });
  const next = openStore(home.dir);
  assert.ok(next.setAside);
  assert.equal(reader.events({ limit: 1 }), []);
  next.close();
});

test('where the data directory cannot be, opening is a fault and not a crash', () => {
  using home = folder();
  const blocked = path.join(home.dir, 'a-file');
  writeFileSync(blocked, '');
  assert.throws(() => openStore(path.join(blocked, 'data')), isUnavailable);
});

test('the reserve for a full disk lies beside the record', () => {
  using home = folder();
  const store = openStore(home.dir);
  assert.ok(readdirSync(home.dir).includes('record.reserve'));
  assert.is(readFileSync(path.join(home.dir, 'record.reserve')).length, 4 * 1024 * 1024);
  store.close();
});

test.run();

function isUnavailable(error: unknown): boolean {
  return error instanceof Fault && error.code === 'RECORD_UNAVAILABLE';
}

function garble(file: string): void {
  const bytes = readFileSync(file);
  bytes.fill(0xa5, 4096 * 3, 4096 * 20);
  writeFileSync(file, bytes);
}

function cut(file: string): void {
  truncateSync(file, 4096 * 10 + 17);
}
