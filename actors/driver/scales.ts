/**
 * Scale factors on the way to a power write: read in the exchange directly before it. A factor that is another one than
 * that of the binding means that the device has changed behind the connection, as a reboot behind a gateway does: nothing
 * is written, and the session ends, so that the device is bound anew.
 */
import { Fault } from '../../contracts/faults.ts';
import type { DevicePort } from '../../contracts/ports.ts';
import type { ScaleFactor } from '../../contracts/profile.ts';
import type { Cockpit } from './cockpit.ts';

export async function proveScales(cockpit: Cockpit, port: DevicePort, scales: readonly ScaleFactor[]): Promise<void> {
  const registers: number[] = [];
  for (const scale of scales) {
    if (registers.includes(scale.register)) continue;
    const [word] = await port.read(scale.register, 1);
    if (word !== (scale.exponent & 0xffff)) throw scaleChanged(cockpit, scale, word);
    registers.push(scale.register);
  }
  cockpit.scaleProof = { exchanges: cockpit.exchanges, registers };
}

/** Reports the change; the fault ends the session. */
export function scaleChanged({ input }: Cockpit, { name, register, exponent }: ScaleFactor, word?: number): Fault {
  const found = word === undefined ? undefined : (word << 16) >> 16;
  input.board.event('foreign_change', {
    asset_id: input.asset.id,
    point: name,
    register,
    expected: exponent,
    found: found ?? null,
  });
  return new Fault('SCALE_CHANGED', `${name} of ${input.asset.id} is ${found}, it was ${exponent}`);
}
