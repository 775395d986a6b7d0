/** Where a simulated SunSpec device keeps the state of its inverter (701 InvSt): a read over it begins a poll. */
import type { SimulatedAsset } from '../../simulator/asset.ts';

const BASES = [40_000, 50_000, 0];
/** Its place in the model, whose header stands before it. */
export const INVERTER_STATE = 4;

export function sunspecMark({ device }: SimulatedAsset): number {
  const base = BASES.find((at) => word(at) === 0x5375 && word(at + 1) === 0x6e53);
  if (base === undefined) throw new Error('the device is no SunSpec device');
  for (let at = base + 2; word(at) !== 0xffff; at += 2 + word(at + 1)) if (word(at) === 701) return at + INVERTER_STATE;
  throw new Error('the device has no model 701');

  function word(register: number): number {
    const words = device.read(register, 1, 1);
    return 'exception' in words ? 0xffff : (words[0] ?? 0xffff);
  }
}
