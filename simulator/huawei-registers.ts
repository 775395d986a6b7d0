/**
 * Read side of the register table of a Huawei SUN2000 with LUNA2000: what a plant looks like through its measurements.
 *
 * The table stands on the public register facts and not on the profile, because it is the peer that proves the profile.
 * Huawei's signs: battery charging positive, meter export positive, inverter output positive.
 */
import type { PlantState } from './plant.ts';
import { i16, i32, text, u16, u32 } from './words.ts';

export type Measured = {
  readonly register: number;
  readonly count: number;
  readonly read: (plant: PlantState) => number[];
};

/** Markers that stand in registers of parts that are not installed, and in gaps that can be read across. */
const NO_U16 = 0xffff;
const NO_I16 = 0x7fff;

const ON_GRID = 0x0200;
const STANDBY = 0x0000;
const SHUT_DOWN_BY_COMMAND = 0x0301;
const FORCIBLE = 1;
/** From the register in which the mode is set (47086) to the one in which it is read back (37006). */
const MODE_READ_BACK: Readonly<Record<number, number>> = { 0: 0, 1: 3, 2: 4, 3: 2, 4: 5, 5: 6 };
/** No real grid has three equal phases, and equal ones would hide a mixed-up address. */
const PHASE_SHARE = [1, 1.002, 0.998];
const PACKS = [0, 1, 2, 3, 4, 5];
const PACKS_PER_UNIT = 3;
const ACTIVE_W = 50;

export const MEASURED: readonly Measured[] = [
  ...identity(),
  ...inverter(),
  ...meter(),
  ...battery(),
  ...PACKS.flatMap(pack),
];

function identity(): Measured[] {
  return [
    word(30000, 15, (p) => text(p.settings.modelName, 15)),
    word(30015, 10, (p) => text(p.settings.serialNumber, 10)),
    word(30025, 10, () => text('SIM-01', 10)),
    word(30035, 15, (p) => text(p.settings.firmwareVersion, 15)),
    word(30050, 15, (p) => text(p.settings.firmwareVersion, 15)),
    word(30068, 2, () => u32(1)),
    word(30070, 1, () => u16(348)),
    word(30071, 1, () => u16(2)),
    word(30072, 1, () => u16(1)),
    word(30073, 2, (p) => u32(p.settings.ratedW)),
    word(30075, 2, (p) => u32(p.settings.apparentVa)),
    word(30077, 2, (p) => u32(p.settings.apparentVa)),
    word(30079, 2, (p) => i32(p.settings.apparentVa * 0.6)),
    word(30081, 2, (p) => i32(-p.settings.apparentVa * 0.6)),
  ];
}

function inverter(): Measured[] {
  return [
    word(32000, 1, (p) => u16(p.controls.on ? 0b110 : 0b1_0000_0000)),
    word(32002, 1, (p) => u16(p.settings.pvW > 0 ? 0b111 : 0b101)),
    word(32003, 2, () => u32(0)),
    ...[0, 1, 2].map((at) => word(32008 + at, 1, (p) => u16(p.settings.alarms[at] ?? 0))),
    word(32064, 2, (p) => i32(p.pvW)),
    ...[0, 1, 2].map((at) => word(32066 + at, 1, (p) => u16(p.settings.gridVoltageV * Math.sqrt(3) * 10))),
    ...PHASE_SHARE.map((share, at) => word(32069 + at, 1, (p) => u16(p.settings.gridVoltageV * share * 10))),
    ...[0, 1, 2].map((at) => word(32072 + 2 * at, 2, (p) => i32(phaseCurrentA(p, p.acW) * 1000))),
    word(32078, 2, (p) => i32(Math.max(0, p.acW))),
    word(32080, 2, (p) => i32(p.acW)),
    word(32082, 2, (p) => i32(p.settings.reactiveVar)),
    word(32084, 1, () => i16(1000)),
    word(32085, 1, (p) => u16(p.settings.gridFrequencyHz * 100)),
    word(32086, 1, (p) => u16(p.settings.efficiency * 10_000)),
    word(32087, 1, (p) => i16((p.settings.ambientC + 10) * 10)),
    word(32088, 1, () => u16(3000)),
    word(32089, 1, (p) => u16(deviceStatus(p))),
    word(32090, 1, () => u16(0)),
    ...gap(32091, 4),
    word(32095, 2, (p) => i32(p.acW)),
    word(32106, 2, (p) => u32(p.exportedWh / 10)),
    word(32108, 2, (p) => u32(p.generatedWh / 10)),
    word(32172, 2, (p) => u32(p.settings.alarms.filter((bits) => bits > 0).length)),
    word(32174, 2, () => u32(0)),
  ];
}

function meter(): Measured[] {
  return [
    word(37100, 1, (p) => u16(p.settings.meterOnline ? 1 : 0)),
    ...[0, 1, 2].map((at) =>
      word(
        37101 + 2 * at,
        2,
        live((p) => p.settings.gridVoltageV * 10),
      ),
    ),
    ...[0, 1, 2].map((at) =>
      word(
        37107 + 2 * at,
        2,
        live((p) => phaseCurrentA(p, -p.gridW) * 100),
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
      live(() => 0),
    ),
    word(37117, 1, () => i16(1000)),
    word(37118, 1, (p) => i16(p.settings.gridFrequencyHz * 100)),
    word(37119, 2, (p) => i32(p.exportedWh / 10)),
    word(37121, 2, (p) => i32(p.importedWh / 10)),
    word(37123, 2, () => i32(0)),
    word(37125, 1, () => u16(1)),
    ...[0, 1, 2].map((at) =>
      word(
        37126 + 2 * at,
        2,
        live((p) => p.settings.gridVoltageV * Math.sqrt(3) * 10),
      ),
    ),
    ...[0, 1, 2].map((at) =>
      word(
        37132 + 2 * at,
        2,
        live((p) => -p.gridW / 3),
      ),
    ),
  ];
}

/** What a meter that is offline shows is zero, not the past. */
function live(scale: (plant: PlantState) => number): (plant: PlantState) => number[] {
  return (p) => i32(p.settings.meterOnline ? scale(p) : 0);
}

function battery(): Measured[] {
  return [
    word(37000, 1, (p) => u16(batteryStatus(p))),
    word(37001, 2, (p) => i32(-p.batteryW)),
    word(37003, 1, (p) => u16(p.busVoltageV * 10)),
    word(37004, 1, (p) => u16(p.socPct * 10)),
    word(37006, 1, (p) =>
      u16(p.controls.command === 'none' ? (MODE_READ_BACK[p.controls.workingMode] ?? 0) : FORCIBLE),
    ),
    word(37007, 2, (p) => u32(p.settings.ratedW)),
    word(37009, 2, (p) => u32(p.settings.ratedW)),
    word(37014, 1, () => u16(0)),
    word(37021, 1, (p) => i16(-p.busCurrentA * 10)),
    word(37022, 1, (p) => unitTemperature(p, 0)),
    word(37025, 1, () => u16(0)),
    word(37046, 2, (p) => u32(p.settings.maxChargeW)),
    word(37048, 2, (p) => u32(p.settings.maxDischargeW)),
    word(37052, 10, (p) => text(`L-${p.settings.serialNumber}`, 10)),
    word(37752, 1, (p) => unitTemperature(p, 1)),
    word(37758, 2, (p) => u32(p.settings.capacityWh)),
    word(37760, 1, (p) => u16(p.socPct * 10)),
    ...gap(37761, 1),
    word(37762, 1, (p) => u16(batteryStatus(p))),
    word(37763, 1, (p) => u16(p.busVoltageV * 10)),
    word(37764, 1, (p) => i16(-p.busCurrentA * 10)),
    word(37765, 2, (p) => i32(-p.batteryW)),
    ...gap(37767, 13),
    word(37780, 2, (p) => u32(p.chargedWh / 10)),
    word(37782, 2, (p) => u32(p.dischargedWh / 10)),
    word(37784, 2, (p) => u32(p.chargedWh / 10)),
    word(37786, 2, (p) => u32(p.dischargedWh / 10)),
  ];
}

function pack(at: number): Measured[] {
  const base = 38200 + 42 * at;
  const there =
    (value: (plant: PlantState) => number[], missing: number) =>
    (p: PlantState): number[] =>
      at < p.settings.packs ? value(p) : value(p).map(() => missing);
  return [
    word(
      base,
      10,
      there((p) => text(`P${at + 1}-${p.settings.serialNumber}`, 10), 0),
    ),
    word(
      base + 10,
      15,
      there((p) => text(p.settings.firmwareVersion, 15), 0),
    ),
    word(
      base + 28,
      1,
      there((p) => u16(batteryStatus(p)), NO_U16),
    ),
    word(
      base + 29,
      1,
      there((p) => u16(p.socPct * 10), NO_U16),
    ),
    word(
      base + 33,
      2,
      there((p) => i32(-packPowerW(p)), NO_I16),
    ),
    word(
      base + 35,
      1,
      there((p) => u16(p.busVoltageV * 10), NO_U16),
    ),
    word(
      base + 36,
      1,
      there((p) => i16((-packPowerW(p) / p.busVoltageV) * 10), NO_I16),
    ),
    word(38452 + 2 * at, 1, (p) => packTemperature(p, at)),
    word(38453 + 2 * at, 1, (p) => packTemperature(p, at)),
  ];
}

function packPowerW({ batteryW, settings }: PlantState): number {
  return batteryW / settings.packs;
}

function packTemperature(plant: PlantState, at: number): number[] {
  const celsius = plant.packTemperaturesC[at];
  return celsius === undefined ? [NO_I16] : i16(celsius * 10);
}

function unitTemperature(plant: PlantState, unit: number): number[] {
  const packs = plant.packTemperaturesC.slice(unit * PACKS_PER_UNIT, (unit + 1) * PACKS_PER_UNIT);
  if (packs.length === 0) return [NO_I16];
  return i16((packs.reduce((sum, celsius) => sum + celsius, 0) / packs.length) * 10);
}

function deviceStatus({ settings, controls }: PlantState): number {
  if (settings.deviceStatus !== undefined) return settings.deviceStatus;
  if (!controls.on) return SHUT_DOWN_BY_COMMAND;
  return settings.gridVoltageV > 0 ? ON_GRID : STANDBY;
}

function batteryStatus({ settings, controls, batteryW }: PlantState): number {
  if (settings.batteryStatus !== undefined) return settings.batteryStatus;
  if (!controls.on) return 4;
  return Math.abs(batteryW) > ACTIVE_W ? 2 : 1;
}

function phaseCurrentA({ settings }: PlantState, powerW: number): number {
  return settings.gridVoltageV > 0 ? powerW / 3 / settings.gridVoltageV : 0;
}

function word(register: number, count: number, read: (plant: PlantState) => number[]): Measured {
  return { register, count, read };
}

/** Undocumented registers inside a range that field software is known to read in one go. */
function gap(register: number, count: number): Measured[] {
  return [word(register, count, () => Array.from({ length: count }, () => NO_U16))];
}
