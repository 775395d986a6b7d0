/**
 * Fault schedule of a simulator: a JSON file of what happens when, counted from the start.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Clock } from '../contracts/clock.ts';
import { Fault } from '../contracts/faults.ts';
import { invalid, parseOrThrow } from '../contracts/parse.ts';
import type { SimulatedAsset } from './asset.ts';
import { faultSchema } from './fault-kinds.ts';
import { plantChangeSchema } from './plant-settings.ts';

const entrySchema = z
  .strictObject({
    atMs: z.number().min(0),
    /** Position of the asset, from 0; left out: all. */
    asset: z.int().min(0).optional(),
    fault: faultSchema.optional(),
    set: plantChangeSchema.optional(),
    clear: z.literal(true).optional(),
    reboot: z.strictObject({ offlineMs: z.number().min(0).default(0) }).optional(),
  })
  .refine(
    ({ fault, set, clear, reboot }) => Boolean(fault ?? set ?? clear ?? reboot),
    'one of fault, set, clear, reboot',
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
export function runSchedule(schedule: Schedule, assets: readonly SimulatedAsset[], clock: Clock): () => void {
  const timers = schedule.map((entry) => clock.setTimeout(() => happen(entry, assets), entry.atMs));
  return () => {
    for (const timer of timers) clock.clearTimeout(timer);
  };
}

function happen({ asset: at, fault, set, clear, reboot }: Schedule[number], assets: readonly SimulatedAsset[]): void {
  for (const asset of assets.filter((_, index) => at === undefined || at === index)) {
    if (clear) asset.faults.clear();
    if (set) asset.set(set);
    if (fault) asset.faults.apply(fault);
    if (reboot) asset.reboot(reboot.offlineMs);
  }
}

function jsonOf(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(file, [{ path: '', value: text, expected: `JSON (${(error as Error).message})` }]);
  }
}
