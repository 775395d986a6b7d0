/**
 * The guard of one asset: a pure reducer from telemetry to a permit.
 *
 * `judge` is called for every frame. Its permit covers each direction on its own, expires when the first of its inputs
 * turns stale, and is zero in both directions whenever anything that it needs is missing. It never widens what the
 * limits table, the device and the caps allow; each narrowing carries its reason.
 */
import type { Limits } from '../../contracts/limits.ts';
import type { Permit, PermitReason } from '../../contracts/permit.ts';
import type { Measurand } from '../../contracts/profile.ts';
import type { AssetConfig } from '../../contracts/site-config.ts';
import type { TelemetryFrame } from '../../contracts/telemetry.ts';
import { narrowedToAc } from './ac-setpoint.ts';
import type { Caps, CapsWith } from './caps.ts';
import type { Engaged } from './hysteresis.ts';
import { judgeLimits } from './limits-table.ts';
import type { RowAlarm } from './limits-table.ts';
import type { BmsPlan } from './join.ts';
import { believe } from './measurands.ts';
import type { Believed } from './measurands.ts';
import { plausible, NOTHING_SEEN } from './plausibility.ts';
import type { Seen } from './plausibility.ts';

export type GuardConfig = {
  readonly asset: AssetConfig;
  readonly limits: Limits;
  readonly caps: Caps;
  /** The caps with what a drill found on the device. */
  readonly capsWith?: CapsWith;
  readonly nominalVoltageV: number | undefined;
  /** The setpoint of the device is power at its AC terminal. */
  readonly acSetpoint?: boolean;
  readonly voltagePct: readonly [number, number];
  readonly frequencyHz: readonly [number, number];
  /** A battery management system of its own, whose frames join those of the asset. */
  readonly bms?: BmsPlan;
};

/** What the site says: the latch and the epoch, from the E-stop. */
export type SiteLatch = { readonly epoch: number; readonly latched: boolean };

export type GuardState = {
  readonly engaged: Engaged;
  readonly cellOutsideSinceMs: number | undefined;
  /** Since when the grid is inside its window again after having been outside; undefined: never outside. */
  readonly gridInsideSinceMs: number | undefined;
  /** When the last values of the grid turn stale; from then on nobody sees it. */
  readonly gridSeenUntilMs: number;
  readonly tripped: boolean;
  readonly seen: Seen;
};

export const UNJUDGED: GuardState = {
  engaged: {},
  cellOutsideSinceMs: undefined,
  gridInsideSinceMs: undefined,
  gridSeenUntilMs: Number.NEGATIVE_INFINITY,
  tripped: false,
  seen: NOTHING_SEEN,
};

export type Judgement = {
  readonly state: GuardState;
  readonly permit: Permit;
  readonly alarms: readonly RowAlarm[];
  readonly trip: { readonly reason: PermitReason; readonly cause: string } | undefined;
  /** The device reports something after which it must not start again by itself. */
  readonly fault: string | undefined;
  /** Nothing stands any more that made the asset trip. */
  readonly causeGone: boolean;
};

type Narrowing = { readonly reason: PermitReason; readonly chargeW: number; readonly dischargeW: number };

export type Circumstances = {
  /** What the battery management system should measure and does not. */
  readonly silent?: readonly Measurand[];
  /** What the device was last told to move, W; 0 without an order. */
  readonly orderedW?: number;
  /** An authorised person allows a calibration charge now. */
  readonly calibrating?: boolean;
};

export type Ceiling = { readonly chargeW: number; readonly dischargeW: number };

export function judge(
  before: GuardState,
  frame: TelemetryFrame,
  ceiling: Ceiling,
  config: GuardConfig,
  site: SiteLatch,
  nowMs: number,
  { silent = [], orderedW = 0, calibrating = false }: Circumstances = {},
): Judgement {
  const { asset, limits, caps } = config;
  const { seen, doubts } = plausible(before.seen, frame, asset, orderedW);
  const table = judgeLimits({
    frame,
    limits,
    reserveSocPct: asset.reserveSocPct,
    capacityWh: asset.capacityWh,
    baseChargeW: asset.maxChargePowerW,
    baseDischargeW: asset.maxDischargePowerW,
    nowMs,
    before: before.engaged,
    // Where nothing ends a charge that is left alone, there is no room for one over the limit.
    calibrating: calibrating && caps.deadman.state !== 'failed',
  });
  // A silent cell sensor does not show that the cell came back: the time goes on, the trip waits for proof.
  const cellSilent =
    believe(frame, 'cellVoltageMaxV', nowMs) === 'missing' || believe(frame, 'cellVoltageMinV', nowMs) === 'missing';
  const cellOutsideSinceMs = table.cellOutside
    ? (before.cellOutsideSinceMs ?? nowMs)
    : cellSilent
      ? before.cellOutsideSinceMs
      : undefined;
  const cellTrip =
    table.cellOutside && cellOutsideSinceMs !== undefined && nowMs - cellOutsideSinceMs >= limits.cell.tripAfterMs;
  const trip =
    table.trip ??
    (cellTrip
      ? {
          reason: 'CELL_TRIP' as const,
          cause: `a cell voltage has been outside its bounds for ${limits.cell.tripAfterMs} ms`,
        }
      : undefined);
  const tripped = before.tripped || trip !== undefined;
  const grid = judgeGrid(before, frame, config, nowMs);
  const device = judgeDevice(frame, nowMs);
  const fault = faultOf(frame) ?? lostUnderOrder(device.contactorOpen, orderedW);

  const narrowings: Narrowing[] = [
    { reason: 'DEADMAN_CAP', chargeW: caps.chargeW, dischargeW: caps.dischargeW },
    { reason: 'DEVICE_LIMIT', ...ceiling },
    ...device.narrowings,
    ...grid.narrowings,
  ];
  for (const reason of doubts) narrowings.push(none(reason));
  if (fault !== undefined) narrowings.push(none(fault.reason));
  if (tripped) narrowings.push(none('TRIPPED'));
  if (site.latched) narrowings.push(none('ESTOP_LATCHED'));

  const permit = permitOf(
    asset.id,
    site.epoch,
    table,
    narrowings,
    Math.min(table.staleAtMs, grid.staleAtMs, device.staleAtMs),
    silent.length > 0,
  );
  return {
    state: {
      engaged: table.engaged,
      cellOutsideSinceMs,
      gridInsideSinceMs: grid.insideSinceMs,
      gridSeenUntilMs: grid.staleAtMs,
      tripped,
      seen,
    },
    permit: config.acSetpoint ? narrowedToAc(permit, frame, asset.efficiency, nowMs) : permit,
    alarms: table.alarms,
    trip: before.tripped ? undefined : trip,
    fault: fault?.cause,
    causeGone: causeGone(table.engaged, frame, nowMs),
  };
}

/** Whether the causes of a trip are gone, by the release values of the table. A sensor that is silent may be the hot one. */
function causeGone(engaged: Engaged, frame: TelemetryFrame, nowMs: number): boolean {
  const stands = (['HOT_TRIP', 'HOT_STOP', 'CELL_HIGH', 'CELL_LOW'] as const).some((row) => engaged[row]);
  const silent = (['temperatureC', 'cellVoltageMaxV', 'cellVoltageMinV', 'insulationFault'] as const).some(
    (measurand) => believe(frame, measurand, nowMs) === 'missing',
  );
  return !stands && !silent;
}

function permitOf(
  assetId: string,
  epoch: number,
  table: ReturnType<typeof judgeLimits>,
  narrowings: readonly Narrowing[],
  staleAtMs: number,
  bmsSilent: boolean,
): Permit {
  let { chargeW, dischargeW } = table;
  const charge = new Set(table.reasons.charge);
  const discharge = new Set(table.reasons.discharge);
  for (const narrowing of narrowings) {
    if (!(narrowing.chargeW >= chargeW) || narrowing.chargeW === 0) charge.add(narrowing.reason);
    if (!(narrowing.dischargeW >= dischargeW) || narrowing.dischargeW === 0) discharge.add(narrowing.reason);
    chargeW = Math.min(chargeW, narrowing.chargeW);
    dischargeW = Math.min(dischargeW, narrowing.dischargeW);
  }
  // Whose absence it is, is named.
  for (const reasons of [charge, discharge]) if (bmsSilent && reasons.has('MISSING')) reasons.add('BMS_MISSING');
  return {
    assetId,
    epoch,
    maxChargeW: floor(chargeW),
    maxDischargeW: floor(dischargeW),
    expiresAtMs: Number.isFinite(staleAtMs) ? staleAtMs : 0,
    reasons: { charge: [...charge], discharge: [...discharge] },
  };
}

/** An invalid limit is 0, never "none". */
function floor(watts: number): number {
  return watts > 0 && Number.isFinite(watts) ? watts : 0;
}

function none(reason: PermitReason): Narrowing {
  return { reason, chargeW: 0, dischargeW: 0 };
}

/** What the device says of itself: its limits, its contactor, and that it can still tell of alarms and faults. */
function judgeDevice(
  frame: TelemetryFrame,
  nowMs: number,
): { narrowings: readonly Narrowing[]; staleAtMs: number; contactorOpen: boolean } {
  const inputs = DEVICE_INPUTS.map((measurand) => believe(frame, measurand, nowMs));
  const [charge, discharge, contactor, ...others] = inputs as [Believed, Believed, Believed, ...Believed[]];
  const watts = (believed: Believed): number =>
    believed === 'off' ? Number.POSITIVE_INFINITY : believed === 'missing' ? 0 : believed.min;
  const narrowings: Narrowing[] = [{ reason: 'DEVICE_LIMIT', chargeW: watts(charge), dischargeW: watts(discharge) }];
  if ([contactor, ...others].includes('missing')) narrowings.push(none('MISSING'));
  const contactorOpen = typeof contactor !== 'string' && contactor.max !== 0;
  if (contactorOpen) narrowings.push(none('CONTACTOR_OPEN'));
  const staleAtMs = Math.min(
    ...inputs.map((believed) => (typeof believed === 'string' ? Number.POSITIVE_INFINITY : believed.staleAtMs)),
  );
  return { narrowings, staleAtMs, contactorOpen };
}

const DEVICE_INPUTS = [
  'maxChargeNowW',
  'maxDischargeNowW',
  'contactorOpen',
  'alarms',
  'inverterState',
  'insulationFault',
] as const;

/** One of several that reports it is enough, also while another one is silent. */
function faultOf(frame: TelemetryFrame): { readonly reason: PermitReason; readonly cause: string } | undefined {
  const alarm = frame.alarms.find(({ effect }) => effect === 'stop');
  if (frame.inverter === 'fault')
    return { reason: 'DEVICE_FAULT', cause: `the device reports ${alarm?.name ?? 'a fault'}` };
  if (alarm) return { reason: 'DEVICE_ALARM', cause: `the device reports ${alarm.name}` };
  const insulation = frame.readings.insulationFault?.some(({ value }) => value !== undefined && value !== 0);
  return insulation ? { reason: 'INSULATION_FAULT', cause: 'the device reports an insulation fault' } : undefined;
}

/** A contactor that opens under an order is a fault, so that its closing starts nothing; a battery that rests may open it. */
function lostUnderOrder(
  contactorOpen: boolean,
  orderedW: number,
): { readonly reason: PermitReason; readonly cause: string } | undefined {
  if (!contactorOpen || orderedW === 0) return undefined;
  return { reason: 'CONTACTOR_OPEN', cause: 'the contactor of the battery opened under an order' };
}

function judgeGrid(
  before: GuardState,
  frame: TelemetryFrame,
  config: GuardConfig,
  nowMs: number,
): { narrowings: Narrowing[]; insideSinceMs: number | undefined; staleAtMs: number } {
  const { nominalVoltageV, voltagePct, frequencyHz, limits } = config;
  const voltage = nominalVoltageV === undefined ? 'off' : believe(frame, 'gridVoltageV', nowMs);
  const frequency = believe(frame, 'gridFrequencyHz', nowMs);
  const staleAtMs = Math.min(
    ...[voltage, frequency].map((believed) =>
      typeof believed === 'string' ? Number.POSITIVE_INFINITY : believed.staleAtMs,
    ),
  );
  const since = before.gridInsideSinceMs;
  // Time in which nobody saw the grid does not count as time inside its window.
  const unseen = since === undefined ? undefined : Number.POSITIVE_INFINITY;
  if (frame.offGrid) return { narrowings: [], insideSinceMs: unseen, staleAtMs };
  if (voltage === 'missing' || frequency === 'missing')
    return { narrowings: [none('MISSING')], insideSinceMs: unseen, staleAtMs };
  const [lowV, highV] = voltagePct.map((pct) => (pct / 100) * (nominalVoltageV ?? 0)) as [number, number];
  const inside =
    (voltage === 'off' || (voltage.min >= lowV && voltage.max <= highV)) &&
    (frequency === 'off' || (frequency.min >= frequencyHz[0] && frequency.max <= frequencyHz[1]));
  if (!inside) return { narrowings: [none('GRID_WINDOW')], insideSinceMs: Number.POSITIVE_INFINITY, staleAtMs };
  if (since === undefined) return { narrowings: [], insideSinceMs: undefined, staleAtMs };
  const insideSinceMs = wasUnseen(before, frame) ? nowMs : Math.min(since, nowMs);
  const released = nowMs - insideSinceMs >= limits.grid.releaseMs;
  return {
    narrowings: released ? [] : [none('GRID_WINDOW')],
    insideSinceMs: released ? undefined : insideSinceMs,
    staleAtMs,
  };
}

/** No frame came for so long that what was seen of the grid was stale when this was read. */
function wasUnseen({ gridSeenUntilMs }: GuardState, { readings }: TelemetryFrame): boolean {
  const samples = [...(readings.gridVoltageV ?? []), ...(readings.gridFrequencyHz ?? [])];
  return samples.some(({ receivedAtMs }) => receivedAtMs >= gridSeenUntilMs);
}
