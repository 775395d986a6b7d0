/**
 * Between control and the stopper, the process that stops the devices when control falls silent: what it is fed with, and
 * what it says. Everything that it needs of a device comes ready made, so that it shares no code with control.
 */
import { z } from 'zod';

const word = z.int().min(0).max(0xffff);
const serialLine = z.strictObject({
  path: z.string(),
  baudRate: z.number(),
  parity: z.enum(['none', 'even', 'odd']),
  stopBits: z.union([z.literal(1), z.literal(2)]),
});

/** How one device is stopped: its address, the proof that it is the right one, the registers and words of its `estop`. */
export const stopPlanSchema = z.strictObject({
  assetId: z.string(),
  address: z.strictObject({
    host: z.string(),
    port: z.number(),
    framing: z.enum(['tcp', 'rtu']).optional(),
    serial: serialLine.optional(),
    unitId: z.number(),
    timeoutMs: z.number(),
    requestGapMs: z.number(),
  }),
  connectDelayMs: z.number(),
  /** The read in which control found the serial number, where it stood in it, and its words. */
  serial: z.strictObject({
    space: z.enum(['holding', 'input']),
    register: z.number(),
    count: z.number(),
    at: z.number(),
    words: z.array(word).min(1),
  }),
  steps: z
    .array(
      z.strictObject({
        register: z.number(),
        words: z.array(word).min(1),
        functionCode: z.union([z.literal(6), z.literal(16)]),
        trigger: z.boolean(),
        engages: z.boolean(),
      }),
    )
    .min(1),
});
export type StopPlan = z.output<typeof stopPlanSchema>;

/** How the stopper fared with one device, since it took over. */
export const stopAccountSchema = z.strictObject({
  asset_id: z.string(),
  /** `stopped`: the device acknowledged the whole sequence. `refused`: another device answers, or it refused a write. */
  outcome: z.enum(['stopped', 'refused', 'unreachable']),
  /** Code of the last fault, where there was one. */
  reason: z.string().nullable(),
  /** First write and end of the first whole sequence; ISO 8601. */
  first_write: z.string().nullable(),
  stopped_at: z.string().nullable(),
  writes: z.number(),
});
export type StopAccount = z.output<typeof stopAccountSchema>;

/** Control → stopper. `plans`: of every asset that may be written; left out while they are those of the last feed. */
export type ToStopper =
  | { readonly type: 'FEED'; readonly plans?: readonly StopPlan[] }
  /** The runtime ends in order: longer silence, then no channel, is no fault. */
  | { readonly type: 'LEAVING' };

/** Stopper → control. */
export type FromStopper =
  | { readonly type: 'READY' }
  /** The answer to a feed. */
  | { readonly type: 'FED' }
  /** Control is back, or a stopper before this one handed over: what was done meanwhile. */
  | { readonly type: 'ACTED'; readonly since: string; readonly devices: readonly StopAccount[] }
  /** The stopper of another runtime of this site is being fed. */
  | { readonly type: 'SECOND_RUNTIME'; readonly active: boolean };

/** What a stopper that is replaced leaves to its successor. */
export const inheritanceSchema = z.strictObject({
  plans: z.array(stopPlanSchema),
  since: z.string().nullable(),
  devices: z.array(stopAccountSchema),
});
export type Inheritance = z.output<typeof inheritanceSchema>;

export const FEED_EVERY_MS = 500;
/** Silence after which the stopper takes the devices (control rules 6). */
export const SILENCE_MS = 5000;
/** A gap of that length control takes for one in which the stopper may have acted. */
export const GAP_MS = 4500;
