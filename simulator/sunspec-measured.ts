/**
 * What a plant looks like through the measuring models of SunSpec: 1, 701, 702, 713, 714, and 101–103 and 111–113.
 *
 * Signs: AC power positive = generation (stated in 701); DC power of a port positive = from the port into the inverter.
 */
import { isClosed } from './plant-control.ts';
import type { PlantState } from './plant.ts';
import type { SunspecValues } from './sunspec-words.ts';

const INVERTER_STATE = { off: 0, running: 3, throttled: 4, standby: 7 } as const;
/** The same states in models 101 to 113. */
const OLD_STATE: Readonly<Record<number, number>> = { 0: 1, 3: 4, 4: 5, 7: 8 };
const THREE_PHASE = 2;
const GRID_FOLLOWING = 1;
const PV = 0;
const ESS = 1;
/** No real grid has three equal phases, and equal ones would hide a mixed-up register. */
const PHASE_SHARE = [1, 1.002, 0.998] as const;
const ABOVE_AMBIENT_C = 10;
const ACTIVE_W = 50;
const THROTTLED_BY_MAX_W = 1;

export function common({ settings }: PlantState): SunspecValues {
  const { modelName, firmwareVersion, serialNumber } = settings;
  return { Mn: 'bessd simulator', Md: modelName, Opt: 'SIM', Vr: firmwareVersion, SN: serialNumber, DA: 1 };
}

export function derMeasurement(state: PlantState): SunspecValues {
  const { settings, controls, acW, acOutWh, acInWh } = state;
  const { reactiveVar, ambientC, gridFrequencyHz } = settings;
  const { ampsA, phaseV, lineV, apparentVa, powerFactor } = electrical(state, acW);
  const curtailed = isCurtailed(state);
  return {
    ACType: THREE_PHASE,
    St: Number(controls.on),
    InvSt: inverterState(state),
    ConnSt: Number(controls.gridConnected),
    Alrm: settings.alarmBits,
    DERMode: GRID_FOLLOWING,
    W: acW,
    VA: apparentVa,
    Var: reactiveVar,
    PF: powerFactor,
    A: ampsA,
    LLV: lineV(0),
    LNV: phaseV(0),
    Hz: gridFrequencyHz,
    TotWhInj: acOutWh,
    TotWhAbs: acInWh,
    TmpAmb: ambientC,
    TmpCab: ambientC + ABOVE_AMBIENT_C,
    TmpSnk: ambientC + ABOVE_AMBIENT_C,
    ...phase(1, 'VL1L2'),
    ...phase(2, 'VL2L3'),
    ...phase(3, 'VL3L1'),
    ThrotPct: curtailed ? 100 : 0,
    ThrotSrc: curtailed ? THROTTLED_BY_MAX_W : 0,
  };

  function phase(at: 1 | 2 | 3, line: string): SunspecValues {
    return {
      [`WL${at}`]: acW / 3,
      [`VAL${at}`]: apparentVa / 3,
      [`VarL${at}`]: reactiveVar / 3,
      [`PFL${at}`]: powerFactor,
      [`AL${at}`]: ampsA / 3,
      [`VL${at}`]: phaseV(at - 1),
      [line]: lineV(at - 1),
    };
  }
}

/** The ratings of 702; its settings are a control. */
export function derRatings({ settings }: PlantState): SunspecValues {
  const { ratedW, apparentVa, gridVoltageV } = settings;
  return {
    WMaxRtg: ratedW,
    VAMaxRtg: apparentVa,
    VarMaxInjRtg: apparentVa * 0.6,
    VarMaxAbsRtg: apparentVa * 0.6,
    WChaRteMaxRtg: ratedW,
    WDisChaRteMaxRtg: ratedW,
    VAChaRteMaxRtg: apparentVa,
    VADisChaRteMaxRtg: apparentVa,
    VNomRtg: Math.round(gridVoltageV * Math.sqrt(3)),
    AMaxRtg: gridVoltageV > 0 ? apparentVa / 3 / gridVoltageV : undefined,
    NorOpCatRtg: 1,
    AbnOpCatRtg: 2,
    CtrlModes: 0b11,
    IntIslandCatRtg: 1,
  };
}

export function storageCapacity({ settings, socPct, sohPct, storedWh }: PlantState): SunspecValues {
  return {
    WHRtg: settings.capacityWh,
    WHAvail: storedWh,
    SoC: socPct,
    SoH: sohPct,
    Sta: settings.batteryEvents ? 1 : 0,
  };
}

/** Two ports: the battery, then the panels. */
export function dcMeasurement(state: PlantState): SunspecValues {
  const { batteryW, pvW, busVoltageV, dischargedWh, chargedWh, generatedWh, packTemperaturesC } = state;
  return {
    PrtAlrms: 0,
    NPrt: 2,
    DCA: (batteryW + pvW) / busVoltageV,
    DCW: batteryW + pvW,
    DCWhInj: dischargedWh + generatedWh,
    DCWhAbs: chargedWh,
    ...port(1, ESS, 'BATTERY', batteryW, dischargedWh, chargedWh),
    ...port(2, PV, 'PV', pvW, generatedWh, 0),
    'Prt[1].Tmp': average(packTemperaturesC),
  };

  function port(at: number, type: number, name: string, powerW: number, outWh: number, inWh: number): SunspecValues {
    return Object.fromEntries(
      Object.entries({
        PrtTyp: type,
        ID: at,
        IDStr: name,
        DCA: powerW / busVoltageV,
        DCV: busVoltageV,
        DCW: powerW,
        DCWhInj: outWh,
        DCWhAbs: inWh,
        DCSta: state.controls.contactorClosed || type === PV ? 1 : 0,
        DCAlrm: 0,
      }).map(([point, value]) => [`Prt[${at}].${point}`, value]),
    );
  }
}

/** Models 101 to 103, and 111 to 113 as floats. */
export function inverter(state: PlantState): SunspecValues {
  const { settings, acW, acOutWh, batteryW, pvW, busVoltageV } = state;
  const { ampsA, phaseV, lineV, apparentVa, powerFactor } = electrical(state, acW);
  return {
    A: Math.abs(ampsA),
    AphA: Math.abs(ampsA) / 3,
    AphB: Math.abs(ampsA) / 3,
    AphC: Math.abs(ampsA) / 3,
    PPVphAB: lineV(0),
    PPVphBC: lineV(1),
    PPVphCA: lineV(2),
    PhVphA: phaseV(0),
    PhVphB: phaseV(1),
    PhVphC: phaseV(2),
    W: acW,
    Hz: settings.gridFrequencyHz,
    VA: apparentVa,
    VAr: settings.reactiveVar,
    PF: powerFactor * 100,
    WH: acOutWh,
    DCA: Math.abs(batteryW + pvW) / busVoltageV,
    DCV: busVoltageV,
    DCW: batteryW + pvW,
    TmpCab: settings.ambientC + ABOVE_AMBIENT_C,
    St: settings.deviceStatus ?? OLD_STATE[inverterState(state)],
    Evt1: settings.alarmBits,
    Evt2: 0,
  };
}

/** Voltages per phase and line; current and apparent power of `powerW` at them, the current with its sign. */
export function electrical(
  { settings }: PlantState,
  powerW: number,
): {
  readonly ampsA: number;
  readonly apparentVa: number;
  readonly powerFactor: number;
  readonly phaseV: (at: number) => number;
  readonly lineV: (at: number) => number;
} {
  const { gridVoltageV, reactiveVar } = settings;
  const apparentVa = Math.hypot(powerW, reactiveVar);
  const phaseV = (at: number): number => gridVoltageV * (PHASE_SHARE[at] ?? 1);
  return {
    ampsA: gridVoltageV > 0 ? (Math.sign(powerW || 1) * apparentVa) / gridVoltageV : 0,
    apparentVa,
    powerFactor: apparentVa > 0 ? powerW / apparentVa : 1,
    phaseV,
    lineV: (at) => phaseV(at) * Math.sqrt(3),
  };
}

export function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function inverterState(state: PlantState): number {
  const { settings, controls, batteryW, pvW } = state;
  if (settings.deviceStatus !== undefined) return settings.deviceStatus;
  if (!controls.on || !isClosed(controls) || settings.gridVoltageV === 0) return INVERTER_STATE.off;
  if (controls.standby) return INVERTER_STATE.standby;
  if (isCurtailed(state)) return INVERTER_STATE.throttled;
  return Math.abs(batteryW) + pvW > ACTIVE_W ? INVERTER_STATE.running : INVERTER_STATE.standby;
}

function isCurtailed({ settings, controls, pvW, acW }: PlantState): boolean {
  if (controls.acOutLimitW === undefined) return false;
  return pvW < settings.pvW || acW >= controls.acOutLimitW;
}
