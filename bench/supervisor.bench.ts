/** The supervisor: how fast it puts a failed part back, how many it carries, what it costs a message, what it leaks. */
import type { Measurement } from './measure.ts';
import { crowd } from './supervisor/crowd.ts';
import { events } from './supervisor/events.ts';
import { heap } from './supervisor/heap.ts';
import { restart } from './supervisor/restart.ts';
import { spare } from './supervisor/spare.ts';

export const measurements: readonly Measurement[] = [
  { name: 'restart', run: restart },
  { name: 'events', run: events },
  { name: 'crowd', run: crowd },
  { name: 'spare', run: spare },
  { name: 'heap', run: heap },
];
