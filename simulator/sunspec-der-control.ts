/**
 * Control models of a DER after IEEE 1547-2018: 702 (settings), 704 (active power with reversion), 715 (operation).
 *
 * The reversion timer of a control starts when its enable or its time is written, at nothing else. At zero the reversion
 * values take the place of the values, as if they had been written. Settings of 702 survive a reboot, 704 does not.
 */
import type { Exception } from './device.ts';
import { EXCEPTION } from './device.ts';
import type { Controls } from './plant-control.ts';
import type { Plant } from './plant.ts';
import type { SunspecControl } from './sunspec-face.ts';
import type { Heartbeat } from './sunspec-heartbeat.ts';
import { reversionOf } from './sunspec-reversion.ts';
import type { SunspecValues } from './sunspec-words.ts';

const REFUSED: Exception = { exception: EXCEPTION.illegalValue };
const WATTS = 1;
const OPERATION = { stop: 0, start: 1, enterStandby: 2, exitStandby: 3 } as const;

/** 702: limits of the owner, within the ratings. */
export function capacityControl(plant: Plant): SunspecControl {
  return {
    values() {
      const { acMaxW, limitChargeW, limitDischargeW } = plant.controls;
      return { WMax: acMaxW, WChaRteMax: limitChargeW, WDisChaRteMax: limitDischargeW };
    },
    write({ WMax, WChaRteMax, WDisChaRteMax }) {
      const { ratedW } = plant.settings;
      if ([WMax, WChaRteMax, WDisChaRteMax].some((value) => typeof value === 'number' && value > ratedW))
        return REFUSED;
      plant.control({
        ...(typeof WMax === 'number' ? { acMaxW: WMax } : {}),
        ...(typeof WChaRteMax === 'number' ? { limitChargeW: WChaRteMax } : {}),
        ...(typeof WDisChaRteMax === 'number' ? { limitDischargeW: WDisChaRteMax } : {}),
      });
      return undefined;
    },
  };
}

const START = {
  WMaxLimPctEna: 0,
  WMaxLimPct: 100,
  WMaxLimPctRvrt: 100,
  WMaxLimPctEnaRvrt: 0,
  WMaxLimPctRvrtTms: 0,
  WSetEna: 0,
  WSetMod: WATTS,
  WSet: 0,
  WSetRvrt: 0,
  WSetPct: 0,
  WSetPctRvrt: 0,
  WSetEnaRvrt: 0,
  WSetRvrtTms: 0,
  VarSetEna: 0,
  VarSetMod: 4,
  VarSetPri: 0,
  VarSet: 0,
  VarSetRvrt: 0,
  VarSetPct: 0,
  VarSetPctRvrt: 0,
  VarSetEnaRvrt: 0,
  VarSetRvrtTms: 0,
  WRmp: 0,
  WRmpRef: 1,
  AntiIslEna: 1,
};
type Points = typeof START;

/** 704. Reactive power is taken and shown, and has no effect. */
export function activePowerControl(plant: Plant): SunspecControl {
  let points: Points = START;
  const setpoint = reversionOf(plant, '704.WSet', () =>
    take({ WSetEna: points.WSetEnaRvrt, WSet: points.WSetRvrt, WSetPct: points.WSetPctRvrt }),
  );
  const limit = reversionOf(plant, '704.WMaxLimPct', () =>
    take({ WMaxLimPctEna: points.WMaxLimPctEnaRvrt, WMaxLimPct: points.WMaxLimPctRvrt }),
  );

  return {
    values: () => ({ ...points, WSetRvrtRem: setpoint.remainingS(), WMaxLimPctRvrtRem: limit.remainingS() }),
    write(changes) {
      if (!isInRange(changes, plant.settings.ratedW)) return REFUSED;
      // Remaining times are values of the model and cannot be written, as their definition says.
      take(changes as Partial<Points>);
      if (isArmed(changes, 'WSetEna', 'WSetRvrtTms')) setpoint.start(points.WSetEna * points.WSetRvrtTms);
      if (isArmed(changes, 'WMaxLimPctEna', 'WMaxLimPctRvrtTms'))
        limit.start(points.WMaxLimPctEna * points.WMaxLimPctRvrtTms);
      return undefined;
    },
    reboot() {
      setpoint.start(0);
      limit.start(0);
      take(START);
    },
  };

  function take(changes: Partial<Points>): void {
    points = { ...points, ...changes };
    plant.control(steered(points, plant));
  }
}

/** 715. An alarm stands as long as its cause, so a reset is heard and changes nothing. */
export function operationControl(plant: Plant, heartbeat: Heartbeat): SunspecControl {
  let operation: number = OPERATION.start;
  return {
    values: () => ({ ControllerHb: heartbeat.last(), AlarmReset: 0, OpCtl: operation }),
    write({ ControllerHb, OpCtl }) {
      if (typeof ControllerHb === 'number') heartbeat.heard(ControllerHb);
      if (typeof OpCtl === 'number') operate(OpCtl);
      return undefined;
    },
    reboot() {
      operation = OPERATION.start;
      heartbeat.reboot();
    },
  };

  function operate(wanted: number): void {
    operation = wanted;
    if (wanted === OPERATION.stop) plant.control({ on: false });
    if (wanted === OPERATION.start) plant.control({ on: true, standby: false });
    if (wanted === OPERATION.enterStandby) plant.control({ standby: true });
    if (wanted === OPERATION.exitStandby) plant.control({ standby: false });
  }
}

function steered(points: Points, plant: Plant): Partial<Controls> {
  const { acMaxW } = plant.controls;
  const wantedW = points.WSetMod === WATTS ? points.WSet : (points.WSetPct / 100) * acMaxW;
  return {
    acSetpointW: points.WSetEna === 1 ? wantedW : undefined,
    acOutLimitW: points.WMaxLimPctEna === 1 ? (points.WMaxLimPct / 100) * acMaxW : undefined,
    rampWPerS: (points.WRmp / 100) * acMaxW,
  };
}

function isInRange({ WSet, WSetRvrt, WSetPct, WSetPctRvrt, WMaxLimPct }: SunspecValues, ratedW: number): boolean {
  const within = (value: unknown, highest: number): boolean => typeof value !== 'number' || Math.abs(value) <= highest;
  return (
    within(WSet, ratedW) &&
    within(WSetRvrt, ratedW) &&
    within(WSetPct, 100) &&
    within(WSetPctRvrt, 100) &&
    within(WMaxLimPct, 100)
  );
}

function isArmed(changes: SunspecValues, enable: keyof Points, time: keyof Points): boolean {
  return enable in changes || time in changes;
}
