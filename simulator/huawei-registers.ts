/**
 * Read side of the register table of a Huawei SUN2000 with LUNA2000: what a plant looks like through its measurements.
 *
 * The table stands on the public register facts and not on the profile, because it is the peer that proves the profile.
 * Huawei's signs: battery charging positive, meter export positive, inverter output positive.
 */
import { BATTERY } from './huawei-battery.ts';
import type { Measured } from './huawei-entries.ts';
import { energy, gap, word } from './huawei-entries.ts';
import type { PlantState } from './plant.ts';
import { i16, i32, text, u16, u32 } from './words.ts';

const ON_GRID = 0x0200;
const STANDBY = 0x0000;
const SHUT_DOWN_BY_COMMAND = 0x0301;
/** Any alarm shows this one id; which registers follow from it is not what the simulator is for. */
const DEVICE_FAULT = 2064;
/** No real grid has three equal phases, and equal ones would hide a mixed-up address. */
const PHASE_SHARE = [1, 1.002, 0.998];
/** Share of the PV power and voltage of each string. */
const STRINGS = [
  [0.4, 640],
  [0.3, 620],
  [0.2, 600],
  [0.1, 580],
] as const;
/** What the counters held before this plant began. */
const GENERATED_BEFORE_WH = 7_000_000;
const EXPORTED_BEFORE_WH = 5_000_000;

export const MEASURED: readonly Measured[] = [...identity(), ...inverter(), ...settings(), ...meter(), ...BATTERY];

function identity(): Measured[] {
  return [
    word(30000, 15, (p) => text(p.settings.modelName, 15)),
    word(30015, 10, (p) => text(p.settings.serialNumber, 10)),
    word(30025, 10, () => text('SIM-01', 10)),
    word(30035, 15, (p) => text(`I-${p.settings.firmwareVersion}`, 15)),
    word(30050, 15, (p) => text(p.settings.firmwareVersion, 15)),
    word(30068, 2, () => u32(3)),
    word(30070, 1, () => u16(348)),
    word(30071, 1, () => u16(STRINGS.length)),
    word(30072, 1, () => u16(2)),
    word(30073, 2, (p) => u32(p.settings.ratedW)),
    word(30075, 2, (p) => u32(p.settings.ratedW * 1.1)),
    word(30077, 2, (p) => u32(p.settings.apparentVa)),
    word(30079, 2, (p) => i32(p.settings.apparentVa * 0.6)),
    word(30081, 2, (p) => i32(-p.settings.apparentVa * 0.6)),
  ];
}

function inverter(): Measured[] {
  return [
    word(32000, 1, (p) => u16(p.controls.on ? 0b110 : 0b1_0000_0000)),
    word(32002, 1, (p) => u16(p.settings.pvW > 0 ? 0b111 : 0b101)),
    word(32003, 2, () => u32(0b10)),
    ...[0, 1, 2].map((at) => word(32008 + at, 1, (p) => u16(p.settings.alarms[at] ?? 0))),
    ...STRINGS.flatMap(([share, volts], at) => [
      word(32016 + 2 * at, 1, () => i16(volts * 10)),
      word(32017 + 2 * at, 1, (p) => i16(((p.pvW * share) / volts) * 100)),
    ]),
    word(32064, 2, (p) => i32(p.pvW)),
    ...PHASE_SHARE.map((share, at) =>
      word(32066 + at, 1, (p) => u16(p.settings.gridVoltageV * share * Math.sqrt(3) * 10)),
    ),
    ...PHASE_SHARE.map((share, at) => word(32069 + at, 1, (p) => u16(p.settings.gridVoltageV * share * 10))),
    ...PHASE_SHARE.map((share, at) => word(32072 + 2 * at, 2, (p) => i32(phaseCurrentA(p, p.acW) * share * 1000))),
    word(32078, 2, (p) => i32(Math.max(0, p.acW))),
    word(32080, 2, (p) => i32(p.acW)),
    word(32082, 2, (p) => i32(p.settings.reactiveVar)),
    word(32084, 1, () => i16(1000)),
    word(32085, 1, (p) => u16(p.settings.gridFrequencyHz * 100)),
    word(32086, 1, (p) => u16(p.settings.efficiency * 10_000)),
    word(32087, 1, (p) => i16((p.settings.ambientC + 10) * 10)),
    word(32088, 1, () => u16(3000)),
    word(32089, 1, (p) => u16(deviceStatus(p))),
    word(32090, 1, (p) => u16(p.settings.alarms.some((bits) => bits > 0) ? DEVICE_FAULT : 0)),
    ...gap(32091, 4),
    word(32095, 2, (p) => i32(p.acW)),
    energy(32106, (p) => EXPORTED_BEFORE_WH + p.acOutWh),
    energy(32108, (p) => GENERATED_BEFORE_WH + p.generatedWh),
    energy(32112, (p) => p.acOutWh / 2),
    energy(32114, (p) => p.acOutWh),
    energy(32116, (p) => p.acOutWh + 100_000),
    energy(32118, (p) => p.acOutWh + 1_000_000),
    word(32172, 2, (p) => u32(p.settings.alarms.filter((bits) => bits > 0).length)),
    word(32174, 2, () => u32(0)),
    word(35041, 1, () => i16(12)),
  ];
}

/** What the installer has set; nobody changes it here. */
function settings(): Measured[] {
  return [
    word(40125, 1, () => i16(1000)),
    word(40126, 2, (p) => u32(p.settings.apparentVa - 1000)),
    word(47415, 1, () => u16(6)),
    word(47416, 2, (p) => i32(p.settings.apparentVa - 2000)),
    word(47418, 1, () => i16(900)),
    word(47589, 1, () => i16(2)),
  ];
}

function meter(): Measured[] {
  return [
    word(37100, 1, (p) => u16(p.settings.meterOnline ? 1 : 0)),
    ...PHASE_SHARE.map((share, at) =>
      word(
        37101 + 2 * at,
        2,
        live((p) => p.settings.gridVoltageV * share * 10),
      ),
    ),
    ...PHASE_SHARE.map((share, at) =>
      word(
        37107 + 2 * at,
        2,
        live((p) => phaseCurrentA(p, -p.gridW) * share * 100),
      ),
    ),
    word(
      37113,
      2,
      live((p) => -p.gridW),
    ),
    word(
      37115,
      2,
      live((p) => -p.settings.reactiveVar),
    ),
    word(37117, 1, () => i16(990)),
    word(37118, 1, (p) => i16(p.settings.gridFrequencyHz * 100)),
    word(37119, 2, (p) => i32(p.exportedWh / 10)),
    word(37121, 2, (p) => i32(p.importedWh / 10)),
    word(37123, 2, () => i32(4200)),
    word(37125, 1, () => u16(1)),
    ...PHASE_SHARE.map((share, at) =>
      word(
        37126 + 2 * at,
        2,
        live((p) => p.settings.gridVoltageV * share * Math.sqrt(3) * 10),
      ),
    ),
    ...PHASE_SHARE.map((share, at) =>
      word(
        37132 + 2 * at,
        2,
        live((p) => (-p.gridW / 3) * share),
      ),
    ),
  ];
}

/** What a meter that is offline shows is zero, not the past. */
function live(scale: (plant: PlantState) => number): (plant: PlantState) => number[] {
  return (p) => i32(p.settings.meterOnline ? scale(p) : 0);
}

function deviceStatus({ settings, controls }: PlantState): number {
  if (settings.deviceStatus !== undefined) return settings.deviceStatus;
  if (!controls.on) return SHUT_DOWN_BY_COMMAND;
  return settings.gridVoltageV > 0 ? ON_GRID : STANDBY;
}

function phaseCurrentA({ settings }: PlantState, powerW: number): number {
  return settings.gridVoltageV > 0 ? powerW / 3 / settings.gridVoltageV : 0;
}
