/**
 * From a report to its rows. Knows the columns, not the batteries: wire names go in as they are.
 *
 * Holds what a transaction builds on (ids of series, end of the audit chain): after a rollback it has to be made anew.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { AlarmReport, AuditEntry, Report, SiteEvent, TelemetryReport } from '../contracts/reports.ts';
import type { Quality } from '../contracts/telemetry.ts';
import { chainEnd, link } from './record-audit.ts';
import { QUALITIES } from './record-schema.ts';

export type Insert = {
  readonly report: (report: Report) => void;
  /** To be called before the commit. */
  readonly end: () => void;
};

/** Measured values of the frame itself, stored as series beside the points of the device. */
const FRAME_VALUES = [
  'soc_pct',
  'active_power_w',
  'ac_power_w',
  'battery_power_w',
  'temperature_c',
  'voltage_v',
  'current_a',
] as const;

export function insertInto(db: DatabaseSync): Insert {
  const newSeries = db.prepare('INSERT INTO series (asset, point) VALUES (?, ?)');
  const sample = db.prepare('INSERT OR REPLACE INTO samples (series, ts, num, txt, quality) VALUES (?, ?, ?, ?, ?)');
  const frame = db.prepare(
    `INSERT INTO frames (asset, ts, seq, quality, connection, operation, inverter, permit, limits_hash)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const event = db.prepare('INSERT INTO events (ts, kind, asset, body) VALUES (?, ?, ?, ?)');
  const command = db.prepare(
    'INSERT INTO commands (ts, order_id, asset, phase, reason, final_w, measured_w) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const alarm = db.prepare(
    'INSERT INTO alarms (ts, alarm_id, asset, severity, state, message) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const audit = db.prepare('INSERT INTO audit (id, ts, body, hash) VALUES (?, ?, ?, ?)');
  const moveHead = db.prepare(`UPDATE meta SET value = ? WHERE key = 'audit_head'`);

  const seriesIds = new Map<string, number>();
  for (const row of db.prepare('SELECT id, asset, point FROM series').all()) {
    seriesIds.set(`${String(row['asset'])} ${String(row['point'])}`, Number(row['id']));
  }
  let head = chainEnd(db, 'audit_head');
  let storedHead = head.id;

  return {
    report: (report) => {
      switch (report.type) {
        case 'TELEMETRY':
          return insertTelemetry(report.report);
        case 'EVENT':
          return insertEvent(report.event);
        case 'ALARM':
          return insertAlarm(report.alarm);
        case 'AUDIT':
          return insertAudit(report.entry);
        case 'CYCLE':
        case 'HEARTBEAT':
          return undefined;
      }
    },
    end: () => {
      if (head.id > storedHead) moveHead.run(JSON.stringify({ id: head.id, hash: head.hash }));
      storedHead = head.id;
    },
  };

  function insertTelemetry(report: TelemetryReport): void {
    const { asset_id: asset, seq, quality, connection, operation, inverter, permit, limits_hash } = report;
    const ts = Date.parse(report.ts);
    const permitText = JSON.stringify(permit);
    frame.run(asset, ts, seq, grade(quality), connection, operation, inverter, permitText, limits_hash);
    for (const [point, measured] of Object.entries(report.points)) {
      insertSample(seriesId(asset, point), ts, measured.value, measured.quality);
    }
    // After the points: where a point of the device has the same name, the value of the frame is the normalised one.
    for (const point of FRAME_VALUES) {
      const value = report[point];
      insertSample(seriesId(asset, point), ts, value, value === null ? 'missing' : quality);
    }
  }

  function insertSample(series: number, ts: number, value: number | string | null, quality: Quality): void {
    const number = typeof value === 'number' && Number.isFinite(value) ? value : null;
    sample.run(series, ts, number, typeof value === 'string' ? value : null, grade(quality));
  }

  function seriesId(asset: string, point: string): number {
    const key = `${asset} ${point}`;
    const known = seriesIds.get(key);
    if (known !== undefined) return known;
    const id = Number(newSeries.run(asset, point).lastInsertRowid);
    seriesIds.set(key, id);
    return id;
  }

  function insertEvent(one: SiteEvent): void {
    const ts = Date.parse(one.ts);
    event.run(ts, one.kind, one.asset_id ?? null, JSON.stringify(one));
    if (one.kind !== 'command') return;
    const { id, phase, reason, final_w, measured_w } = one;
    const words = [text(id), text(one.asset_id), text(phase), text(reason)] as const;
    command.run(ts, ...words, finite(final_w), finite(measured_w));
  }

  function insertAlarm(one: AlarmReport): void {
    alarm.run(Date.parse(one.ts), one.alarm_id, one.asset_id, one.severity, one.state, one.message);
  }

  function insertAudit(entry: AuditEntry): void {
    const next = link(head, entry);
    audit.run(next.id, Date.parse(entry.ts), next.body, next.hash);
    head = next;
  }
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
