/**
 * The taps of all devices of a site in one file, one JSON object a line, in the order in which the writes arrived.
 *
 * Lines are written at once and by the system call itself, so that what a device was told is in the file even if the
 * simulator is killed in the next moment.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { Fault } from '../contracts/faults.ts';
import type { SimulatedAsset } from './asset.ts';
import type { Devices } from './devices.ts';

/** Appends; the answer ends it. Throws FILE_UNREADABLE where the file cannot be opened. */
export function writeTap(file: string, { assets, bms = [], meter }: Devices): () => void {
  const descriptor = opened(file);
  const ends = [
    ...assets.map((one, at) => follow(one, { asset: at, device: 'inverter' })),
    ...bms.map((one, at) => follow(one, { asset: at, device: 'bms' })),
    ...(meter ? [follow(meter, { device: 'meter' })] : []),
  ];
  return () => {
    for (const end of ends) end();
    closeSync(descriptor);
  };

  function follow({ tap }: SimulatedAsset, whose: { asset?: number; device: string }): () => void {
    return tap.onEntry((entry) => writeSync(descriptor, `${JSON.stringify({ ...whose, ...entry })}\n`));
  }
}

function opened(file: string): number {
  try {
    return openSync(file, 'a');
  } catch (cause) {
    throw new Fault('FILE_UNREADABLE', `${file} cannot be written`, { cause, details: { file } });
  }
}
