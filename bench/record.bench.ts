/** The record: frames made durable through its thread, and a day of one point read back, each beside bare SQLite. */
import type { Measurement } from './measure.ts';
import { day } from './record/day.ts';
import { durable } from './record/durable.ts';

export const measurements: readonly Measurement[] = [
  { name: 'durable', run: durable },
  { name: 'day', run: day },
];
