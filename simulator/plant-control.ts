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
};

/** Forced state does not survive a reboot; limits, cutoffs and the working mode do. */
export const NOT_FORCED = {
  command: 'none',
  periodMin: 0,
  byTargetSoc: false,
  targetSocPct: 0,
  forcedChargeW: 0,
  forcedDischargeW: 0,
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
    ...NOT_FORCED,
  };
}

/** Battery power at the DC side that the device steers to; positive = discharge. */
export function wantedBatteryW(settings: PlantSettings, controls: Controls, socPct: number): number {
  if (!controls.on) return 0;
  if (settings.stuckOnW !== undefined) return settings.stuckOnW;
  return Math.max(
    -chargeRoomW(settings, controls, socPct),
    Math.min(dischargeRoomW(settings, controls, socPct), askedW(settings, controls)),
  );
}

/** What the panels give at the DC side while the battery runs at `batteryW`. */
export function usedPvW(settings: PlantSettings, controls: Controls, batteryW: number): number {
  if (!controls.on) return 0;
  const acRoomW = settings.apparentVa / settings.efficiency - batteryW;
  return Math.max(0, Math.min(settings.pvW, acRoomW, forcedCeilingW(settings, controls)));
}

/** Power at the AC terminal for a power at the DC side; the inverter's losses are on the way. */
export function acFromDcW(dcW: number, efficiency: number): number {
  return dcW >= 0 ? dcW * efficiency : dcW / efficiency;
}

function askedW(settings: PlantSettings, controls: Controls): number {
  switch (controls.command) {
    case 'charge':
      return -(controls.chargeFromGrid ? controls.forcedChargeW : Math.min(controls.forcedChargeW, settings.pvW));
    case 'discharge':
      return controls.forcedDischargeW;
    case 'none':
      break;
  }
  if (!SELF_CONSUMING.includes(controls.workingMode)) return 0;
  return settings.loadW / settings.efficiency - settings.pvW;
}

function dischargeRoomW(settings: PlantSettings, controls: Controls, socPct: number): number {
  if (socPct <= controls.dischargeCutoffPct) return 0;
  return Math.min(controls.limitDischargeW, settings.maxDischargeW, settings.ratedW);
}

function chargeRoomW(settings: PlantSettings, controls: Controls, socPct: number): number {
  if (socPct >= controls.chargeCutoffPct) return 0;
  return Math.min(controls.limitChargeW, settings.maxChargeW, settings.ratedW);
}

function forcedCeilingW(settings: PlantSettings, controls: Controls): number {
  if (!settings.forcedCeiling || controls.command !== 'discharge') return Infinity;
  return controls.forcedDischargeW;
}
