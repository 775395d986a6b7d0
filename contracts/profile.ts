/**
 * The profile language: what a field device can do, as data. No expressions; what a profile cannot say, it must not need.
 *
 * A profile lists *points* (registers with type, scale, sign, validity), the *blocks* that may be read in one request,
 * the *sequences* of writes by which bessd charges, discharges, holds, releases and stops the device, and what the
 * device does when bessd falls silent. Addresses are wire addresses (no 40001 offset); value = raw / gain.
 */
import { z } from 'zod';

export const POINT_TYPES = ['u16', 'i16', 'u32', 'i32', 'u64', 'i64', 'f32', 'f64', 'string'] as const;

/** What a point measures, in the vocabulary of the guard. Several points may measure the same: the worst one counts. */
export const MEASURANDS = [
  'socPct',
  'sohPct',
  'batteryPowerW',
  'acPowerW',
  'pvPowerW',
  'gridPowerW',
  'loadPowerW',
  'voltageV',
  'currentA',
  'temperatureC',
  'cellVoltageMaxV',
  'cellVoltageMinV',
  'cellSpreadMv',
  'maxChargeNowW',
  'maxDischargeNowW',
  'ratedChargeW',
  'ratedDischargeW',
  'ratedCapacityWh',
  'apparentRatingVa',
  'reactivePowerVar',
  'gridVoltageV',
  'gridFrequencyHz',
  'inverterState',
  'batteryState',
  'alarms',
  'localControl',
  'contactorOpen',
  'workingMode',
] as const;
export type Measurand = (typeof MEASURANDS)[number];

/** What the guard judges by. A profile with control either measures each of them or says under `cannot` that it does not. */
export const JUDGED_MEASURANDS: readonly Measurand[] = [
  'socPct',
  'batteryPowerW',
  'temperatureC',
  'cellVoltageMaxV',
  'cellVoltageMinV',
  'cellSpreadMv',
  'maxChargeNowW',
  'maxDischargeNowW',
  'gridVoltageV',
  'gridFrequencyHz',
  'inverterState',
  'alarms',
  'contactorOpen',
];

/** SunSpec 701 `InvSt` names; the inverter state of every device is one of these. */
export const INVERTER_STATES = [
  'off',
  'sleeping',
  'starting',
  'running',
  'throttled',
  'shuttingDown',
  'fault',
  'standby',
] as const;
export type InverterState = (typeof INVERTER_STATES)[number];

const pointName = z.string().regex(/^[a-z][a-z0-9_]*$/, 'a lower_snake_case name');
const register = z.int().min(0).max(65_535);

const bitSchema = z.strictObject({
  name: pointName,
  severity: z.enum(['P1', 'P2', 'P3', 'P4']),
  /** `stop`: a safe write and no automatic restart (control rules 3, device alarms). */
  effect: z.enum(['none', 'stop']).default('none'),
});

const writableSchema = z.strictObject({
  functionCode: z.union([z.literal(6), z.literal(16)]),
  min: z.number().default(0),
  max: z.number().optional(),
  /** Point whose value bounds this one at the moment of the write. */
  maxFrom: pointName.optional(),
  /** Survives a reboot of the device: its original is saved before the first write and its wear is counted. */
  persistent: z.boolean().default(false),
  /** The direction that this register limits; `restored` = min(original, permit of that direction). */
  limits: z.enum(['charge', 'discharge']).optional(),
  /** Most writes per day of a persistent register. */
  budgetPerDay: z.int().positive().optional(),
});

export const pointSchema = z.strictObject({
  register,
  type: z.enum(POINT_TYPES),
  /** Length in registers; strings only. */
  length: z.int().min(1).max(125).optional(),
  gain: z.number().positive().default(1),
  unit: z.string().default(''),
  /** Direction of positive raw values; bessd turns it into its own: positive = out of the device, at the meter = import. */
  positive: z.enum(['discharge', 'charge', 'generation', 'import', 'export']).optional(),
  group: z.enum(['fast', 'slow', 'once', 'never']),
  /** Raw values that mean "no value"; left out: the usual marker of the type. */
  invalid: z.array(z.number()).optional(),
  /** Plausible range after scaling; outside it the value counts as missing. */
  range: z.tuple([z.number(), z.number()]).optional(),
  /** Names of enumerated raw values, keyed by the decimal raw value. For `inverterState`: InvSt names, with `_off_grid` behind them where the device feeds a backup island. */
  values: z.record(z.string().regex(/^\d+$/), z.string()).optional(),
  bits: z.record(z.string().regex(/^\d+$/), bitSchema).optional(),
  measures: z.enum(MEASURANDS).optional(),
  /** Part of the plant (`unit1`, `unit2.pack1`, …) that must be installed for this point to exist. */
  part: z.string().optional(),
  writable: writableSchema.optional(),
});
export type Point = z.output<typeof pointSchema>;

/** A value to write: a number, or a symbol that is resolved at the moment of the write. */
export const stepValue = z.union([
  z.number(),
  z.literal('magnitude').describe('the absolute battery power of the order, W'),
  z.literal('restored').describe('min(original, permit) of the direction that this register limits'),
  z.literal('original').describe('the value found before bessd first wrote this register'),
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
export const sequence = z.array(stepSchema).min(1);

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
      wordOrder: z.enum(['big', 'little']).default('big'),
      /** Ranges of registers that may be read across; outside them only adjacent points share a request. */
      blocks: z.array(z.strictObject({ register, count: z.int().min(1).max(125) })).default([]),
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
    control: z
      .strictObject({
        /** Default of `idle` and `onExit` in the site file. */
        idle: z.enum(['hold', 'release']),
        /** Where the device tells that it is being forced. */
        forced: z.strictObject({ point: pointName, idle: z.int(), charge: z.int(), discharge: z.int() }),
        /** Least time between two power writes. */
        minWriteIntervalMs: z.int().min(0).default(1000),
        actuator: z.strictObject({
          /** From the acknowledged write to 90 % of the new power, as the profile's sources say. */
          latencyMs: z.int().min(0),
          /** After this time measured power that is not at the target counts as "not following". */
          settleMs: z.int().min(0),
        }),
        sequences: z.strictObject({
          charge: sequence,
          discharge: sequence,
          hold: sequence,
          blockCharge: sequence,
          blockDischarge: sequence,
          release: sequence,
          estop: sequence,
        }),
        deadman: z.strictObject({
          mechanism: z.string(),
          timeoutMs: z.int().positive(),
          rearmMs: z.int().positive(),
          /** What the device is said to do when the time is over. */
          results: z.enum(['zero', 'vendor_control', 'unknown']),
        }),
        /** Registers whose change by somebody else is reported beside those that the sequences write. */
        watch: z.array(pointName).default([]),
      })
      .optional(),
  })
  .superRefine(checkReferences);

export type Profile = z.output<typeof profileSchema>;
export type Control = NonNullable<Profile['control']>;
export type SequenceName = keyof Control['sequences'];

const SIGNED_POWERS: readonly (Measurand | undefined)[] = [
  'batteryPowerW',
  'acPowerW',
  'gridPowerW',
  'pvPowerW',
  'currentA',
];

function checkReferences(profile: z.output<typeof profileSchema>, context: z.RefinementCtx): void {
  const complain = (path: (string | number)[], message: string): void =>
    context.addIssue({ code: 'custom', path, message });
  const known = (name: string, path: (string | number)[]): void => {
    if (!(name in profile.points)) complain(path, `the name of a point of this profile ("${name}" is none)`);
  };

  for (const [name, point] of Object.entries(profile.points)) {
    if (SIGNED_POWERS.includes(point.measures) && !point.positive) {
      complain(
        ['points', name, 'positive'],
        'the direction of positive values (discharge, charge, generation, import or export)',
      );
    }
    if ((point.type === 'string') !== (point.length !== undefined)) {
      complain(['points', name, 'length'], 'a length in registers for strings, and only for them');
    }
    if (point.part && !profile.parts?.all.includes(point.part))
      complain(['points', name, 'part'], 'a part named in parts.all');
    if (point.writable?.maxFrom) known(point.writable.maxFrom, ['points', name, 'writable', 'maxFrom']);
  }
  for (const key of ['model', 'serial', 'firmware'] as const) known(profile.identity[key], ['identity', key]);
  const { control } = profile;
  if (!control) return;
  for (const measurand of JUDGED_MEASURANDS) {
    const measured = Object.values(profile.points).some(({ measures }) => measures === measurand);
    if (measured === profile.cannot.includes(measurand))
      complain(['cannot'], `${measurand} either measured by a point or named here, so that no limit is off unnoticed`);
  }
  if (control.deadman.rearmMs * 3 > control.deadman.timeoutMs) {
    complain(['control', 'deadman', 'rearmMs'], 'at most a third of timeoutMs');
  }
  known(control.forced.point, ['control', 'forced', 'point']);
  control.watch.forEach((name, at) => known(name, ['control', 'watch', at]));
  for (const [title, steps] of Object.entries(control.sequences)) {
    steps.forEach((step, at) => {
      const path = ['control', 'sequences', title, at, 'set'];
      let next: number | undefined;
      for (const name of Object.keys(step.set)) {
        const point = profile.points[name];
        if (!point) {
          known(name, path);
          continue;
        }
        if (!point.writable) complain([...path, name], 'a writable point');
        if (next !== undefined && point.register !== next)
          complain([...path, name], `register ${next}, adjacent to the point before it`);
        next = point.register + registersOf(point);
      }
    });
  }
}

/** Number of 16-bit registers that a point takes. */
export function registersOf(point: Pick<Point, 'type' | 'length'>): number {
  switch (point.type) {
    case 'u16':
    case 'i16':
      return 1;
    case 'u32':
    case 'i32':
    case 'f32':
      return 2;
    case 'u64':
    case 'i64':
    case 'f64':
      return 4;
    case 'string':
      return point.length ?? 1;
  }
}
