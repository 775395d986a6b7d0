/** Words and colours that several panels share. */
import type { Panel } from './panels.ts';

export const YES_IS_BAD = { '0': ['no', 'green'], '1': ['yes', 'red'] } as const satisfies Panel['words'];
export const NO_IS_BAD = { '0': ['no', 'red'], '1': ['yes', 'green'] } as const satisfies Panel['words'];
export const SOC = [
  [null, 'red'],
  [10, 'orange'],
  [15, 'green'],
  [95, 'orange'],
] as const satisfies Panel['steps'];
export const HEAT = [
  [null, 'green'],
  [42, 'orange'],
  [50, 'red'],
] as const satisfies Panel['steps'];
export const ANY_IS_BAD = [
  [null, 'green'],
  [1, 'red'],
] as const satisfies Panel['steps'];
