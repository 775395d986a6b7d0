/** Reports to record, and a folder of one's own to record them in. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Report } from '../../contracts/reports.ts';
import { openRecordStore } from '../../io/record-store.ts';
import type { RecordStore, RecordStoreOptions } from '../../io/record-store.ts';

export const START_MS = Date.parse('2026-01-01T00:00:00Z');

export type Folder = Disposable & { readonly dir: string };

export function folder(): Folder {
  const dir = mkdtempSync(path.join(tmpdir(), 'bessd-record-'));
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) };
}

export function openStore(dataDir: string, options: Partial<RecordStoreOptions> = {}): RecordStore {
  return openRecordStore({ dataDir, keepDays: 30, maxBytes: 100_000_000, nowMs: START_MS, check: true, ...options });
}

export function at(seconds: number): string {
  return new Date(START_MS + seconds * 1000).toISOString();
}

export function telemetry(seq: number, points: Readonly<Record<string, number | string | null>> = {}): Report {
  const measured = Object.entries(points).map(([name, value]) => [
    name,
    { value, quality: value === null ? ('missing' as const) : ('good' as const) },
  ]);
  return {
    type: 'TELEMETRY',
    report: {
      ts: at(seq),
      seq,
      asset_id: 'bess-1',
      quality: 'good',
      connection: 'online',
      operation: 'standby',
      inverter: null,
      soc_pct: 50,
      active_power_w: -1200.5,
      ac_power_w: null,
      battery_power_w: -1250,
      temperature_c: 21,
      voltage_v: 800,
      current_a: -1.5,
      permit: { max_charge_w: 1000, max_discharge_w: 2000, reasons: [] },
      limits_hash: 'abc',
      points: Object.fromEntries(measured),
    },
  };
}

export function event(seq: number, fields: Readonly<Record<string, unknown>> = {}): Report {
  return { type: 'EVENT', event: { ...fields, ts: at(seq), seq, kind: 'transition', asset_id: 'bess-1' } };
}

export function commandEvent(seq: number): Report {
  const fields = { id: 'order-1', phase: 'written', reason: 'OK', final_w: 5000, measured_w: null };
  return { type: 'EVENT', event: { ...fields, ts: at(seq), seq, kind: 'command', asset_id: 'bess-1' } };
}

export function alarm(seq: number): Report {
  return {
    type: 'ALARM',
    alarm: { ts: at(seq), alarm_id: 'x', asset_id: null, severity: 'P2', state: 'active', message: 'm' },
  };
}

export function audit(seq: number): Report {
  return {
    type: 'AUDIT',
    entry: {
      ts: at(seq),
      seq,
      asset_id: 'bess-1',
      kind: 'power',
      sequence: 'setpoint',
      register: 47_100,
      words: [1, seq],
      requested_w: 5000,
      permitted_w: 5000,
      order_id: 'order-1',
      outcome: 'written',
      reason: 'OK',
    },
  };
}
