/** The guard, timed at the device: from a breach in a register to the stop, beside a bare poller that knows one limit. */
import { alone } from './guard/alone.ts';
import { beside } from './guard/beside.ts';
import { first } from './guard/first.ts';
import type { Measurement } from './measure.ts';

export const measurements: readonly Measurement[] = [
  { name: 'guard: alone', run: alone },
  { name: 'guard: first breach', run: first },
  { name: 'guard: beside everything else', run: beside },
];
