/**
 * A battery as the models 802, 803 and 805 of SunSpec show it, and what can be set there: contactor, inverter state,
 * reserves, strings.
 *
 * 802 and 803 leave the sign of W and A open, so it can be chosen; 805 shows the first module of the first string.
 */
import type { Exception } from './device.ts';
import { EXCEPTION } from './device.ts';
import type { Plant, PlantState } from './plant.ts';
import type { SunspecControl } from './sunspec-face.ts';
import type { Heartbeat } from './sunspec-heartbeat.ts';
import { average } from './sunspec-measured.ts';
import { chargeStatus } from './sunspec-storage.ts';
import type { SunspecValues } from './sunspec-words.ts';

const BANK = { disconnected: 1, connected: 3, standby: 4 } as const;
const LITHIUM_ION = 4;
const CONTACTOR_CLOSED = 0b10;
const STRING_ENABLED = 0b01;
const CONNECT = 1;
const DISCONNECT = 2;
const CELLS_PER_MODULE = 16;

export function batteryBank(state: PlantState): SunspecValues {
  const { settings, socPct, cellV, busVoltageV } = state;
  const { ratedW, capacityWh } = settings;
  return {
    AHRtg: capacityWh / (settings.seriesCells * 3.2),
    WHRtg: capacityWh,
    WChaRteMax: ratedW,
    WDisChaRteMax: ratedW,
    SoCMax: 100,
    SoCMin: 0,
    SoC: socPct,
    DoD: 100 - socPct,
    SoH: state.sohPct,
    NCyc: Math.floor(state.cycles),
    ChaSt: chargeStatus(state),
    LocRemCtl: Number(settings.localControl),
    Hb: Math.floor(state.timeMs / 1000) % 0xffff,
    Typ: LITHIUM_ION,
    State: settings.batteryStatus ?? bankState(state),
    Evt1: settings.batteryEvents,
    Evt2: 0,
    EvtVnd1: 0,
    EvtVnd2: 0,
    V: busVoltageV,
    VMax: settings.seriesCells * 3.65,
    VMin: settings.seriesCells * 2.5,
    CellVMax: cellV.max,
    CellVMaxStr: 1,
    CellVMaxMod: 1,
    CellVMin: cellV.min,
    CellVMinStr: settings.strings,
    CellVMinMod: 1,
    CellVAvg: cellV.avg,
    A: shown(state, state.busCurrentA),
    AChaMax: settings.maxChargeW / busVoltageV,
    ADisChaMax: settings.maxDischargeW / busVoltageV,
    W: shown(state, state.batteryW),
    ReqInvState: 0,
    ReqW: 0,
  };
}

export function lithiumBank(state: PlantState): SunspecValues {
  const { settings, packTemperaturesC, busVoltageV, cellV } = state;
  const { strings, moduleSpreadC } = settings;
  const connected = Math.max(1, Math.round(strings * state.controls.stringShare));
  const ampsA = shown(state, state.busCurrentA) / connected;
  return {
    NStr: strings,
    NStrCon: state.controls.contactorClosed ? Math.round(strings * state.controls.stringShare) : 0,
    ModTmpMax: Math.max(...packTemperaturesC) + moduleSpreadC,
    ModTmpMaxStr: hottestString(state),
    ModTmpMaxMod: 1,
    ModTmpMin: Math.min(...packTemperaturesC) - moduleSpreadC,
    ModTmpMinStr: 1,
    ModTmpMinMod: 2,
    ModTmpAvg: average(packTemperaturesC),
    StrVMax: busVoltageV,
    StrVMin: busVoltageV,
    StrVAvg: busVoltageV,
    StrAMax: ampsA,
    StrAMin: ampsA,
    StrAAvg: ampsA,
    NCellBal: 0,
    ...Object.assign({}, ...Array.from({ length: strings }, (_, at) => string(at))),
  };

  function string(at: number): SunspecValues {
    const ownC = packTemperaturesC[at % packTemperaturesC.length] ?? settings.ambientC;
    const closed = state.controls.contactorClosed;
    return under(`string[${at + 1}]`, {
      StrNMod: Math.ceil(settings.seriesCells / CELLS_PER_MODULE),
      StrSt: STRING_ENABLED | (closed ? CONTACTOR_CLOSED : 0),
      StrConFail: 0,
      StrSoC: state.socPct,
      StrSoH: state.sohPct,
      StrA: ampsA,
      StrCellVMax: at === 0 ? cellV.max : cellV.avg,
      StrCellVMaxMod: 1,
      StrCellVMin: at === strings - 1 ? cellV.min : cellV.avg,
      StrCellVMinMod: 1,
      StrCellVAvg: cellV.avg,
      StrModTmpMax: ownC + moduleSpreadC,
      StrModTmpMaxMod: 1,
      StrModTmpMin: ownC - moduleSpreadC,
      StrModTmpMinMod: 2,
      StrModTmpAvg: ownC,
      StrDisRsn: 0,
      StrConSt: closed ? 1 : 0,
      StrEvt1: settings.batteryEvents,
      StrEvt2: 0,
    });
  }
}

export function firstModule(state: PlantState): SunspecValues {
  const { settings, cellV, socPct } = state;
  const count = cellsOfModule(settings.seriesCells);
  const warmC = Math.max(...state.packTemperaturesC);
  const cellC = (at: number): number => warmC + settings.moduleSpreadC * (at === 0 ? 1 : at === 1 ? -1 : 0);
  const volts = (at: number): number => (at === 0 ? cellV.max : at === 1 ? cellV.min : cellV.avg);
  return {
    StrIdx: 1,
    ModIdx: 1,
    NCell: count,
    SoC: socPct,
    DoD: 100 - socPct,
    SoH: state.sohPct,
    NCyc: Math.floor(state.cycles),
    V: cellV.avg * count,
    CellVMax: cellV.max,
    CellVMaxCell: 1,
    CellVMin: cellV.min,
    CellVMinCell: 2,
    CellVAvg: cellV.avg,
    CellTmpMax: cellC(0),
    CellTmpMaxCell: 1,
    CellTmpMin: cellC(1),
    CellTmpMinCell: 2,
    CellTmpAvg: warmC,
    NCellBal: 0,
    SN: `M1-${settings.serialNumber}`,
    ...Object.assign(
      {},
      ...Array.from({ length: count }, (_, at) =>
        under(`lithium-ion-module-cell[${at + 1}]`, { CellV: volts(at), CellTmp: cellC(at), CellSt: 0 }),
      ),
    ),
  };
}

export function cellsOfModule(seriesCells: number): number {
  return Math.min(CELLS_PER_MODULE, seriesCells);
}

/** SetOp, SetInvState, the reserves and the controller's heartbeat. */
export function bankControl(plant: Plant, heartbeat: Heartbeat): SunspecControl {
  return {
    values() {
      const { contactorClosed, on, standby, chargeCutoffPct, dischargeCutoffPct } = plant.controls;
      return {
        SocRsvMax: chargeCutoffPct,
        SoCRsvMin: dischargeCutoffPct,
        CtrlHb: heartbeat.last() % 0x1_0000,
        AlmRst: 0,
        SetOp: contactorClosed ? CONNECT : DISCONNECT,
        SetInvState: on ? (standby ? 2 : 3) : 1,
      };
    },
    write({ SocRsvMax, SoCRsvMin, CtrlHb, SetOp, SetInvState }) {
      if (!isPercent(SocRsvMax) || !isPercent(SoCRsvMin)) return { exception: EXCEPTION.illegalValue };
      if (typeof CtrlHb === 'number') heartbeat.heard(CtrlHb);
      plant.control({
        ...(typeof SocRsvMax === 'number' ? { chargeCutoffPct: SocRsvMax } : {}),
        ...(typeof SoCRsvMin === 'number' ? { dischargeCutoffPct: SoCRsvMin } : {}),
        ...(SetOp === undefined ? {} : { contactorClosed: SetOp === CONNECT }),
        ...(SetInvState === undefined ? {} : { on: SetInvState !== 1, standby: SetInvState === 2 }),
      });
      return undefined;
    },
    reboot: heartbeat.reboot,
  };
}

/** StrSetEna and StrSetCon: a string that is off takes its share of the power away. */
export function stringControl(plant: Plant): SunspecControl {
  const off = new Set<string>();
  const strings = (): number[] => Array.from({ length: plant.settings.strings }, (_, at) => at + 1);
  const isOn = (at: number): boolean => switches(at).every((path) => !off.has(path));
  return {
    values: () =>
      Object.fromEntries(
        strings().flatMap((at) => switches(at).map((path) => [path, off.has(path) ? DISCONNECT : CONNECT])),
      ),
    write(changes): Exception | undefined {
      for (const [path, value] of Object.entries(changes)) {
        if (value === CONNECT) off.delete(path);
        else off.add(path);
      }
      plant.control({ stringShare: strings().filter(isOn).length / strings().length });
      return undefined;
    },
  };
}

function switches(string: number): string[] {
  return [`string[${string}].StrSetEna`, `string[${string}].StrSetCon`];
}

function shown({ settings }: PlantState, dischargePositive: number): number {
  return settings.positiveBattery === 'discharge' ? dischargePositive : -dischargePositive;
}

function bankState({ controls }: PlantState): number {
  if (!controls.contactorClosed) return BANK.disconnected;
  return controls.on && !controls.standby ? BANK.connected : BANK.standby;
}

/** The first string of the warmest pack. */
function hottestString({ packTemperaturesC }: PlantState): number {
  return packTemperaturesC.indexOf(Math.max(...packTemperaturesC)) + 1;
}

function isPercent(value: unknown): boolean {
  return value === undefined || (typeof value === 'number' && value >= 0 && value <= 100);
}

function under(group: string, values: SunspecValues): SunspecValues {
  return Object.fromEntries(Object.entries(values).map(([point, value]) => [`${group}.${point}`, value]));
}
