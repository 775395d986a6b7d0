/** The record on the disk: what goes in comes out, tampering shows, damage is outlasted, room is made in order. */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Fault } from '../../contracts/faults.ts';
import { RECORD_CLASSES } from '../../io/record-buffer.ts';
import type { RecordClass } from '../../io/record-buffer.ts';
import { fileFor, listFiles } from '../../io/record-file.ts';
import { openRecordReader } from '../../io/record-reader.ts';
import { alarm, at, audit, commandEvent, event, folder, openStore, START_MS, telemetry } from './record-support.ts';

const DAY_S = 86_400;
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
  using events = new DatabaseSync(fileOf(home.dir, 'events'));
  const command = { ...events.prepare('SELECT order_id, phase, final_w, measured_w FROM commands').get() };
  assert.equal(command, { order_id: 'order-1', phase: 'written', final_w: 5000, measured_w: null });
  assert.is(events.prepare('SELECT severity FROM alarms').get()?.['severity'], 'P2');
  using frames = new DatabaseSync(fileOf(home.dir, 'telemetry'));
  assert.is(frames.prepare('SELECT connection FROM frames').get()?.['connection'], 'online');
});

test('a record goes on under the same id after a restart, and so does its audit chain', () => {
  using home = folder();
  const first = openStore(home.dir);
  first.append([audit(1), audit(2)]);
  first.close();
  const second = openStore(home.dir);
  second.append([audit(3)]);
  for (const kind of RECORD_CLASSES) assert.is(second.streamId(kind), first.streamId(kind));
  const verdict = second.verify();
  assert.is(verdict.ok && verdict.entries, 3);
  second.close();
});

test('a record that is opened again trusts no log: what it holds is written into its file and synced anew', () => {
  using home = folder();
  const first = openStore(home.dir);
  first.append([telemetry(1), event(1), audit(1)]);
  const logs = listFiles(home.dir).map(({ path: file }) => `${file}-wal`);
  assert.ok(logs.every((log) => statSync(log).size > 0));
  const again = openStore(home.dir);
  assert.equal(
    logs.map((log) => statSync(log).size),
    [0, 0, 0],
  );
  using reader = openRecordReader(home.dir);
  assert.ok(reader.verify().ok);
  again.close();
  first.close();
});

test('a batch that cannot be written leaves nothing behind, and its numbers are given again', () => {
  using home = folder();
  const store = openStore(home.dir);
  store.append([audit(1)]);
  const broken = { ...event(2), event: { ts: 'never', seq: 2, kind: 'transition' as const } } as const;
  assert.throws(() => store.append([event(1), { ...broken, type: 'EVENT' }]), /NOT NULL/);
  store.append([event(3), telemetry(3, { fresh: 2 })]);
  using reader = openRecordReader(home.dir);
  assert.equal(
    reader.events({ limit: 9 }).map(({ seq }) => seq),
    [3],
  );
  using events = new DatabaseSync(fileOf(home.dir, 'events'));
  assert.is(events.prepare('SELECT n FROM events').get()?.['n'], 1);
  store.close();
});

test('every day has its file; telemetry is given up by age in whole files, events are kept ten times as long, audit stays', () => {
  using home = folder();
  const store = openStore(home.dir, { keepDays: 1 });
  for (const day of [0, 1, 2]) store.append([telemetry(day * DAY_S), event(day * DAY_S), audit(day * DAY_S)]);
  assert.equal(
    listFiles(home.dir, 'telemetry').map(({ day }) => day),
    ['20260101', '20260102', '20260103'],
  );
  store.retain(START_MS + 2 * DAY_S * 1000);
  using reader = openRecordReader(home.dir);
  assert.equal([...new Set(reader.telemetry(ALL).map(({ ts }) => ts))], [at(DAY_S), at(2 * DAY_S)]);
  assert.is(reader.events({ limit: 9 }).length, 3);
  store.retain(START_MS + 11 * DAY_S * 1000);
  assert.is(reader.events({ limit: 9 }).length, 2);
  assert.equal([...new Set(reader.telemetry(ALL).map(({ ts }) => ts))], [at(2 * DAY_S)]);
  const verdict = store.verify();
  assert.is(verdict.ok && verdict.entries, 3);
  store.close();
});

test('the numbers of a class go on from one day to the next, also after a restart', () => {
  using home = folder();
  openStore(home.dir).append([telemetry(0), telemetry(1)]);
  const store = openStore(home.dir);
  store.append([telemetry(DAY_S)]);
  store.append([telemetry(DAY_S + 1)]);
  const numbers = listFiles(home.dir, 'telemetry').map((file) => {
    using db = new DatabaseSync(file.path, { readOnly: true });
    return db
      .prepare('SELECT n FROM frames ORDER BY n')
      .all()
      .map(({ n }) => n);
  });
  assert.equal(numbers, [
    [1, 2],
    [3, 4],
  ]);
  assert.is(store.batches('telemetry'), 3);
  store.close();
});

test('a clock that goes back by days loses nothing that was recorded, and both times can be read', () => {
  using home = folder();
  const store = openStore(home.dir);
  store.append([telemetry(3 * DAY_S, { a: 1 })]);
  store.append([telemetry(5, { a: 2 })]);
  store.append([telemetry(5, { a: 3 })]);
  using reader = openRecordReader(home.dir);
  const values = reader.telemetry({ ...ALL, point: 'a' }).map(({ value }) => value);
  assert.equal(values, [2, 3, 1]);
  store.close();
});

test('room is made from telemetry first, then events, then the oldest days of the audit log, and the chain stays sound', () => {
  using home = folder();
  const store = openStore(home.dir);
  for (let seq = 0; seq < 5 * DAY_S; seq += DAY_S / 2)
    store.append([telemetry(seq), event(seq), audit(seq), alarm(seq)]);
  const given: string[] = [];
  for (let one = store.makeRoom(), most = 0; one && most < 500; one = store.makeRoom(), most += 1) {
    if (given.at(-1) !== one) given.push(one);
    assert.ok(store.verify().ok);
  }
  assert.equal(given, ['telemetry', 'events', 'audit', 'telemetry', 'events']);
  store.append([audit(6 * DAY_S)]);
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
    for (; seq < 100_000; seq += 20) store.append(Array.from({ length: 20 }, (_, n) => telemetry(seq + n, points)));
  };
  assert.throws(fill, (error: unknown) => error instanceof Fault && error.details?.['trouble'] === 'full');
  assert.is(store.makeRoom(), 'telemetry');
  store.append([telemetry(seq, points), audit(seq)]);
  assert.ok(store.verify().ok);
  store.close();
});

test('a damaged file is set aside under a name with the time, said so, and a new stream begins', () => {
  for (const damage of [garble, cut]) {
    using home = folder();
    const first = openStore(home.dir);
    first.append([...Array.from({ length: 3000 }, (_, seq) => telemetry(seq)), audit(1)]);
    first.close();
    damage(fileOf(home.dir, 'telemetry'));
    const second = openStore(home.dir);
    assert.match(second.findings[0]?.message ?? '', 'telemetry-000001-20260101.db.damaged-20260101T000000Z');
    assert.ok(existsSync(`${fileFor(home.dir, 'telemetry', 1, '20260101').path}.damaged-20260101T000000Z`));
    assert.is.not(second.streamId('telemetry'), first.streamId('telemetry'));
    assert.is(second.streamId('audit'), first.streamId('audit'));
    second.append([telemetry(1), audit(2)]);
    assert.ok(second.verify().ok);
    second.close();
    const third = openStore(home.dir);
    assert.equal(third.findings, []);
    third.close();
  }
});

test('a reader reads while the writer writes, and lets go of a file that is replaced', () => {
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
  const file = fileOf(home.dir, 'events');
  writeFileSync(file, 'no database at all, but a text of some length');
  for (const suffix of ['-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
  const next = openStore(home.dir);
  assert.is(next.findings[0]?.what, 'set_aside');
  assert.equal(reader.events({ limit: 1 }), []);
  next.close();
});

test('bessd that was killed while it made a file goes on with that file', () => {
  using home = folder();
  openStore(home.dir).close();
  const { path: file } = fileFor(home.dir, 'telemetry', 2, '20260102');
  using unborn = new DatabaseSync(file);
  unborn.exec('PRAGMA journal_mode = WAL');
  const store = openStore(home.dir);
  assert.equal(store.findings, []);
  store.append([telemetry(DAY_S)]);
  store.close();
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

function fileOf(dir: string, kind: RecordClass): string {
  return listFiles(dir, kind).at(-1)?.path ?? '';
}

function garble(file: string): void {
  const bytes = readFileSync(file);
  bytes.fill(0xa5, 4096 * 3, 4096 * 20);
  writeFileSync(file, bytes);
}

function cut(file: string): void {
  truncateSync(file, 4096 * 10 + 17);
}
