/**
 * Control models of an older hybrid inverter: 121 (settings), 123 (connection, curtailment), 124 (storage).
 *
 * Rates of 124 are percent of `WChaMax`, and count only while their bit of `StorCtl_Mod` is set. As setpoints: a discharge
 * rate discharges, a charge rate charges, negative ones the other way round; two that contradict each other are the bounds
 * of a window. As limits they are always that. Timers start when something of theirs is written, and end in the default.
 */
import type { Exception } from './device.ts';
import { EXCEPTION } from './device.ts';
import type { Plant } from './plant.ts';
import type { SunspecControl } from './sunspec-face.ts';
import { reversionOf } from './sunspec-reversion.ts';
import type { SunspecValues } from './sunspec-words.ts';

const REFUSED: Exception = { exception: EXCEPTION.illegalValue };
const CHARGE_BIT = 0b01;
const DISCHARGE_BIT = 0b10;

/** 121: survives a reboot. */
export function settingsControl(plant: Plant): SunspecControl {
  return {
    values: () => ({ WMax: plant.controls.acMaxW }),
    write({ WMax }) {
      if (typeof WMax !== 'number') return undefined;
      if (WMax > plant.settings.ratedW) return REFUSED;
      plant.control({ acMaxW: WMax });
      return undefined;
    },
  };
}

const CONNECTED = {
  Conn_WinTms: 0,
  Conn_RvrtTms: 0,
  Conn: 1,
  WMaxLimPct: 100,
  WMaxLimPct_WinTms: 0,
  WMaxLimPct_RvrtTms: 0,
  WMaxLimPct_RmpTms: 0,
  WMaxLim_Ena: 0,
};

/** 123. */
export function immediateControl(plant: Plant): SunspecControl {
  let points = CONNECTED;
  const connection = reversionOf(plant, '123.Conn', () => take({ Conn: 1 }));
  const limit = reversionOf(plant, '123.WMaxLimPct', () => take({ WMaxLim_Ena: 0 }));
  return {
    values: () => points,
    write(changes) {
      if (!isPercent(changes['WMaxLimPct'])) return REFUSED;
      take(changes as Partial<typeof CONNECTED>);
      if (touches(changes, ['Conn', 'Conn_RvrtTms'])) connection.start(points.Conn === 0 ? points.Conn_RvrtTms : 0);
      if (touches(changes, ['WMaxLimPct', 'WMaxLimPct_RvrtTms', 'WMaxLim_Ena']))
        limit.start(points.WMaxLim_Ena * points.WMaxLimPct_RvrtTms);
      return undefined;
    },
    reboot() {
      connection.start(0);
      limit.start(0);
      take(CONNECTED);
    },
  };

  function take(changes: Partial<typeof CONNECTED>): void {
    points = { ...points, ...changes };
    const limitW = (points.WMaxLimPct / 100) * plant.controls.acMaxW;
    plant.control({ gridConnected: points.Conn === 1, acOutLimitW: points.WMaxLim_Ena === 1 ? limitW : undefined });
  }
}

const FREE = {
  WChaGra: 100,
  WDisChaGra: 100,
  StorCtl_Mod: 0,
  OutWRte: 100,
  InWRte: 100,
  InOutWRte_WinTms: 0,
  InOutWRte_RvrtTms: 0,
  InOutWRte_RmpTms: 0,
};
type Storage = typeof FREE;

/** 124. `WChaMax`, the reserve and the source of charging survive a reboot. */
export function storageControl(plant: Plant): SunspecControl {
  let points = FREE;
  let chargeMaxW: number | undefined;
  const rates = reversionOf(plant, '124.InOutWRte', () => take({ StorCtl_Mod: 0, OutWRte: 100, InWRte: 100 }));
  const referenceW = (): number => chargeMaxW ?? plant.settings.ratedW;

  return {
    values: () => ({
      ...points,
      WChaMax: referenceW(),
      MinRsvPct: plant.controls.dischargeCutoffPct,
      ChaGriSet: Number(plant.controls.chargeFromGrid),
    }),
    write(changes) {
      const { WChaMax, MinRsvPct, ChaGriSet, ...own } = changes;
      const percents = [own['OutWRte'], own['InWRte'], own['WChaGra'], own['WDisChaGra'], MinRsvPct];
      if (!percents.every(isPercent)) return REFUSED;
      if (typeof WChaMax === 'number' && WChaMax > plant.settings.ratedW) return REFUSED;
      if (typeof WChaMax === 'number') chargeMaxW = WChaMax;
      if (typeof MinRsvPct === 'number') plant.control({ dischargeCutoffPct: MinRsvPct });
      if (typeof ChaGriSet === 'number') plant.control({ chargeFromGrid: ChaGriSet === 1 });
      take(own as Partial<Storage>);
      if (touches(changes, ['StorCtl_Mod', 'OutWRte', 'InWRte', 'InOutWRte_RvrtTms']))
        rates.start(points.StorCtl_Mod === 0 ? 0 : points.InOutWRte_RvrtTms);
      return undefined;
    },
    reboot() {
      rates.start(0);
      take(FREE);
    },
  };

  function take(changes: Partial<Storage>): void {
    points = { ...points, ...changes };
    const gradientPct = Math.min(points.WChaGra, points.WDisChaGra);
    plant.control({
      batteryWindowW: windowW(points, referenceW(), plant.settings.storageRates),
      rampWPerS: gradientPct < 100 ? (gradientPct / 100) * referenceW() : 0,
    });
  }
}

/** Lowest and highest battery power, positive = discharge; undefined while the device is free. */
function windowW(
  { StorCtl_Mod, OutWRte, InWRte }: Storage,
  referenceW: number,
  meaning: 'limit' | 'setpoint',
): readonly [number, number] | undefined {
  if (StorCtl_Mod === 0) return undefined;
  const dischargeW = StorCtl_Mod & DISCHARGE_BIT ? (OutWRte / 100) * referenceW : undefined;
  const chargeW = StorCtl_Mod & CHARGE_BIT ? (InWRte / 100) * referenceW : undefined;
  const contradict = (dischargeW ?? 0) > 0 && (chargeW ?? 0) > 0;
  if (meaning === 'limit' || contradict) return [-(chargeW ?? Infinity), dischargeW ?? Infinity];
  const wantedW = dischargeW !== undefined && (dischargeW !== 0 || !chargeW) ? dischargeW : -(chargeW ?? 0);
  return [wantedW, wantedW];
}

function touches(changes: SunspecValues, names: readonly string[]): boolean {
  return names.some((name) => name in changes);
}

function isPercent(value: unknown): boolean {
  return value === undefined || (typeof value === 'number' && Math.abs(value) <= 100);
}
