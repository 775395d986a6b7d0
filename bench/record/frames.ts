/** One frame of 40 points, as control reports it, and the same as rows that are ready to be bound. */
import type { Report } from '../../contracts/reports.ts';
import { FRAME_VALUES } from '../../io/record-rows.ts';

export const POINTS = 40;

export function frameAt(ts: number, seq: number, points = POINTS, asset = 'bess-1'): Report {
  const measured = Array.from({ length: points }, (_, n) => [
    `point_${n}`,
    { value: n * 1.5 + (seq % 100), quality: 'good' as const },
  ]);
  return {
    type: 'TELEMETRY',
    report: {
      ts: new Date(ts).toISOString(),
      seq,
      asset_id: asset,
      quality: 'good',
      connection: 'online',
      operation: 'charging',
      inverter: 'running',
      soc_pct: 50,
      active_power_w: -1200.5,
      ac_power_w: -1210,
      battery_power_w: -1250,
      temperature_c: 21,
      voltage_v: 800,
      current_a: -1.5,
      permit: { max_charge_w: 1000, max_discharge_w: 2000, reasons: [] },
      limits_hash: '0123456789abcdef',
      points: Object.fromEntries(measured),
    },
  };
}

export type Rows = {
  readonly frame: readonly (number | string | null)[];
  readonly samples: readonly (readonly (number | null)[])[];
};

export function rowsAt(ts: number, n: number): Rows {
  const values = [...Array.from({ length: POINTS }, (_, at) => at * 1.5 + (n % 100)), ...FRAME_VALUES.map(() => 50.5)];
  const permit = '{"max_charge_w":1000,"max_discharge_w":2000,"reasons":[]}';
  return {
    frame: [n, ts, 'bess-1', n, 0, 'online', 'charging', 'running', permit, '0123456789abcdef'],
    samples: values.map((value, series) => [series + 1, ts, n, value, null, 0]),
  };
}
