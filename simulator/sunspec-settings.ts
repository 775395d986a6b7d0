/**
 * What can be chosen about a simulated device that speaks SunSpec: where its registers stand, how they are scaled, what
 * it leaves out, and how it answers to control. All of it can change while it runs.
 */
import { z } from 'zod';

export const sunspecShape = {
  /** Register of "SunS". */
  sunspecBase: z.literal([40_000, 50_000, 0]),
  /** Powers of ten by name, `WSet_SF` for all models or `704.WSet_SF` for one. The others suit the size of the plant. */
  scaleFactors: z.record(z.string(), z.int().min(-10).max(10)),
  /** Points that show "not implemented" and refuse writes: `701.TmpCab`, `803.string[1].StrSoH`. */
  notImplemented: z.array(z.string()).max(200),
  /** Registers behind the end of a model as it is defined, by its id: lengths differ from device to device. */
  extraRegisters: z.record(z.string().regex(/^\d+$/), z.int().min(0).max(200)),
  /** The inverter model of the older face: 103 with scale factors, 113 with floats. */
  inverterModel: z.literal([103, 113]),
  /** Inputs of model 160 for panels; those for charging and discharging follow. */
  pvInputs: z.int().min(1).max(8),
  /** Of model 802, where the standard leaves the sign open. */
  positiveBattery: z.enum(['discharge', 'charge']),
  /** What `InWRte` and `OutWRte` of model 124 mean: the power itself, or the bounds of a window in which the device is free. */
  storageRates: z.enum(['setpoint', 'limit']),
  /** Somebody turned the key to LOCAL: control points refuse writes. */
  localControl: z.boolean(),
  /** Reversion timers show their time and do not count. */
  timersStill: z.boolean(),
  /** Without a change of the controller's heartbeat for so long the device goes to standby, once it has seen one; 0: never. */
  controllerTimeoutMs: z.number().min(0).max(3_600_000),
  /** Bits of 701 `Alrm`. */
  alarmBits: z.int().min(0).max(0xffff_fffe),
  /** Bits of 802 `Evt1` and of every string's `StrEvt1`. */
  batteryEvents: z.int().min(0).max(0xffff_fffe),
};

export type SunspecSettings = Readonly<z.output<z.ZodObject<typeof sunspecShape>>>;

export const DEFAULT_SUNSPEC: SunspecSettings = {
  sunspecBase: 40_000,
  scaleFactors: {},
  notImplemented: [],
  extraRegisters: {},
  inverterModel: 103,
  pvInputs: 1,
  positiveBattery: 'discharge',
  storageRates: 'setpoint',
  localControl: false,
  timersStill: false,
  controllerTimeoutMs: 0,
  alarmBits: 0,
  batteryEvents: 0,
};
