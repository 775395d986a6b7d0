/**
 * How a profile commands its device: sequences of writes, and what the device does when bessd falls silent.
 */
import { z } from 'zod';
import { pointName } from './profile-point.ts';

/** A value to write: a number, or a symbol that is resolved at the moment of the write. */
export const stepValue = z.union([
  z.number(),
  z.literal('magnitude').describe('the absolute battery power of the order, W'),
  z.literal('signed').describe('the power of the order with its sign, W; `positive` of the point says which way'),
  z.literal('restored').describe('min(original, permit) of the direction that this register limits'),
  z.literal('original').describe('the value found before bessd first wrote this register'),
  z.literal('heartbeat').describe('another number each time, counting up'),
  z
    .strictObject({ of: z.enum(['magnitude', 'signed']), percentOf: pointName })
    .describe('that power in percent of the newest value of a point'),
]);
export type StepValue = z.output<typeof stepValue>;

/** One write transaction; several points must be adjacent registers and go out in one request. */
export const stepSchema = z.strictObject({
  set: z.record(pointName, stepValue),
  /** `trigger`: written again on every poll while a breach or a latch stands. */
  trigger: z.boolean().default(false),
  /** Only where the asset says `allowShutdown: true`. */
  requires: z.literal('allowShutdown').optional(),
});
const sequence = z.array(stepSchema).min(1);

export const controlSchema = z.strictObject({
  /** Default of `idle` and `onExit` in the site file. */
  idle: z.enum(['hold', 'release']),
  /** Where the device tells that it is being forced: any value but `idle`. */
  forced: z
    .strictObject({
      point: pointName,
      idle: z.union([z.int(), z.array(z.int()).min(1)]),
      charge: z.int().optional(),
      discharge: z.int().optional(),
    })
    .optional(),
  /** The power that a setpoint of this device moves; whether it is reached is judged by that. */
  follows: z.enum(['batteryPowerW', 'acPowerW']).default('batteryPowerW'),
  /** Least time between two power writes; the first step of a ramp is as long. */
  minWriteIntervalMs: z.int().min(50).default(1000),
  actuator: z.strictObject({
    /** From the acknowledged write to 90 % of the new power, as the profile's sources say. */
    latencyMs: z.int().min(0),
    /** After this time measured power that is not at the target counts as "not following". */
    settleMs: z.int().min(0),
  }),
  sequences: z.strictObject({
    /** Both or neither: a device without them can only be stopped, and refuses orders. */
    charge: sequence.optional(),
    discharge: sequence.optional(),
    hold: sequence,
    blockCharge: sequence,
    blockDischarge: sequence,
    release: sequence,
    estop: sequence,
  }),
  deadman: z
    .strictObject({
      mechanism: z.string(),
      timeoutMs: z.int().positive(),
      rearmMs: z.int().positive(),
      /** What the device is said to do when the time is over. */
      results: z.enum(['zero', 'vendor_control', 'unknown']),
      /** The time that is left as the device counts it, s; by it bessd sees whether the device counts at all. */
      remaining: pointName.optional(),
    })
    .optional(),
  /** Registers whose change by somebody else is reported beside those that the sequences write. */
  watch: z.array(pointName).default([]),
});
export type Control = z.output<typeof controlSchema>;
export type SequenceName = keyof Control['sequences'];
