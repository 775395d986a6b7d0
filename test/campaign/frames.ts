/** Frames that carry a counter, by which every one of them is known wherever it turns up. */
import type { Report } from '../../contracts/reports.ts';

export const COUNTER = 'counter';

export function counted(counter: number, wallMs: number, asset = 'bess-1'): Report {
  return {
    type: 'TELEMETRY',
    report: {
      ts: new Date(wallMs).toISOString(),
      seq: counter,
      asset_id: asset,
      quality: 'good',
      connection: 'online',
      operation: 'standby',
      inverter: 'running',
      soc_pct: 50,
      active_power_w: 0,
      ac_power_w: 0,
      battery_power_w: 0,
      temperature_c: 25,
      voltage_v: 800,
      current_a: 0,
      permit: { max_charge_w: 0, max_discharge_w: 0, reasons: [] },
      limits_hash: 'x',
      points: { [COUNTER]: { value: counter, quality: 'good' } },
    },
  };
}
