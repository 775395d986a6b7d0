/** The guard with nothing else to do, in turns with the bare poller: only one of them runs. */
import { skipped } from '../measure.ts';
import type { Row, Size } from '../measure.ts';
import { startDevice, startPoller } from './device.ts';
import type { Device, Times } from './device.ts';
import { rowsOf } from './rows.ts';
import type { Both } from './rows.ts';
import { startRuntime } from './runtime.ts';
import { TARGETS } from './targets.ts';
import { BARE, OURS } from './units.ts';

const SIZES = { small: { rounds: 1, breaches: 160 }, full: { rounds: 4, breaches: 560 } } as const;
/** Polls before the first breach: connected, identified, released. */
const SETTLED_POLLS = 12;

export async function alone(size: Size): Promise<readonly Row[]> {
  await using device = await startDevice();
  if (!device) return [skipped('the guard alone', 'no gcc for the device')];
  const { rounds, breaches } = SIZES[size];
  const both: { [Who in keyof Both]: Times[] } = { ours: [], bare: [] };
  for (let round = 0; round < rounds; round += 1) {
    both.bare.push(await guardedBare(device, breaches));
    both.ours.push(await guarded(device, breaches));
  }
  const unasked = await device.unasked();
  if (unasked > 0) throw new Error(`${unasked} stops came that no breach had asked for`);
  return [
    ...rowsOf('alone', 'shownUs', both, { p99: TARGETS.shownP99 }),
    ...rowsOf('alone', 'breachUs', both, { p99: TARGETS.breach, worst: TARGETS.breach }),
  ];
}

async function guarded(device: Device, breaches: number): Promise<Times> {
  await using _runtime = startRuntime(device);
  await device.polled(OURS, SETTLED_POLLS);
  return await device.show(OURS, breaches);
}

async function guardedBare(device: Device, breaches: number): Promise<Times> {
  await using _poller = await startPoller(device);
  await device.polled(BARE, SETTLED_POLLS);
  return await device.show(BARE, breaches);
}
