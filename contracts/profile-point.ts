/**
 * The rows of a profile: where a point is found, what it measures, how it may be written.
 *
 * A row finds its value by `register` and `type`, by a `sunspec` reference that is bound on every connection, or as the
 * `sum` of other rows. Bound, it is a `Point`: registers, type and scale are known, and everything downstream works on that.
 */
import { z } from 'zod';

export const POINT_TYPES = [
  'u16',
  'i16',
  'u32',
  'i32',
  'u64',
  'i64',
  'f32',
  'f64',
  'bcd16',
  'bcd32',
  'string',
] as const;

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
  'insulationFault',
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

export const pointName = z.string().regex(/^[a-z][a-z0-9_]*$/, 'a lower_snake_case name');
export const register = z.int().min(0).max(65_535);
const WORD_ORDERS = ['big', 'little'] as const;
export const wordOrder = z.enum(WORD_ORDERS);
/** Read with function code 3 or 4. */
export const registerSpace = z.enum(['holding', 'input']);
export type WordOrder = (typeof WORD_ORDERS)[number];

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
  /** Left out while the device shows the value already; persistent registers always are. */
  writeOnChange: z.boolean().optional(),
  /** The direction that this register limits; `restored` = min(original, permit of that direction). */
  limits: z.enum(['charge', 'discharge']).optional(),
  /** Most writes per day of a persistent register. */
  budgetPerDay: z.int().positive().optional(),
  /** From a write of this register to the next one for power, ms at least; re-arming keeps to `deadman.rearmMs`, stops never wait. */
  leastIntervalMs: z.int().positive().max(600_000).optional(),
  /** The value may read back this far from what was written, in its unit; left out: half a step of the register. */
  tolerance: z.number().positive().optional(),
});

const sunspecReference = z.strictObject({
  model: z.int().min(1).max(65_534),
  /** Its name in the official model definition. */
  point: z.string().min(1),
  /** Name of the group in which it stands, where that is not the model itself. */
  group: z.string().min(1).optional(),
  /** Which repetition of the group, from 1; `each`: one point for every repetition, named `<name>_1`, `<name>_2`, … */
  index: z.union([z.int().min(1), z.literal('each')]).optional(),
  /** Which of several models of that id in the device, from 1. */
  instance: z.int().min(1).optional(),
});
export type SunspecReference = z.output<typeof sunspecReference>;

export const pointSchema = z.strictObject({
  register: register.optional(),
  type: z.enum(POINT_TYPES).optional(),
  /** Instead of register and type: a point of a SunSpec model, found and scaled by the device's own description. */
  sunspec: sunspecReference.optional(),
  /** Instead of register and type: the sum of other points of this profile, in their unit and bessd's sign. */
  sum: z.array(pointName).min(2).optional(),
  /** Length in registers; strings only. */
  length: z.int().min(1).max(125).optional(),
  gain: z.number().positive().default(1),
  unit: z.string().default(''),
  /** Direction of positive raw values; bessd turns it into its own: positive = out of the device, at the meter = import. */
  positive: z.enum(['discharge', 'charge', 'generation', 'import', 'export']).optional(),
  group: z.enum(['fast', 'slow', 'once', 'never']),
  /** Another unit behind the same connection, which is only read; left out: the unit of the device. */
  unitId: z.int().min(0).max(255).optional(),
  /** Where they differ from those of the transport. */
  registers: registerSpace.optional(),
  wordOrder: wordOrder.optional(),
  /** `little`: the low byte of every register comes first, in texts too. */
  byteOrder: wordOrder.optional(),
  /** Raw values that mean "no value"; left out: the usual marker of the type. */
  invalid: z.array(z.number()).optional(),
  /** Plausible range after scaling; outside it the value counts as missing. */
  range: z.tuple([z.number(), z.number()]).optional(),
  /** Names of enumerated raw values, keyed by the decimal raw value. For `inverterState`: InvSt names, with `_off_grid` behind them where the device feeds a backup island. */
  values: z.record(z.string().regex(/^\d+$/), z.string()).optional(),
  /** For `localControl`, `contactorOpen` and `insulationFault`: the values that mean yes; left out: whatever is not 0. */
  active: z.array(z.number()).min(1).optional(),
  bits: z.record(z.string().regex(/^\d+$/), bitSchema).optional(),
  measures: z.enum(MEASURANDS).optional(),
  /** Part of the plant (`unit1`, `unit2.pack1`, …) that must be installed for this point to exist. */
  part: z.string().optional(),
  writable: writableSchema.optional(),
});

/** As it stands in the profile. */
export type PointRow = z.output<typeof pointSchema>;

/** A power of ten that the device gives for a point. */
export type ScaleFactor = {
  /** For people: `704.WSet_SF`. */
  readonly name: string;
  readonly register: number;
  /** As read when the profile was bound; value = raw × 10^exponent / gain of the row. */
  readonly exponent: number;
};

/** With its registers known. `gain` includes the scale factor. */
export type Point = Omit<PointRow, 'register' | 'type' | 'sum' | 'sunspec'> & {
  readonly register: number;
  readonly type: (typeof POINT_TYPES)[number];
  readonly scale?: ScaleFactor;
};

/** Number of 16-bit registers that a point takes. */
export function registersOf(point: Pick<Point, 'type' | 'length'>): number {
  switch (point.type) {
    case 'u16':
    case 'i16':
    case 'bcd16':
      return 1;
    case 'u32':
    case 'i32':
    case 'f32':
    case 'bcd32':
      return 2;
    case 'u64':
    case 'i64':
    case 'f64':
      return 4;
    case 'string':
      return point.length ?? 1;
  }
}
