/**
 * Is it still the same device? Behind a gateway two devices may change places while the connection stays open.
 *
 * The serial is read again with the slow polls, and in the exchanges directly before power is commanded. Another one ends
 * the session without a write; the next connection begins with the whole identification. A stop does not wait for it: at
 * worst a device that moves power without an order of ours is stopped by the wrong driver.
 */
import { placeOf } from '../../contracts/device-link.ts';
import { Fault } from '../../contracts/faults.ts';
import type { DevicePort } from '../../contracts/ports.ts';
import { planReads } from '../../machines/device/read-plan.ts';
import { sampleBlock } from '../../machines/device/telemetry.ts';
import type { Samples } from '../../machines/device/telemetry.ts';
import { boundOf } from './cockpit.ts';
import type { Cockpit } from './cockpit.ts';

/** Exchanges that may come between the look at the serial and the first write: reads of scale factors. */
const MOST_BETWEEN = 8;

export function serialProven({ serialSeenAt, exchanges }: Cockpit): boolean {
  return serialSeenAt !== undefined && exchanges - serialSeenAt <= MOST_BETWEEN;
}

export async function proveSerial(cockpit: Cockpit, port: DevicePort): Promise<void> {
  const { profile, points } = boundOf(cockpit);
  const { staleAfter } = cockpit.input;
  for (const block of planReads(profile, points, (name) => name === profile.identity.serial)) {
    const words = await port.read(block.register, block.count, block.space);
    const samples = sampleBlock(block, words, cockpit.clock.now(), staleAfter, profile.transport.wordOrder);
    checkSerial(cockpit, samples);
    if (samples[profile.identity.serial]?.value === undefined)
      throw new Fault('WRONG_IDENTITY', `${cockpit.input.asset.id} does not tell its serial any more`);
  }
  cockpit.serialSeenAt = cockpit.exchanges;
}

/** Throws WRONG_IDENTITY when what was just read shows another serial; a serial that is missing for now shows nothing. */
export function checkSerial(cockpit: Cockpit, samples: Samples): void {
  const { asset, board } = cockpit.input;
  const found = samples[boundOf(cockpit).profile.identity.serial]?.value;
  if (found === undefined || cockpit.serial === undefined || String(found) === cockpit.serial) return;
  const what = `another device answers at ${placeOf(asset.modbus)}, behind an open connection: serial "${String(found)}"`;
  board.alarm('wrong-device', true, 'P1', what, asset.id);
  throw new Fault('WRONG_IDENTITY', `serial "${String(found)}" at ${asset.id}, expected ${cockpit.serial}`);
}
