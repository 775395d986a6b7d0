/**
 * What a Huawei SDongle shows under a unit of its own, behind the same connection: totals of the plant.
 *
 * Source: the public register facts (37498 to 37517); the unit 100 from wlcrs/huawei_solar issue 136. Here grid import and
 * charging are positive, unlike at the meter of the inverter.
 */
import type { Measured } from './huawei-entries.ts';
import { word } from './huawei-entries.ts';
import { i32, u32 } from './words.ts';

export const DONGLE_UNIT = 100;

export const DONGLE_MEASURED: readonly Measured[] = [
  word(37498, 2, ({ pvW }) => u32(pvW)),
  word(37500, 2, ({ loadW }) => u32(loadW)),
  word(37502, 2, ({ gridW }) => i32(gridW)),
  word(37504, 2, ({ batteryW }) => i32(-batteryW)),
  word(37516, 2, ({ acW }) => i32(acW)),
];
