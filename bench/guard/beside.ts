/**
 * The guard beside everything that a site may have to do at its worst moment, and the bare poller beside the same at the
 * same time: a neighbour churns memory where the analyst lives, the record grows and is copied whole, HTTP and NATS are
 * flooded with requests.
 */
import { skipped } from '../measure.ts';
import type { Row, Size } from '../measure.ts';
import { startDevice, startPoller } from './device.ts';
import { startLoad } from './load.ts';
import { rowsOf } from './rows.ts';
import { startRuntime } from './runtime.ts';
import { TARGETS } from './targets.ts';
import { BARE, OURS } from './units.ts';

const BREACHES = { small: 160, full: 2080 } as const;
const SETTLED_POLLS = 12;

export async function beside(size: Size): Promise<readonly Row[]> {
  await using device = await startDevice();
  if (!device) return [skipped('the guard beside everything else', 'no gcc for the device')];
  await using runtime = startRuntime(device);
  await using _poller = await startPoller(device);
  await using load = await startLoad(runtime);
  await device.polled(OURS, SETTLED_POLLS);
  const [ours, bare] = await Promise.all([device.show(OURS, BREACHES[size]), device.show(BARE, BREACHES[size])]);
  const both = { ours: [ours], bare: [bare] };
  return [
    ...rowsOf('under load', 'breachUs', both, { p99: TARGETS.breach, worst: TARGETS.breach }),
    ...rowsOf('under load', 'shownUs', both, {}),
    ...(await load.rows()),
  ];
}
