/**
 * Gauges that are read from an answer of control to `status`: states, permits, latches, alarms, meters.
 */
import type { AlarmReport } from '../contracts/reports.ts';
import type { AssetStatus, MeterStatus, SiteStatus } from '../contracts/status.ts';
import type { Named } from './metrics-table.ts';
import type { Series } from './metrics-series.ts';

const OF_STATUS = [
  'bess_connection_state',
  'bess_local_control',
  'bess_maintenance_active',
  'bess_deadman_proven',
  'bess_trip_latched',
  'bess_permit_charge_kw',
  'bess_permit_discharge_kw',
  'bess_permit_reason',
  'bess_order_kw',
  'bess_grid_power_kw',
  'bess_grid_voltage_v',
  'bess_grid_frequency_hz',
] as const satisfies readonly Named<'gauge'>[];

const CONNECTION_STATES = ['connecting', 'identifying', 'online', 'stale', 'backoff', 'lost'] as const;
const SEVERITIES = ['P1', 'P2', 'P3', 'P4'] as const;

/** Undefined: control has not answered lately, so nothing of this is known. */
export function showStatus(series: Series, status: SiteStatus | undefined): void {
  series.clear(...OF_STATUS);
  for (const asset of status?.assets ?? []) showAsset(series, asset);
  for (const meter of status?.meters ?? []) showMeter(series, meter);
}

/** No zeros where the alarms are only partly known. */
export function showAlarms(series: Series, alarms: readonly AlarmReport[], complete: boolean): void {
  series.clear('bess_alarms_active', 'bess_alarm_active');
  for (const severity of SEVERITIES) {
    const count = alarms.filter((alarm) => alarm.severity === severity).length;
    if (complete || count > 0) series.set('bess_alarms_active', { severity }, count);
  }
  for (const { alarm_id, asset_id, severity } of alarms) {
    const alarm = asset_id === null ? alarm_id : alarm_id.replace(`${asset_id}.`, '');
    series.set('bess_alarm_active', { alarm, asset_id: asset_id ?? '', severity }, 1);
  }
}

function showAsset(series: Series, { asset_id, permit, order, ...asset }: AssetStatus): void {
  const of = { asset_id };
  showConnection(series, asset_id, asset.connection);
  if (asset.bms) showConnection(series, asset.bms.device_id, asset.bms.connection);
  series.set('bess_local_control', of, asset.local ? 1 : 0);
  series.set('bess_maintenance_active', of, asset.maintenance ? 1 : 0);
  series.set('bess_deadman_proven', of, asset.deadman.state === 'proven' ? 1 : 0);
  series.set('bess_trip_latched', of, asset.trip ? 1 : 0);
  series.set('bess_permit_charge_kw', of, permit.max_charge_w / 1000);
  series.set('bess_permit_discharge_kw', of, permit.max_discharge_w / 1000);
  for (const reason of permit.reasons) series.set('bess_permit_reason', { asset_id, reason }, 1);
  if (order) series.set('bess_order_kw', of, order.w / 1000);
}

function showMeter(series: Series, { meter_id, connection, ...meter }: MeterStatus): void {
  const of = { asset_id: meter_id };
  showConnection(series, meter_id, connection);
  if (meter.grid_power_w !== null) series.set('bess_grid_power_kw', of, meter.grid_power_w / 1000);
  series.set('bess_grid_voltage_v', of, meter.voltage_v);
  series.set('bess_grid_frequency_hz', of, meter.frequency_hz);
}

function showConnection(series: Series, assetId: string, connection: string): void {
  for (const state of CONNECTION_STATES)
    series.set('bess_connection_state', { asset_id: assetId, state }, connection === state ? 1 : 0);
}
