/**
 * The driver's view of its device for the outside: the telemetry message and the asset's line in the status.
 */
import type { TelemetryReport } from '../../contracts/reports.ts';
import type { ConnectionState, Quality, Sample } from '../../contracts/telemetry.ts';
import type { Measurand } from '../../contracts/profile.ts';
import type { Samples } from '../../machines/device/telemetry.ts';
import { firmwareChanged, isLocal, operationOf, setpointOf } from './situation.ts';
import type { Cockpit } from './cockpit.ts';
import { drillStatus } from './drill-record.ts';

export function reportTelemetry(cockpit: Cockpit): void {
  const { frame, input } = cockpit;
  if (!frame) return;
  const { board, asset } = input;
  const acPowerW = worst(cockpit, 'acPowerW');
  const report: TelemetryReport = {
    ts: new Date(frame.wallMs).toISOString(),
    seq: frame.seq,
    asset_id: asset.id,
    quality: qualityOf(cockpit),
    connection: connectionOf(cockpit),
    operation: operationOf(cockpit),
    inverter: frame.inverter ?? null,
    soc_pct: worst(cockpit, 'socPct'),
    active_power_w: acPowerW,
    ac_power_w: acPowerW,
    battery_power_w: worst(cockpit, 'batteryPowerW'),
    temperature_c: worst(cockpit, 'temperatureC'),
    voltage_v: worst(cockpit, 'voltageV'),
    current_a: worst(cockpit, 'currentA'),
    permit: permitOf(cockpit),
    limits_hash: input.limitsHash,
    points: pointsOf(frame.points, cockpit.clock.now()),
  };
  board.report({ type: 'TELEMETRY', report });
  updateBoard(cockpit);
}

/** Also called when something changed between two polls. */
export function updateBoard(cockpit: Cockpit): void {
  const { input, frame } = cockpit;
  const { asset, board } = input;
  const caps = input.capsWith(cockpit.proof);
  const context = cockpit.operation?.getSnapshot().context;
  const before = board.assets.get(asset.id);
  board.assets.set(asset.id, {
    asset_id: asset.id,
    connection: connectionOf(cockpit),
    operation: operationOf(cockpit),
    setpoint_state: setpointOf(cockpit) ?? null,
    inverter: frame?.inverter ?? null,
    quality: qualityOf(cockpit),
    soc_pct: worst(cockpit, 'socPct'),
    active_power_w: worst(cockpit, 'acPowerW'),
    battery_power_w: worst(cockpit, 'batteryPowerW'),
    temperature_c: worst(cockpit, 'temperatureC'),
    permit: permitOf(cockpit),
    trip: before?.trip ?? null,
    local: isLocal(cockpit),
    maintenance: before?.maintenance ?? null,
    deadman: {
      // A watched timer is less than a drill, and only said where there was none.
      state: caps.deadman.state === 'unproven' ? cockpit.deadman.state : caps.deadman.state,
      time_s: caps.deadman.timeMs / 1000,
      max_w: caps.deadman.maxW,
      ...drillStatus(cockpit),
    },
    firmware: cockpit.firmware ?? null,
    order: context?.order
      ? { id: context.order.id, w: context.order.w, expires_at: new Date(context.order.expiresAtWallMs).toISOString() }
      : null,
    caps: [
      ...caps.why,
      ...(firmwareChanged(cockpit)
        ? [{ what: 'read-only', why: 'the firmware changed and nobody has accepted it' }]
        : []),
    ],
  });
}

export function connectionOf(cockpit: Cockpit): ConnectionState {
  const value = (cockpit.connection?.getSnapshot() as { value?: unknown } | undefined)?.value;
  if (typeof value === 'object' && value !== null && 'linked' in value)
    return (value as { linked: ConnectionState }).linked;
  return value === 'lost' ? 'lost' : value === 'backoff' ? 'backoff' : 'connecting';
}

/** Good only on a living connection with every measurand present. */
export function qualityOf(cockpit: Cockpit): Quality {
  const { frame } = cockpit;
  const connection = connectionOf(cockpit);
  if (!frame) return 'missing';
  if (connection !== 'online') return 'stale';
  const now = cockpit.clock.now();
  const isGood = (sample: Sample): boolean => sample.quality === 'good' && now < sample.staleAtMs;
  return Object.values(frame.readings).every((samples) => samples.every(isGood)) ? 'good' : 'suspect';
}

function pointsOf(samples: Samples, nowMs: number): TelemetryReport['points'] {
  const points: Record<string, TelemetryReport['points'][string]> = {};
  for (const [name, { value, quality, staleAtMs }] of Object.entries(samples))
    points[name] = { value: value ?? null, quality: quality === 'good' && nowMs >= staleAtMs ? 'stale' : quality };
  return points;
}

/** The value that counts for safety: the hottest sensor, the first of anything else. */
function worst(cockpit: Cockpit, measurand: Measurand): number | null {
  let worstYet: number | null = null;
  for (const { value } of cockpit.frame?.readings[measurand] ?? []) {
    if (typeof value !== 'number') continue;
    if (measurand !== 'temperatureC') return value;
    worstYet = Math.max(worstYet ?? value, value);
  }
  return worstYet;
}

function permitOf({ permit, epoch, clock }: Cockpit): TelemetryReport['permit'] {
  if (!permit || permit.epoch !== epoch || clock.now() >= permit.expiresAtMs)
    return { max_charge_w: 0, max_discharge_w: 0, reasons: [permit ? 'STALE' : 'NO_TELEMETRY'] };
  return {
    max_charge_w: permit.maxChargeW,
    max_discharge_w: permit.maxDischargeW,
    reasons: [...new Set([...permit.reasons.charge, ...permit.reasons.discharge])],
  };
}
