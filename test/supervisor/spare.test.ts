// deadline: 90 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../supervisor/clock.ts';
import { startSystem } from '../../supervisor/system.ts';
import type { RunningSystem } from '../../supervisor/system.ts';
import { inThread } from '../../supervisor/thread.ts';
import { until } from './cells.ts';

type Ready = { readonly type: string; readonly threadId: number; readonly loadedMsBefore: number };

function play(anew: boolean): { readonly system: RunningSystem; readonly ready: Ready[] } {
  const ready: Ready[] = [];
  const make = (): ReturnType<typeof inThread> =>
    inThread({
      entry: new URL('./fixtures/thread.ts', import.meta.url),
      start: () => ({ workerData: {} }),
      onSignal: (signal) => {
        if ((signal as Ready).type === 'READY') ready.push(signal as Ready);
      },
      spare: true,
    });
  const one = make();
  const child = { id: 'child', shutdown: 2000, start: () => (anew ? make() : one) };
  const system = startSystem(
    { id: 'root', strategy: 'one_for_one', intensity: 9, children: [child] },
    { clock: systemClock },
  );
  return { system, ready };
}

for (const anew of [false, true]) {
  test(`a warm spare, loaded long before, takes over when the thread fails (logic made ${anew ? 'for each incarnation' : 'once'})`, async () => {
    const { system, ready } = play(anew);
    await until('ready', () => ready.length === 1);
    await sleep(500);
    for (const count of [2, 3]) {
      system.send('child', { type: 'POST', value: { type: 'throw' } } as never);
      await until('the spare is ready', () => ready.length === count);
      assert.ok((ready.at(-1)?.loadedMsBefore ?? 0) > 100, 'it had waited');
      await sleep(500);
    }
    assert.is(new Set(ready.map(({ threadId }) => threadId)).size, 3);
    await system.stop();
    // Threads that are left over would be the next spares, so a fresh start shows that there are none.
    const next = play(anew);
    await until('ready', () => next.ready.length === 1);
    assert.ok((next.ready[0]?.loadedMsBefore ?? 1000) < 100, 'no spare outlived the orderly end');
    await next.system.stop();
  });
}

test.run();
