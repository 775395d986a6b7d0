/**
 * What the vendor's control wants from the battery: pure functions of settings, controls and state of charge.
 *
 * Invariant: the wanted power never exceeds a limit of its direction, except where the power stage is stuck on.
 */
import type { PlantSettings } from './plant-settings.ts';

export type ForcedCommand = 'none' | 'charge' | 'discharge';

/** What can be written to the device. */
export type Controls = {
  readonly on: boolean;
  readonly workingMode: number;
  readonly limitChargeW: number;
  readonly limitDischargeW: number;
  readonly chargeCutoffPct: number;
  readonly dischargeCutoffPct: number;
  readonly chargeFromGrid: boolean;
  readonly command: ForcedCommand;
  readonly periodMin: number;
  /** Forced until the target SOC instead of for the period. */
  readonly byTargetSoc: boolean;
  readonly targetSocPct: number;
  readonly forcedChargeW: number;
  readonly forcedDischargeW: number;
  /** Connected and at zero power. */
  readonly standby: boolean;
  readonly contactorClosed: boolean;
  readonly gridConnected: boolean;
  /** Share of the strings that are connected, 0 to 1. */
  readonly stringShare: number;
  /** Highest active power at the AC terminal, either direction, as it is set; survives a reboot. */
  readonly acMaxW: number;
  /** Wanted at the AC terminal, positive = out; in place of the working mode. */
  readonly acSetpointW: number | undefined;
  /** Curtailment: what may leave the AC terminal at most. */
  readonly acOutLimitW: number | undefined;
  /** Lowest and highest power of the battery; the working mode moves inside. */
  readonly batteryWindowW: readonly [number, number] | undefined;
  /** Change of battery power per second; 0: as fast as the actuator can. */
  readonly rampWPerS: number;
};

/** Forced state does not survive a reboot; limits, cutoffs and the working mode do. */
export const NOT_FORCED = {
  command: 'none',
  periodMin: 0,
  byTargetSoc: false,
  targetSocPct: 0,
  forcedChargeW: 0,
  forcedDischargeW: 0,
  standby: false,
  acSetpointW: undefined,
  acOutLimitW: undefined,
  batteryWindowW: undefined,
} as const satisfies Partial<Controls>;

const SELF_CONSUMING = [0, 2];

export function defaultControls(settings: PlantSettings): Controls {
  return {
    on: true,
    workingMode: 2,
    limitChargeW: settings.maxChargeW,
    limitDischargeW: settings.maxDischargeW,
    chargeCutoffPct: 100,
    dischargeCutoffPct: 0,
    chargeFromGrid: true,
    contactorClosed: true,
    gridConnected: true,
    stringShare: 1,
    acMaxW: settings.ratedW,
    rampWPerS: 0,
    ...NOT_FORCED,
  };
}

/** Battery power at the DC side that the device steers to; positive = discharge. */
export function wantedBatteryW(settings: PlantSettings, controls: Controls, socPct: number): number {
  if (!controls.on || !isClosed(controls)) return 0;
  if (settings.stuckOnW !== undefined) return settings.stuckOnW;
  if (controls.standby) return 0;
  const [lowest, highest] = controls.batteryWindowW ?? [-Infinity, Infinity];
  const askedInsideW = Math.max(lowest, Math.min(highest, askedW(settings, controls)));
  return Math.max(
    -chargeRoomW(settings, controls, socPct),
    Math.min(dischargeRoomW(settings, controls, socPct), askedInsideW),
  );
}

/** Whether current can flow between battery and grid. */
export function isClosed({ contactorClosed, gridConnected }: Controls): boolean {
  return contactorClosed && gridConnected;
}

/** What the panels give at the DC side while the battery runs at `batteryW`. */
export function usedPvW(settings: PlantSettings, controls: Controls, batteryW: number): number {
  if (!controls.on || !controls.gridConnected) return 0;
  const acOutW = Math.min(settings.apparentVa, controls.acOutLimitW ?? Infinity);
  const acRoomW = acOutW / settings.efficiency - batteryW;
  return Math.max(0, Math.min(settings.pvW, acRoomW, forcedCeilingW(settings, controls)));
}

/** Power at the AC terminal for a power at the DC side; the inverter's losses are on the way. */
export function acFromDcW(dcW: number, efficiency: number): number {
  return dcW >= 0 ? dcW * efficiency : dcW / efficiency;
}

/** The other way round. */
export function dcFromAcW(acW: number, efficiency: number): number {
  return acW >= 0 ? acW / efficiency : acW * efficiency;
}

function askedW(settings: PlantSettings, controls: Controls): number {
  switch (controls.command) {
    case 'charge':
      return -controls.forcedChargeW;
    case 'discharge':
      return controls.forcedDischargeW;
    case 'none':
      break;
  }
  if (controls.acSetpointW !== undefined) return forAcW(settings, controls, controls.acSetpointW);
  if (!SELF_CONSUMING.includes(controls.workingMode)) return 0;
  return settings.loadW / settings.efficiency - settings.pvW;
}

/** What the battery must do so that it makes `acW` at the AC terminal together with the panels. */
function forAcW(settings: PlantSettings, { acMaxW }: Controls, acW: number): number {
  const insideW = Math.max(-acMaxW, Math.min(acMaxW, acW));
  return dcFromAcW(insideW, settings.efficiency) - settings.pvW;
}

function dischargeRoomW(settings: PlantSettings, controls: Controls, socPct: number): number {
  if (socPct <= controls.dischargeCutoffPct) return 0;
  const { limitDischargeW, acOutLimitW = Infinity, stringShare } = controls;
  const ratedW = settings.ratedW * stringShare;
  return Math.min(limitDischargeW, settings.maxDischargeW, ratedW, acOutLimitW / settings.efficiency);
}

function chargeRoomW(settings: PlantSettings, controls: Controls, socPct: number): number {
  if (socPct >= controls.chargeCutoffPct) return 0;
  const sourceW = controls.chargeFromGrid ? Infinity : settings.pvW;
  return Math.min(controls.limitChargeW, settings.maxChargeW, settings.ratedW * controls.stringShare, sourceW);
}

function forcedCeilingW(settings: PlantSettings, controls: Controls): number {
  if (!settings.forcedCeiling || controls.command !== 'discharge') return Infinity;
  return controls.forcedDischargeW;
}
