/**
 * The very first breach that a fresh process sees, and the ones after it: no code of the stop path may be cold when it
 * matters. The floor is the median of what came later in the same starts.
 */
import { quantile, rowOf, skipped } from '../measure.ts';
import type { Row, Size } from '../measure.ts';
import { startDevice } from './device.ts';
import { startRuntime } from './runtime.ts';
import { TARGETS } from './targets.ts';
import { OURS } from './units.ts';

const STARTS = { small: 3, full: 30 } as const;
const SETTLED_POLLS = 6;
/** After the first; the first ones of them may still be slower. */
const LATER = 48;

export async function first(size: Size): Promise<readonly Row[]> {
  await using device = await startDevice();
  if (!device) return [skipped('the first breach', 'no gcc for the device')];
  const firsts: number[] = [];
  const later: number[] = [];
  for (let start = 0; start < STARTS[size]; start += 1) {
    await using _runtime = startRuntime(device);
    await device.polled(OURS, SETTLED_POLLS);
    const [one] = (await device.show({ ...OURS, count: 1 }, 1)).shownUs;
    firsts.push(one ?? Number.NaN);
    later.push(...(await device.show(OURS, LATER)).shownUs);
  }
  const steady = { name: `median of ${later.length} later`, values: [quantile(later, 0.5)] };
  return [
    rowOf({
      what: `first breach after start: shown to stop written, median of ${firsts.length} starts`,
      unit: 'µs',
      values: firsts,
      floor: steady,
      target: TARGETS.first,
    }),
    rowOf({ what: 'the slowest of these', unit: 'µs', values: [Math.max(...firsts)], floor: steady }),
  ];
}
