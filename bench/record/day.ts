/** One day of one point at 1 s, as HTTP reads it, against a bare range read of the same rows by their primary key. */
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { listFiles } from '../../io/record-file.ts';
import { openRecordReader } from '../../io/record-reader.ts';
import { openRecordStore } from '../../io/record-store.ts';
import { inTurns, rowOf } from '../measure.ts';
import type { Row, Size } from '../measure.ts';
import { frameAt } from './frames.ts';
import { recordDisk } from './place.ts';

const START_MS = Date.parse('2026-01-01T00:00:00Z');
const DAY_S = 86_400;
const POINTS = 10;

export async function day(size: Size): Promise<readonly Row[]> {
  const dataDir = mkdtempSync(path.join(recordDisk(), 'bench-day-'));
  const store = openRecordStore({ dataDir, keepDays: 30, maxBytes: 4_000_000_000, nowMs: START_MS, check: false });
  for (let second = 0; second < DAY_S; second += 400)
    store.append(Array.from({ length: 400 }, (_, n) => frameAt(START_MS + (second + n) * 1000, second + n, POINTS)));
  const reader = openRecordReader(dataDir);
  const db = new DatabaseSync(listFiles(dataDir, 'telemetry')[0]?.path ?? '', { readOnly: true });
  const series = Number(db.prepare(`SELECT id FROM series WHERE point = 'point_5'`).get()?.['id']);
  const bare = db.prepare(
    'SELECT ts, num, txt, quality FROM samples WHERE series = ? AND ts BETWEEN ? AND ? ORDER BY ts',
  );
  const toMs = START_MS + DAY_S * 1000 - 1;
  const found = await inTurns(size === 'full' ? 21 : 5, {
    reader: async () =>
      timed(() => reader.telemetry({ asset: 'bess-1', point: 'point_5', fromMs: START_MS, toMs, limit: 1e9 }).length),
    bare: async () => timed(() => bare.all(series, START_MS, toMs).length),
  });
  db.close();
  reader.close();
  store.close();
  rmSync(dataDir, { recursive: true });
  return [
    rowOf({
      what: 'a day of one point at 1 s (86,400 rows)',
      unit: 'ms',
      values: found.reader,
      floor: { name: 'bare indexed range read', values: found.bare },
      target: { of: 'ratio', atMost: 2 },
    }),
  ];
}

function timed(read: () => number): number {
  const from = performance.now();
  const rows = read();
  if (rows !== DAY_S) throw new Error(`${rows} rows were read, not ${DAY_S}`);
  return performance.now() - from;
}
