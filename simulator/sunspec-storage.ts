/**
 * A hybrid inverter as the older models of SunSpec show it: 120 nameplate, 121 settings, 122 status, 124 storage, 160 inputs.
 *
 * The inputs of 160 are those of a well-known hybrid: panels, battery while charging, battery while discharging, all
 * unsigned.
 */
import type { PlantSettings } from './plant-settings.ts';
import type { PlantState } from './plant.ts';
import type { SunspecValues } from './sunspec-words.ts';

const PV_AND_STORAGE = 82;
const MPPT = 4;
const OFF = 1;
/** Connected, available, operating. */
const CONNECTED = 0b111;
const FIXED_W = 0b1;
const CHARGE = { off: 1, empty: 2, discharging: 3, charging: 4, full: 5, holding: 6 } as const;
const ACTIVE_W = 50;
const CELL_NOMINAL_V = 3.2;

export function nameplate({ settings }: PlantState): SunspecValues {
  const { ratedW, apparentVa, capacityWh, seriesCells, gridVoltageV } = settings;
  return {
    DERTyp: PV_AND_STORAGE,
    WRtg: ratedW,
    VARtg: apparentVa,
    VArRtgQ1: apparentVa * 0.6,
    VArRtgQ4: -apparentVa * 0.6,
    ARtg: gridVoltageV > 0 ? apparentVa / 3 / gridVoltageV : undefined,
    PFRtgQ1: 0.8,
    PFRtgQ4: -0.8,
    WHRtg: capacityWh,
    AhrRtg: capacityWh / (seriesCells * CELL_NOMINAL_V),
    MaxChaRte: ratedW,
    MaxDisChaRte: ratedW,
  };
}

/** What of 121 cannot be set. */
export function basicSettings({ settings }: PlantState): SunspecValues {
  const { gridVoltageV, gridFrequencyHz, apparentVa } = settings;
  return { VRef: gridVoltageV, VRefOfs: 0, VAMax: apparentVa, ECPNomHz: Math.round(gridFrequencyHz) };
}

export function inverterStatus({ settings, controls, acOutWh, acInWh }: PlantState): SunspecValues {
  const forced = controls.batteryWindowW !== undefined || controls.acOutLimitW !== undefined;
  return {
    PVConn: controls.gridConnected ? CONNECTED : 0b11,
    StorConn: controls.contactorClosed ? CONNECTED : 0,
    ECPConn: Number(controls.gridConnected),
    ActWh: acOutWh + acInWh,
    WAval: settings.ratedW,
    StActCtl: forced ? FIXED_W : 0,
    RtSt: 0,
  };
}

export function storageStatus(state: PlantState): SunspecValues {
  const { settings, controls, socPct, busVoltageV, sohPct } = state;
  const capacityAh = settings.capacityWh / (settings.seriesCells * CELL_NOMINAL_V);
  return {
    ChaState: socPct,
    StorAval: (Math.max(0, socPct - controls.dischargeCutoffPct) / 100) * capacityAh * (sohPct / 100),
    InBatV: busVoltageV,
    ChaSt: chargeStatus(state),
  };
}

export function inputCount({ pvInputs }: PlantSettings): number {
  return pvInputs + 2;
}

export function inputs(state: PlantState): SunspecValues {
  const { settings, pvW, batteryW, busVoltageV, generatedWh, chargedWh, dischargedWh } = state;
  const { pvInputs } = settings;
  const panels = Array.from({ length: pvInputs }, (_, at) =>
    input(at + 1, `PV${at + 1}`, pvW / pvInputs, generatedWh / pvInputs),
  );
  return {
    Evt: 0,
    N: inputCount(settings),
    TmsPer: 0,
    ...Object.assign({}, ...panels),
    ...input(pvInputs + 1, 'StCha', Math.max(0, -batteryW), chargedWh),
    ...input(pvInputs + 2, 'StDisCha', Math.max(0, batteryW), dischargedWh),
  };

  function input(at: number, name: string, powerW: number, energyWh: number): SunspecValues {
    return {
      [`module[${at}].ID`]: at,
      [`module[${at}].IDStr`]: name,
      [`module[${at}].DCA`]: powerW / busVoltageV,
      [`module[${at}].DCV`]: busVoltageV,
      [`module[${at}].DCW`]: powerW,
      [`module[${at}].DCWH`]: energyWh,
      [`module[${at}].DCSt`]: state.controls.on ? MPPT : OFF,
      [`module[${at}].DCEvt`]: 0,
    };
  }
}

export function chargeStatus({ controls, batteryW, socPct }: PlantState): number {
  if (!controls.on || !controls.contactorClosed || !controls.gridConnected) return CHARGE.off;
  if (batteryW > ACTIVE_W) return CHARGE.discharging;
  if (batteryW < -ACTIVE_W) return CHARGE.charging;
  if (socPct <= controls.dischargeCutoffPct) return CHARGE.empty;
  return socPct >= controls.chargeCutoffPct ? CHARGE.full : CHARGE.holding;
}
