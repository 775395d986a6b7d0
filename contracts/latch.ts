/**
 * What control keeps on the disk in small synced files: the latch of the site, and the originals of each device.
 */
import { z } from 'zod';

/** E-stop, trips and maintenance tags. `trip`: the asset's `estop` sequence stands; `fault`: the device reported one. */
export const latchSchema = z.strictObject({
  version: z.literal(1),
  epoch: z.int().min(0),
  estop: z.strictObject({ sinceWallMs: z.number(), reason: z.string(), issuer: z.string() }).nullable(),
  trips: z.record(
    z.string(),
    z.strictObject({ kind: z.enum(['trip', 'fault']), cause: z.string(), sinceWallMs: z.number() }),
  ),
  maintenance: z.record(z.string(), z.strictObject({ tag: z.string(), reason: z.string(), issuer: z.string() })),
});
export type LatchRecord = Readonly<z.output<typeof latchSchema>>;

/** The order under way on one asset, so that it is reported as ended after a crash. */
export const openOrderSchema = z.strictObject({ version: z.literal(1), id: z.string(), w: z.number() });

/** The assets whose grid was outside its window, or not inside again for long enough, when the runtime was there last. */
export const gridNoteSchema = z.strictObject({ version: z.literal(1), waiting: z.array(z.string()) });

/** Values found in persistent registers before bessd wrote them, by point and in its unit. */
export const originalsSchema = z.strictObject({
  version: z.literal(1),
  serial: z.string(),
  acceptedFirmware: z.string(),
  /** bessd may have written over the originals. */
  touched: z.boolean(),
  values: z.record(z.string(), z.number()),
});
/** What drills of the dead-man found, newest first, each for one device with one firmware. */
export const deadmanSchema = z.strictObject({
  version: z.literal(1),
  records: z.array(
    z.strictObject({
      serial: z.string(),
      firmware: z.string(),
      state: z.enum(['proven', 'failed']),
      /** From the last write to the look that saw the power ended. */
      timeMs: z.number().positive(),
      mechanism: z.string(),
      resultingW: z.number().nullable(),
      atWallMs: z.number(),
      by: z.string(),
    }),
  ),
});
export type DeadmanRecord = Readonly<z.output<typeof deadmanSchema>['records'][number]>;

export type OriginalsRecord = Readonly<z.output<typeof originalsSchema>>;
