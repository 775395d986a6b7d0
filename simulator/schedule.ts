/**
 * Fault schedule of a simulator: a JSON file of what happens when, counted from the start. The format is in
 * docs/simulator.md.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Clock } from '../contracts/clock.ts';
import { Fault } from '../contracts/faults.ts';
import { invalid, parseOrThrow } from '../contracts/parse.ts';
import type { Devices } from './devices.ts';
import { chosen, intrude, intrusionSchema, swapSchema, targetShape } from './devices.ts';
import { faultSchema } from './fault-kinds.ts';
import { plantChangeSchema } from './plant-settings.ts';

const entrySchema = z
  .strictObject({
    atMs: z.number().min(0),
    ...targetShape,
    fault: faultSchema.optional(),
    set: plantChangeSchema.optional(),
    clear: z.literal(true).optional(),
    reboot: z.strictObject({ offlineMs: z.number().min(0).default(0) }).optional(),
    swap: swapSchema.optional(),
    write: intrusionSchema.optional(),
  })
  .refine(
    ({ fault, set, clear, reboot, swap, write }) => Boolean(fault ?? set ?? clear ?? reboot ?? swap ?? write),
    'one of fault, set, clear, reboot, swap, write',
  );

export const scheduleSchema = z.array(entrySchema);
export type Schedule = z.output<typeof scheduleSchema>;

/** Throws FILE_UNREADABLE or CONFIG_INVALID; the message names path, value and expectation. */
export async function readSchedule(file: string): Promise<Schedule> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Fault('FILE_UNREADABLE', `${file} cannot be read`, { cause, details: { file } });
  });
  return parseOrThrow(scheduleSchema, jsonOf(text, file), file);
}

/** Arms every entry; the answer takes back what has not happened yet. */
export function runSchedule(schedule: Schedule, devices: Devices, clock: Clock): () => void {
  const timers = schedule.map((entry) => clock.setTimeout(() => happen(entry, devices), entry.atMs));
  return () => {
    for (const timer of timers) clock.clearTimeout(timer);
  };
}

/** Settings change before a restart of the same moment, so that nobody sees them without it. */
function happen({ fault, set, clear, reboot, swap, write, ...target }: Schedule[number], devices: Devices): void {
  for (const asset of chosen(devices, target)) {
    if (clear) asset.faults.clear();
    if (set) asset.set(set);
    if (fault) asset.faults.apply(fault);
    if (write) intrude(asset, write);
    if (reboot) asset.reboot(reboot.offlineMs);
  }
  if (swap) devices.swap?.(swap);
}

function jsonOf(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(file, [{ path: '', value: text, expected: `JSON (${(error as Error).message})` }]);
  }
}
