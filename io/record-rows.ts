/**
 * From a report to its rows. Knows the columns, not the batteries: wire names go in as they are.
 *
 * Holds what a transaction builds on (ids of series, end of the stream): after a rollback it has to be made anew.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { AlarmReport, AuditEntry, Report, SiteEvent, TelemetryReport } from '../contracts/reports.ts';
import type { Quality } from '../contracts/telemetry.ts';
import { link } from './record-audit.ts';
import type { RecordClass } from './record-buffer.ts';
import { QUALITIES, readState } from './record-schema.ts';
import type { FileState } from './record-schema.ts';

export type Insert = {
  readonly report: (report: Report) => void;
  /** To be called before the commit: counts the batch and moves the end of the stream. */
  readonly end: () => FileState;
};

/** Measured values of the frame itself, stored as series beside the points of the device. */
export const FRAME_VALUES = [
  'soc_pct',
  'active_power_w',
  'ac_power_w',
  'battery_power_w',
  'temperature_c',
  'voltage_v',
  'current_a',
] as const;

/** Puts one report into its tables under number `n`; tells the hash that the audit chain then ends with. */
type Put = (report: Report, n: number, hash: string) => string;

export function insertInto(db: DatabaseSync, kind: RecordClass): Insert {
  const put = PUTS[kind](db);
  const move = db.prepare(`UPDATE meta SET value = ? WHERE key = 'state'`);
  let { batches, last } = readState(db);
  return {
    report: (report) => {
      const n = last.n + 1;
      last = { n, hash: put(report, n, last.hash) };
    },
    end: () => {
      batches += 1;
      move.run(JSON.stringify({ batches, last }));
      return { batches, last };
    },
  };
}

const PUTS: Readonly<Record<RecordClass, (db: DatabaseSync) => Put>> = {
  telemetry: (db) => {
    const insert = telemetryInto(db);
    return (report, n) => {
      if (report.type === 'TELEMETRY') insert(report.report, n);
      return '';
    };
  },
  events: (db) => {
    const insert = eventsInto(db);
    return (report, n) => {
      if (report.type === 'EVENT') insert.event(report.event, n);
      if (report.type === 'ALARM') insert.alarm(report.alarm, n);
      return '';
    };
  },
  audit: (db) => {
    const audit = db.prepare('INSERT INTO audit (n, ts, body, hash) VALUES (?, ?, ?, ?)');
    return (report, n, before) => {
      if (report.type !== 'AUDIT') return before;
      const entry: AuditEntry = report.entry;
      const { body, hash } = link(before, entry);
      audit.run(n, Date.parse(entry.ts), body, hash);
      return hash;
    };
  },
};

function telemetryInto(db: DatabaseSync): (report: TelemetryReport, n: number) => void {
  const newSeries = db.prepare('INSERT INTO series (asset, point) VALUES (?, ?)');
  const sample = db.prepare(
    'INSERT OR REPLACE INTO samples (series, ts, n, num, txt, quality) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const frame = db.prepare(
    `INSERT INTO frames (n, ts, asset, seq, quality, connection, operation, inverter, permit, limits_hash)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const seriesIds = new Map<string, Map<string, number>>();
  for (const { id, asset, point } of db.prepare('SELECT id, asset, point FROM series').all())
    seriesOf(String(asset)).set(String(point), Number(id));

  return (report, n) => {
    const { asset_id: asset, seq, quality, connection, operation, inverter, permit, limits_hash } = report;
    const ts = Date.parse(report.ts);
    const permitText = JSON.stringify(permit);
    frame.run(n, ts, asset, seq, grade(quality), connection, operation, inverter, permitText, limits_hash);
    const known = seriesOf(asset);
    for (const point in report.points) {
      const measured = report.points[point];
      if (measured) insertSample(idOf(known, asset, point), ts, n, measured.value, measured.quality);
    }
    // After the points: where a point of the device has the same name, the value of the frame is the normalised one.
    for (const point of FRAME_VALUES) {
      const value = report[point];
      insertSample(idOf(known, asset, point), ts, n, value, value === null ? 'missing' : quality);
    }
  };

  function insertSample(series: number, ts: number, n: number, value: number | string | null, quality: Quality): void {
    const number = typeof value === 'number' && Number.isFinite(value) ? value : null;
    sample.run(series, ts, n, number, typeof value === 'string' ? value : null, grade(quality));
  }

  function seriesOf(asset: string): Map<string, number> {
    const known = seriesIds.get(asset) ?? new Map<string, number>();
    seriesIds.set(asset, known);
    return known;
  }

  function idOf(known: Map<string, number>, asset: string, point: string): number {
    const found = known.get(point);
    if (found !== undefined) return found;
    const id = Number(newSeries.run(asset, point).lastInsertRowid);
    known.set(point, id);
    return id;
  }
}

function eventsInto(db: DatabaseSync): {
  readonly event: (event: SiteEvent, n: number) => void;
  readonly alarm: (alarm: AlarmReport, n: number) => void;
} {
  const event = db.prepare('INSERT INTO events (n, ts, kind, asset, body) VALUES (?, ?, ?, ?, ?)');
  const command = db.prepare(
    'INSERT INTO commands (n, ts, order_id, asset, phase, reason, final_w, measured_w) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const alarm = db.prepare(
    'INSERT INTO alarms (n, ts, alarm_id, asset, severity, state, message) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  return {
    event: (one, n) => {
      const ts = Date.parse(one.ts);
      event.run(n, ts, one.kind, one.asset_id ?? null, JSON.stringify(one));
      if (one.kind !== 'command') return;
      const { id, phase, reason, final_w, measured_w } = one;
      const words = [text(id), text(one.asset_id), text(phase), text(reason)] as const;
      command.run(n, ts, ...words, finite(final_w), finite(measured_w));
    },
    alarm: (one, n) => {
      alarm.run(n, Date.parse(one.ts), one.alarm_id, one.asset_id, one.severity, one.state, one.message);
    },
  };
}

function grade(quality: Quality): number {
  return QUALITIES.indexOf(quality);
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function finite(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
