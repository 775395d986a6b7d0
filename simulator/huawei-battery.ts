/**
 * Battery side of the register table of a LUNA2000: the whole, its two units and their six packs.
 *
 * Units and packs differ a little from each other, as real ones do: equal ones would hide a mixed-up address. Charging is
 * positive. What is not installed shows the markers for "no value".
 */
import type { Measured } from './huawei-entries.ts';
import { energy, gap, NO_I16, NO_I32, NO_U16, NO_U32, word } from './huawei-entries.ts';
import type { PlantState } from './plant.ts';
import { i16, i32, text, u16, u32 } from './words.ts';

const FORCIBLE = 1;
/** From the register in which the mode is set (47086) to the one in which it is read back (37006). */
const MODE_READ_BACK: Readonly<Record<number, number>> = { 0: 0, 1: 3, 2: 4, 3: 2, 4: 5, 5: 6 };
const PACKS = [0, 1, 2, 3, 4, 5];
const PACKS_PER_UNIT = 3;
const ACTIVE_W = 50;
/** Its bit in the second alarm word. */
const BATTERY_ABNORMAL = 1 << 9;
/** What the counters held before this plant began. */
const CHARGED_BEFORE_WH = 1_234_500;
const DISCHARGED_BEFORE_WH = 1_111_100;
/** Each pack has this much less of charge and voltage than the one before. */
const PACK_SPREAD = 0.002;

export const BATTERY: readonly Measured[] = [...whole(), ...unit1(), ...unit2(), ...PACKS.flatMap(pack)];

function whole(): Measured[] {
  return [
    word(37046, 2, (p) => u32(p.settings.maxChargeW)),
    word(37048, 2, (p) => u32(p.settings.maxDischargeW)),
    word(37758, 2, (p) => u32(p.settings.capacityWh)),
    word(37760, 1, (p) => u16(p.socPct * 10)),
    ...gap(37761, 1),
    word(37762, 1, (p) => u16(batteryStatus(p))),
    word(37763, 1, (p) => u16(p.busVoltageV * 10)),
    word(37764, 1, (p) => i16(-p.busCurrentA * 10)),
    word(37765, 2, (p) => i32(-p.batteryW)),
    ...gap(37767, 13),
    energy(37780, (p) => CHARGED_BEFORE_WH + p.chargedWh),
    energy(37782, (p) => DISCHARGED_BEFORE_WH + p.dischargedWh),
    energy(37784, (p) => p.chargedWh),
    energy(37786, (p) => p.dischargedWh),
  ];
}

function unit1(): Measured[] {
  return [
    word(37000, 1, (p) => u16(batteryStatus(p))),
    word(37001, 2, (p) => i32(-unitW(p, 0))),
    word(37003, 1, (p) => u16(unitVoltage(p, 0) * 10)),
    word(37004, 1, (p) => u16(unitSocPct(p, 0) * 10)),
    word(37006, 1, (p) =>
      u16(p.controls.command === 'none' ? (MODE_READ_BACK[p.controls.workingMode] ?? 0) : FORCIBLE),
    ),
    word(37007, 2, (p) => u32(p.settings.ratedW * unitShare(p, 0))),
    word(37009, 2, (p) => u32(p.settings.ratedW * unitShare(p, 0))),
    word(37014, 1, (p) => u16(p.settings.alarms[1] & BATTERY_ABNORMAL ? 1 : 0)),
    energy(37015, (p) => p.chargedWh * unitShare(p, 0)),
    energy(37017, (p) => p.dischargedWh * unitShare(p, 0)),
    word(37021, 1, (p) => i16((-unitW(p, 0) / unitVoltage(p, 0)) * 10)),
    word(37022, 1, (p) => unitTemperature(p, 0)),
    word(37025, 1, (p) => u16(remainingMin(p))),
    word(37026, 10, (p) => text(`D-${p.settings.firmwareVersion}`, 10)),
    word(37036, 10, (p) => text(`B-${p.settings.firmwareVersion}`, 10)),
    word(37052, 10, (p) => text(`L-${p.settings.serialNumber}`, 10)),
    energy(37066, (p) => CHARGED_BEFORE_WH + p.chargedWh * unitShare(p, 0)),
    energy(37068, (p) => DISCHARGED_BEFORE_WH + p.dischargedWh * unitShare(p, 0)),
    word(37814, 15, (p) => text(`S1-${p.settings.firmwareVersion}`, 15)),
  ];
}

function unit2(): Measured[] {
  const there = (value: (plant: PlantState) => number[], missing: number[]) => (p: PlantState) =>
    unitShare(p, 1) > 0 ? value(p) : missing;
  const counter = (register: number, ofWh: (plant: PlantState) => number): Measured =>
    word(
      register,
      2,
      there((p) => u32(ofWh(p) / 10), NO_U32),
    );
  const label = (register: number, words: number, name: (plant: PlantState) => string): Measured =>
    word(
      register,
      words,
      there(
        (p) => text(name(p), words),
        Array.from({ length: words }, () => 0),
      ),
    );
  return [
    label(37700, 10, (p) => `L2-${p.settings.serialNumber}`),
    word(
      37738,
      1,
      there((p) => u16(unitSocPct(p, 1) * 10), [NO_U16]),
    ),
    word(
      37741,
      1,
      there((p) => u16(batteryStatus(p)), [NO_U16]),
    ),
    word(
      37743,
      2,
      there((p) => i32(-unitW(p, 1)), NO_I32),
    ),
    counter(37746, (p) => p.chargedWh * unitShare(p, 1)),
    counter(37748, (p) => p.dischargedWh * unitShare(p, 1)),
    word(
      37750,
      1,
      there((p) => u16(unitVoltage(p, 1) * 10), [NO_U16]),
    ),
    word(
      37751,
      1,
      there((p) => i16((-unitW(p, 1) / unitVoltage(p, 1)) * 10), [NO_I16]),
    ),
    word(37752, 1, (p) => unitTemperature(p, 1)),
    counter(37753, (p) => 2 * CHARGED_BEFORE_WH + p.chargedWh * unitShare(p, 1)),
    counter(37755, (p) => 2 * DISCHARGED_BEFORE_WH + p.dischargedWh * unitShare(p, 1)),
    label(37799, 15, (p) => `S2-${p.settings.firmwareVersion}`),
  ];
}

function pack(at: number): Measured[] {
  const base = 38200 + 42 * at;
  const entry = (
    register: number,
    count: number,
    value: (plant: PlantState) => number[],
    missing: number[],
  ): Measured => word(register, count, (p) => (at < p.settings.packs ? value(p) : missing));
  const none = (words: number): number[] => Array.from({ length: words }, () => 0);
  return [
    entry(base, 10, (p) => text(`P${at + 1}-${p.settings.serialNumber}`, 10), none(10)),
    entry(base + 10, 15, (p) => text(`F${at + 1}-${p.settings.firmwareVersion}`, 15), none(15)),
    entry(base + 28, 1, (p) => u16(batteryStatus(p)), [NO_U16]),
    entry(base + 29, 1, (p) => u16(packSocPct(p, at) * 10), [NO_U16]),
    entry(base + 33, 2, (p) => i32(-packW(p, at)), NO_I32),
    entry(base + 35, 1, (p) => u16(packVoltage(p, at) * 10), [NO_U16]),
    entry(base + 36, 1, (p) => i16((-packW(p, at) / packVoltage(p, at)) * 10), [NO_I16]),
    word(38452 + 2 * at, 1, (p) => packTemperature(p, at)),
    word(38453 + 2 * at, 1, (p) => packTemperature(p, at)),
  ];
}

function packSocPct({ socPct }: PlantState, at: number): number {
  return socPct * (1 - PACK_SPREAD * at);
}

function packVoltage({ busVoltageV }: PlantState, at: number): number {
  return busVoltageV * (1 - PACK_SPREAD * at);
}

/** The packs share the power, the first ones a little more; one pack has it all. */
function packW({ batteryW, settings: { packs } }: PlantState, at: number): number {
  const lean = ((packs - 1) / 2 - at) * PACK_SPREAD * 10;
  return (batteryW / packs) * (1 + lean);
}

function packsOf({ settings: { packs } }: PlantState, unit: number): readonly number[] {
  return PACKS.slice(unit * PACKS_PER_UNIT, (unit + 1) * PACKS_PER_UNIT).filter((at) => at < packs);
}

/** Of the packs that are installed, 0 to 1. */
function unitShare(plant: PlantState, unit: number): number {
  return packsOf(plant, unit).length / plant.settings.packs;
}

function unitW(plant: PlantState, unit: number): number {
  return packsOf(plant, unit).reduce((sum, at) => sum + packW(plant, at), 0);
}

function unitVoltage(plant: PlantState, unit: number): number {
  return meanOf(packsOf(plant, unit).map((at) => packVoltage(plant, at)));
}

function unitSocPct(plant: PlantState, unit: number): number {
  return meanOf(packsOf(plant, unit).map((at) => packSocPct(plant, at)));
}

function unitTemperature(plant: PlantState, unit: number): number[] {
  const packs = plant.packTemperaturesC.slice(unit * PACKS_PER_UNIT, (unit + 1) * PACKS_PER_UNIT);
  return packs.length === 0 ? [NO_I16] : i16(meanOf(packs) * 10);
}

function packTemperature(plant: PlantState, at: number): number[] {
  const celsius = plant.packTemperaturesC[at];
  return celsius === undefined ? [NO_I16] : i16(celsius * 10);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function batteryStatus({ settings, controls, batteryW }: PlantState): number {
  if (settings.batteryStatus !== undefined) return settings.batteryStatus;
  if (!controls.on) return 4;
  return Math.abs(batteryW) > ACTIVE_W ? 2 : 1;
}

/** Until it is empty at this power; the longest that the register can show where nothing flows out. */
function remainingMin({ storedWh, batteryW }: PlantState): number {
  return batteryW > ACTIVE_W ? Math.min(0xfffe, (60 * storedWh) / batteryW) : 0xfffe;
}
