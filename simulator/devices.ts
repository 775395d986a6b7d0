/**
 * The devices of one simulated site, and how a request from outside names them.
 */
import { z } from 'zod';
import type { SimulatedAsset } from './asset.ts';
import type { Exception } from './device.ts';

export type Devices = {
  /** The inverters, in the order of their ports. */
  readonly assets: readonly SimulatedAsset[];
  /** Of each asset, where they have one of their own. */
  readonly bms?: readonly SimulatedAsset[];
  readonly meter?: SimulatedAsset;
  /** Absent where there are no places to swap. */
  readonly swap?: (swap: Swap) => void;
};

export const targetShape = {
  /** Position of the asset, from 0. */
  asset: z.int().min(0).optional(),
  /** Which device of it; the meter is that of the whole site. */
  device: z.enum(['inverter', 'bms', 'meter']).optional(),
};
type Target = { readonly asset?: number | undefined; readonly device?: 'inverter' | 'bms' | 'meter' | undefined };

/** Two inverters change places, as when somebody mixes up their cables; behind a gateway connections stay open. */
export const swapSchema = z.strictObject({
  assets: z.tuple([z.int().min(0), z.int().min(0)]),
  keepConnections: z.boolean().default(false),
});
export type Swap = z.output<typeof swapSchema>;

/** One write by somebody else. */
export const intrusionSchema = z.strictObject({
  register: z.int().min(0).max(65_535),
  words: z.array(z.int().min(0).max(65_535)).min(1).max(123),
  unitId: z.int().min(0).max(255).default(1),
});
export type Intrusion = z.output<typeof intrusionSchema>;

/** All assets where none is named; nothing where there is no such device. */
export function chosen(devices: Devices, { asset, device = 'inverter' }: Target): readonly SimulatedAsset[] {
  if (device === 'meter') return devices.meter ? [devices.meter] : [];
  const list = device === 'bms' ? (devices.bms ?? []) : devices.assets;
  return asset === undefined ? list : list.slice(asset, asset + 1);
}

export function intrude({ device }: SimulatedAsset, { register, words, unitId }: Intrusion): Exception | undefined {
  return device.write(register, words, words.length === 1 ? 6 : 16, unitId, 'intruder');
}
