/**
 * The language of the simulator's control socket: one JSON object a line, each answered with one line.
 */
import { z } from 'zod';
import type { TapEntry, TapRead } from './device.ts';
import { intrusionSchema, swapSchema, targetShape } from './devices.ts';
import type { SimulatedFault } from './fault-kinds.ts';
import { faultSchema } from './fault-kinds.ts';
import { plantChangeSchema } from './plant-settings.ts';
import type { PlantState } from './plant.ts';

const id = z.union([z.int(), z.string().max(64)]).optional();
/** Left out: all inverters for what changes something, the first for what asks. */
const target = targetShape;

export const controlRequestSchema = z.discriminatedUnion('do', [
  z.strictObject({ id, ...target, do: z.literal('set'), plant: plantChangeSchema }),
  z.strictObject({ id, ...target, do: z.literal('fault'), fault: faultSchema }),
  z.strictObject({ id, ...target, do: z.literal('clear') }),
  z.strictObject({ id, ...target, do: z.literal('state') }),
  z.strictObject({ id, ...target, do: z.literal('tap'), since: z.int().min(0).default(0) }),
  z.strictObject({ id, ...target, do: z.literal('reads'), since: z.int().min(0).default(0) }),
  z.strictObject({ id, ...target, do: z.literal('reboot'), offlineMs: z.number().min(0).max(3_600_000).default(0) }),
  /** A write by somebody else, past all faults. */
  z.strictObject({ id, ...target, do: z.literal('write'), ...intrusionSchema.shape }),
  z.strictObject({ id, do: z.literal('swap'), ...swapSchema.shape }),
]);
export type ControlRequest = z.output<typeof controlRequestSchema>;

export type StateReply = PlantState & {
  /** As the device's own power register shows it: charging positive. */
  readonly batteryPowerRegisterW: number;
  readonly forced: boolean;
  readonly faults: readonly SimulatedFault[];
  readonly writes: number;
  readonly reads: number;
};
export type TapReply = { readonly entries: readonly TapEntry[]; readonly reads: number; readonly next: number };

export type ControlReply =
  | ({ readonly id?: number | string; readonly ok: true } & {
      readonly state?: StateReply;
      readonly tap?: TapReply;
      readonly reads?: readonly TapRead[];
      /** With which a write was refused. */
      readonly exception?: number;
    })
  | {
      readonly id?: number | string;
      readonly ok: false;
      readonly code: 'BAD_REQUEST' | 'UNKNOWN_ASSET';
      readonly message: string;
    };
