/**
 * The language of SunSpec: model definitions as the SunSpec Alliance publishes them, and what is read from a device.
 *
 * A model is a block of registers that starts with its id and the length of what follows; a device is a chain of them.
 * Offsets and lengths are in registers.
 */
import { z } from 'zod';

export const SUNSPEC_TYPES = [
  'int16',
  'uint16',
  'count',
  'acc16',
  'enum16',
  'bitfield16',
  'pad',
  'sunssf',
  'int32',
  'uint32',
  'acc32',
  'enum32',
  'bitfield32',
  'ipaddr',
  'float32',
  'int64',
  'uint64',
  'acc64',
  'bitfield64',
  'float64',
  'eui48',
  'ipv6addr',
  'string',
] as const;
export type SunspecType = (typeof SUNSPEC_TYPES)[number];

const pointSchema = z.object({
  name: z.string().min(1),
  type: z.enum(SUNSPEC_TYPES),
  /** Registers. */
  size: z.int().min(1).max(125),
  /** Name of the point that holds the power of ten, or that power itself. */
  sf: z.union([z.string(), z.int().min(-10).max(10)]).optional(),
  units: z.string().optional(),
  label: z.string().optional(),
  symbols: z.array(z.object({ name: z.string(), value: z.int().min(0) })).optional(),
});
export type SunspecPoint = z.output<typeof pointSchema>;

/** Points, then groups, in the order of the registers. */
export type SunspecGroup = {
  readonly name: string;
  readonly label?: string | undefined;
  /** How often it repeats: a number, or the point that holds it; 0: as often as the length of the model gives. */
  readonly count?: string | number | undefined;
  readonly points: readonly SunspecPoint[];
  readonly groups: readonly SunspecGroup[];
};

const groupSchema: z.ZodType<SunspecGroup> = z.object({
  name: z.string().min(1),
  label: z.string().optional(),
  count: z.union([z.string(), z.int().min(0)]).optional(),
  points: z.array(pointSchema).default([]),
  groups: z.array(z.lazy(() => groupSchema)).default([]),
});

/** The official files have more keys, such as descriptions; what is not named here is left out. */
export const sunspecModelSchema = z.object({ id: z.int().min(1).max(65_534), group: groupSchema });
export type SunspecModel = z.output<typeof sunspecModelSchema>;

/** `null` is "not implemented". */
export type SunspecValue = number | string | null;

/** One model as it stands in the device. */
export type RawSunspecModel = {
  readonly id: number;
  /** From the base of the device, whose first two registers are "SunS". */
  readonly offset: number;
  /** As the device gives it: without the two registers of id and length. */
  readonly length: number;
  /** From the id on; shorter than the length says where the device refused registers. */
  readonly words: readonly number[];
};
