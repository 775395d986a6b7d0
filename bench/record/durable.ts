/**
 * Frames per second that are on the disk: handed to the record thread by its caller, a batch at a time and four batches
 * under way, against the same schema, batch and sync written directly with rows prepared beforehand.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import type { RecordStart, ThreadSignal } from '../../contracts/links.ts';
import { createTables } from '../../io/record-schema.ts';
import { inTurns, rowOf } from '../measure.ts';
import type { Row, Size } from '../measure.ts';
import { frameAt, POINTS, rowsAt } from './frames.ts';
import { recordDisk } from './place.ts';

const UNDER_WAY = 4;
const START_MS = Date.parse('2026-01-01T00:00:00Z');

export async function durable(size: Size): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const batch of [10, 100]) {
    const batches = size === 'full' ? 100 : 30;
    const rounds = size === 'full' ? 5 : 3;
    const frames = Array.from({ length: batches }, (_, at) =>
      Array.from({ length: batch }, (__, n) => frameAt(START_MS + (at * batch + n) * 100, at * batch + n)),
    );
    const prepared = frames.map((one, at) =>
      one.map((_, n) => rowsAt(START_MS + (at * batch + n) * 100, at * batch + n + 1)),
    );
    const found = await inTurns(rounds, {
      thread: () => throughThread(frames),
      direct: async () => directly(prepared),
    });
    rows.push(
      rowOf({
        what: `frames of ${POINTS} points made durable, batch ${batch}`,
        unit: 'frames/s',
        values: found.thread,
        floor: { name: 'bare SQLite', values: found.direct },
        target: { of: 'ratio', atLeast: 0.5 },
      }),
    );
  }
  return rows;
}

async function throughThread(batches: readonly (readonly unknown[])[]): Promise<number> {
  const dataDir = mkdtempSync(path.join(recordDisk(), 'bench-record-'));
  const start: RecordStart = { dataDir, keepDays: 30, maxBytes: 4_000_000_000 };
  const worker = new Worker(new URL('../../entry/record.ts', import.meta.url), { workerData: start });
  const done = Promise.withResolvers<void>();
  let sent = 0;
  let synced = 0;
  const sendNext = (): void => {
    const batch = batches[sent];
    if (batch === undefined) return;
    sent += 1;
    worker.postMessage(batch);
    worker.postMessage({ type: 'SYNC', id: sent });
  };
  const ready = new Promise<void>((resolve) => {
    worker.on('message', (signal: ThreadSignal) => {
      if (signal.type === 'READY') resolve();
      if (signal.type !== 'SYNCED') return;
      synced += 1;
      if (synced === batches.length) done.resolve();
      sendNext();
    });
  });
  await ready;
  const from = performance.now();
  for (let n = 0; n < UNDER_WAY; n += 1) sendNext();
  await done.promise;
  const seconds = (performance.now() - from) / 1000;
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  worker.postMessage({ type: 'SHUTDOWN' });
  await ended;
  rmSync(dataDir, { recursive: true });
  return batches.flat().length / seconds;
}

function directly(batches: readonly (readonly ReturnType<typeof rowsAt>[])[]): number {
  const dataDir = mkdtempSync(path.join(recordDisk(), 'bench-record-'));
  const db = new DatabaseSync(path.join(dataDir, 'direct.db'));
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  createTables(db, 'telemetry', { streamId: 'x', createdAt: '', before: { n: 0, hash: '' } }, 0);
  const frame = db.prepare('INSERT INTO frames VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const sample = db.prepare('INSERT INTO samples VALUES (?, ?, ?, ?, ?, ?)');
  const state = db.prepare(`UPDATE meta SET value = ? WHERE key = 'state'`);
  const from = performance.now();
  for (const batch of batches) {
    db.exec('BEGIN IMMEDIATE');
    for (const { frame: columns, samples } of batch) {
      frame.run(...columns);
      for (const row of samples) sample.run(...row);
    }
    state.run('{}');
    db.exec('COMMIT');
  }
  const seconds = (performance.now() - from) / 1000;
  db.close();
  rmSync(dataDir, { recursive: true });
  return batches.flat().length / seconds;
}
