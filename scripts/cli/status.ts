/** `bessd status`: the site on one screen. */
import type { Command } from 'commander';
import type { AssetStatus, SiteStatus } from '../../contracts/status.ts';
import { ask, siteCommand } from './command.ts';
import type { SiteOptions } from './command.ts';
import { kilowatts, painted, shown, table } from './output.ts';

export function statusCommand(): Command {
  return siteCommand('status', 'show a running site').action((options: SiteOptions) =>
    ask('status', options, {}, screen),
  );
}

function screen(status: SiteStatus): string {
  const { estop, broker, alarms } = status;
  const stop =
    estop.state === 'armed'
      ? painted('green', 'armed')
      : painted('red', `${estop.state} since ${estop.since ?? '?'}: ${estop.reason ?? '?'}`);
  const bus =
    broker.kind === 'in_process'
      ? 'none (in process)'
      : `${broker.url ?? '?'} ${broker.version ?? ''} ${broker.connected ? '' : painted('red', 'down')}`;
  return [
    `${painted('bold', status.site)}  ${status.mode}${status.read_only ? ' read-only' : ''}  up ${Math.round(status.uptime_s)} s`,
    `E-stop  ${stop}`,
    `broker  ${bus.trimEnd()}`,
    `alarms  ${alarms.length === 0 ? 'none' : alarms.map(({ alarm_id, severity }) => `${severity} ${alarm_id}`).join(', ')}`,
    '',
    table([
      ['asset', 'connection', 'operation', 'quality', 'SOC', 'battery', 'AC', 'may charge', 'may discharge', 'remarks'],
      ...status.assets.map(row),
    ]),
    ...meterLines(status),
    ...status.assets.flatMap(limitations),
    ...status.assets.flatMap(missingBms),
  ].join('\n');
}

function meterLines({ meters }: SiteStatus): readonly string[] {
  if (meters.length === 0) return [];
  const rows = meters.map(({ meter_id, pcc, connection, quality, grid_power_w, voltage_v, frequency_hz }) => [
    meter_id,
    connection,
    quality,
    kilowatts(grid_power_w),
    shown(voltage_v, 'V'),
    shown(frequency_hz, 'Hz'),
    pcc ? 'grid connection' : '',
  ]);
  return ['', table([['meter', 'connection', 'quality', 'import', 'voltage', 'frequency', ''], ...rows])];
}

function missingBms({ asset_id, bms }: AssetStatus): readonly string[] {
  if (!bms || bms.missing.length === 0) return [];
  return [
    painted(
      'red',
      `${asset_id}: blocked by ${bms.device_id} (${bms.connection}), which lacks ${bms.missing.join(', ')}`,
    ),
  ];
}

/** What keeps an asset below its rating, or unguarded in one respect; what has one cause stands in one line. */
function limitations({ asset_id, caps }: AssetStatus): readonly string[] {
  const causes = new Map<string, string[]>();
  for (const { what, why } of caps) causes.set(why, [...(causes.get(why) ?? []), what]);
  return [...causes].map(([why, whats]) => painted('dim', `${asset_id}: ${whats.join(', ')} (${why})`));
}

/** `discharging, limited`: with how far the order under way has come. */
export function operationShown({ operation, setpoint_state }: AssetStatus): string {
  return setpoint_state === null ? operation : `${operation}, ${setpoint_state}`;
}

function row(asset: AssetStatus): readonly string[] {
  const { permit, trip, maintenance, local, order } = asset;
  const remarks = [
    ...(trip ? [painted('red', `tripped: ${trip.cause}`)] : []),
    ...(maintenance ? [painted('yellow', `tagged out: ${maintenance.tag}`)] : []),
    ...(local ? ['local control'] : []),
    ...(order ? [`order ${kilowatts(order.w)} until ${order.expires_at}`] : []),
    ...permit.reasons,
  ];
  return [
    asset.asset_id,
    asset.connection,
    operationShown(asset),
    asset.quality,
    shown(asset.soc_pct, '%'),
    kilowatts(asset.battery_power_w),
    kilowatts(asset.active_power_w),
    kilowatts(permit.max_charge_w),
    kilowatts(permit.max_discharge_w),
    remarks.join('; '),
  ];
}
