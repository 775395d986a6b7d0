/**
 * One entry of the read side of a Huawei register table, and the markers that stand where there is no value.
 */
import type { PlantState } from './plant.ts';
import { i32, u32 } from './words.ts';

export type Measured = {
  readonly register: number;
  readonly count: number;
  readonly read: (plant: PlantState) => number[];
};

/** Markers that stand in registers of parts that are not installed, and in gaps that can be read across. */
export const NO_U16 = 0xffff;
export const NO_I16 = 0x7fff;
export const NO_I32 = i32(Number.NaN);
export const NO_U32 = u32(Number.NaN);

export function word(register: number, count: number, read: (plant: PlantState) => number[]): Measured {
  return { register, count, read };
}

/** Undocumented registers inside a range that field software is known to read in one go. */
export function gap(register: number, count: number): Measured[] {
  return [word(register, count, () => Array.from({ length: count }, () => NO_U16))];
}

/** An energy counter in 0.01 kWh. */
export function energy(register: number, ofWh: (plant: PlantState) => number): Measured {
  return word(register, 2, (p) => u32(ofWh(p) / 10));
}
