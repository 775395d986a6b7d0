/**
 * The profile language: what a field device can do, as data. No expressions; what a profile cannot say, it must not need.
 *
 * A profile lists *points* (registers with type, scale, sign, validity), the *blocks* that may be read in one request,
 * the *sequences* of writes by which bessd charges, discharges, holds, releases and stops the device, and what the
 * device does when bessd falls silent. Addresses are wire addresses (no 40001 offset); value = raw / gain.
 */
import { z } from 'zod';
import { checkProfile } from './profile-checks.ts';
import { controlSchema } from './profile-control.ts';
import { MEASURANDS, pointName, pointSchema, register, registerSpace, wordOrder } from './profile-point.ts';
import type { Point } from './profile-point.ts';

export type { Control, SequenceName, StepValue } from './profile-control.ts';
export { INVERTER_STATES, JUDGED_MEASURANDS, registersOf } from './profile-point.ts';
export type { InverterState, Measurand, Point, PointRow, ScaleFactor } from './profile-point.ts';

export const profileSchema = z
  .strictObject({
    $schema: z.string().optional(),
    name: z.string().regex(/^[a-z0-9-]+$/),
    version: z.int().min(1),
    title: z.string(),
    kind: z.enum(['hybrid', 'battery', 'meter']),
    /** What was verified, against what; no profile claims hardware that it has not seen. */
    verified: z.array(z.string()).min(1),
    sources: z.array(z.string()).min(1),
    transport: z.strictObject({
      unitIds: z.array(z.int().min(0).max(255)).min(1),
      connectDelayMs: z.int().min(0).max(10_000).default(0),
      requestGapMs: z.int().min(0).max(1000).default(0),
      timeoutMs: z.int().min(100).max(20_000).default(3000),
      maxReadRegisters: z.int().min(1).max(125).default(120),
      /** High word first unless said otherwise. */
      wordOrder: wordOrder.default('big'),
      /** Which registers its points are in, unless they say otherwise; `input` are read with function code 4. */
      registers: registerSpace.default('holding'),
      /** Ranges of registers that may be read across; outside them only adjacent points share a request. */
      blocks: z
        .array(
          z.strictObject({
            register,
            count: z.int().min(1).max(125),
            registers: registerSpace.optional(),
          }),
        )
        .default([]),
      /** Ranges that no request may touch, not even inside a block or a SunSpec model. */
      gaps: z.array(z.strictObject({ register, count: z.int().min(1).max(65_536) })).default([]),
      /** A request never joins two declared blocks, even where they touch. */
      oneRequestPerBlock: z.boolean().default(false),
      /** The connection is closed after each poll, for devices that serve one client at a time and have to serve others. */
      closeAfterPoll: z.boolean().default(false),
      /** Exceptions 5 (acknowledge) and 6 (busy) on a read: tried again within the poll, `times` at most. */
      busyRetry: z.strictObject({ afterMs: z.int().min(10).max(5000), times: z.int().min(1).max(10) }).optional(),
    }),
    /** The slow group is read on every `slowEvery`-th poll. */
    slowEvery: z.int().min(1).max(60).default(5),
    nominalVoltageV: z.number().positive().optional(),
    points: z.record(pointName, pointSchema),
    parts: z.strictObject({ all: z.array(z.string()), installed: z.array(z.string()) }).optional(),
    /** Measurands that this device family does not offer; the guard's rows on them are off, and status says so. */
    cannot: z.array(z.enum(MEASURANDS)).default([]),
    identity: z.strictObject({
      model: pointName,
      serial: pointName,
      firmware: pointName,
      modelPattern: z.string(),
    }),
    control: controlSchema.optional(),
  })
  .superRefine((profile, context) =>
    checkProfile(profile, (path, message) => context.addIssue({ code: 'custom', path: [...path], message })),
  );

/** As it stands in the file: rows may refer to SunSpec models, whose places only the device knows. */
export type Profile = z.output<typeof profileSchema>;

/** For one connection: every point has its registers. Sums stay sums. */
export type BoundProfile = Omit<Profile, 'points'> & {
  readonly points: Readonly<Record<string, Point>>;
  readonly sums: Readonly<Record<string, Sum>>;
};

/** A row that adds up others, by their names in the bound profile. */
export type Sum = Pick<Point, 'measures' | 'group' | 'range' | 'unit'> & { readonly of: readonly string[] };
