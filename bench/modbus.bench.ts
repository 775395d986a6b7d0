/** The Modbus TCP transport with every check on, beside a bare socket, modbus-serial and libmodbus. */
import type { Measurement } from './measure.ts';
import { fleet } from './modbus/fleet.ts';
import { hangUp } from './modbus/hang-up.ts';
import { one } from './modbus/one.ts';
import { saturated } from './modbus/saturated.ts';

export const measurements: readonly Measurement[] = [
  { name: 'one', run: one },
  { name: 'saturated', run: saturated },
  { name: 'fleet', run: fleet },
  { name: 'hang-up', run: hangUp },
];
