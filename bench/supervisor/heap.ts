/** A hundred thousand crashes and restarts leave the heap as it was. */
import { systemClock } from '../../supervisor/clock.ts';
import { startSystem } from '../../supervisor/system.ts';
import { collectGarbage, rowOf } from '../measure.ts';
import type { Row, Size } from '../measure.ts';
import { CRASH, crashing, KINDS } from './children.ts';
import type { Kind } from './children.ts';

const AT_MOST = { of: 'figure', atMost: 5 } as const;
const AT_ONCE = 500;
const WARM_UP = 100_000;

export async function heap(size: Size): Promise<readonly Row[]> {
  const cycles = size === 'full' ? 100_000 : 20_000;
  const rows: Row[] = [];
  for (const kind of KINDS) {
    const grownPct = await growthPct(kind, cycles);
    rows.push(
      rowOf({ what: `${kind}: heap after ${cycles} restarts`, unit: '% more', values: [grownPct], target: AT_MOST }),
    );
  }
  return rows;
}

async function growthPct(kind: Kind, cycles: number): Promise<number> {
  const logic = crashing(kind, () => {});
  const children = [{ id: 'child', start: () => logic }];
  const system = startSystem(
    { id: 'root', strategy: 'one_for_one', intensity: 1_000_000, periodMs: 1, children },
    { clock: systemClock },
  );
  // Node's own caches and compiled code come and go for the first ten thousands.
  await crash(WARM_UP);
  const before = await heapBytes();
  await crash(cycles);
  const after = await heapBytes();
  await system.stop();
  return (after / before - 1) * 100;

  async function crash(times: number): Promise<void> {
    for (let done = 0; done < times; done += AT_ONCE) {
      for (let one = 0; one < AT_ONCE; one += 1) system.send('child', CRASH);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

async function heapBytes(): Promise<number> {
  for (let pass = 0; pass < 3; pass += 1) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed;
}
