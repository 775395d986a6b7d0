/** A crashed thread is replaced: by a warm spare, beside a thread that is started only then. */
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../supervisor/clock.ts';
import { startSystem } from '../../supervisor/system.ts';
import { inThread } from '../../supervisor/thread.ts';
import { rowOf } from '../measure.ts';
import type { Row, Size } from '../measure.ts';

type Replacement = { readonly takeoverMs: number; readonly wholeMs: number };

const ENTRY = new URL('thread.entry.ts', import.meta.url);
/** Until the next spare is loaded for certain. */
const LOADED_AFTER_MS = 400;

export async function spare(size: Size): Promise<readonly Row[]> {
  const crashes = size === 'full' ? 30 : 8;
  const warm = threads(true);
  const cold = threads(false);
  const results: Record<'warm' | 'cold', Replacement[]> = { warm: [], cold: [] };
  for (let round = 0; round <= crashes; round += 1) {
    const pair = { warm: await warm.replace(), cold: await cold.replace() };
    if (round === 0) continue;
    results.warm.push(pair.warm);
    results.cold.push(pair.cold);
  }
  await Promise.all([warm.stop(), cold.stop()]);
  const values = (kind: 'warm' | 'cold', key: keyof Replacement): number[] => results[kind].map((one) => one[key]);
  return [
    rowOf({
      what: 'thread: restart begun to spare running',
      unit: 'ms',
      values: values('warm', 'takeoverMs'),
      floor: { name: 'cold start', values: values('cold', 'takeoverMs') },
      target: { of: 'ratio', atMost: 0.1 },
    }),
    rowOf({
      what: 'thread: told to crash to spare running',
      unit: 'ms',
      values: values('warm', 'wholeMs'),
      floor: { name: 'cold start', values: values('cold', 'wholeMs') },
    }),
  ];
}

function threads(withSpare: boolean): {
  readonly replace: () => Promise<Replacement>;
  readonly stop: () => Promise<unknown>;
} {
  let begunAt = 0;
  let up = Promise.withResolvers<number>();
  const logic = inThread({
    entry: ENTRY,
    spare: withSpare,
    start: () => {
      begunAt = performance.now();
      return { workerData: undefined };
    },
    onSignal: () => up.resolve(performance.now()),
  });
  const system = startSystem(
    {
      id: 'root',
      strategy: 'one_for_one',
      intensity: 1000,
      children: [{ id: 'thread', start: () => logic }],
    },
    { clock: systemClock },
  );
  return {
    replace: async () => {
      await up.promise;
      await sleep(LOADED_AFTER_MS);
      up = Promise.withResolvers<number>();
      const toldAt = performance.now();
      system.send('thread', { type: 'POST', value: { type: 'CRASH' } } as never);
      const upAt = await up.promise;
      return { takeoverMs: upAt - begunAt, wholeMs: upAt - toldAt };
    },
    stop: () => system.stop(),
  };
}
