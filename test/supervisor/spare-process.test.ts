// deadline: 90 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../supervisor/clock.ts';
import { inOsProcess } from '../../supervisor/os-process.ts';
import { SPARE_VARIABLE } from '../../supervisor/process-start.ts';
import { startSystem } from '../../supervisor/system.ts';
import type { RunningSystem } from '../../supervisor/system.ts';
import { until } from './cells.ts';

type Ready = { readonly type: 'READY'; readonly pid: number; readonly loadedMsBefore: number };

const PROGRAM = fileURLToPath(new URL('./fixtures/spare-process.ts', import.meta.url));

function play(): { readonly system: RunningSystem; readonly ready: Ready[] } {
  const ready: Ready[] = [];
  const start = (): ReturnType<typeof inOsProcess> =>
    inOsProcess(async () => ({
      command: process.execPath,
      args: [PROGRAM],
      onMessage: (message) => void ready.push(message as Ready),
      spare: true,
    }));
  const system = startSystem(
    { id: 'root', strategy: 'one_for_one', intensity: 9, children: [{ id: 'child', shutdown: 2000, start }] },
    { clock: systemClock },
  );
  return { system, ready };
}

test('a warm spare process, loaded long before, takes over when the process fails, and none outlives the orderly end', async () => {
  const { system, ready } = play();
  await until('ready', () => ready.length === 1);
  assert.ok((ready[0]?.loadedMsBefore ?? 1000) < 100, 'the first one begins at once');
  await sleep(800);
  for (const count of [2, 3]) {
    system.send('child', { type: 'POST', value: { type: 'crash' } } as never);
    await until('the spare is ready', () => ready.length === count);
    assert.ok((ready.at(-1)?.loadedMsBefore ?? 0) > 200, 'it had waited');
    await sleep(800);
  }
  assert.is(new Set(ready.map(({ pid }) => pid)).size, 3);
  await system.stop();
  // One that is left over would be the next to begin, so a fresh start shows that there is none.
  const next = play();
  await until('ready', () => next.ready.length === 1);
  assert.ok((next.ready[0]?.loadedMsBefore ?? 1000) < 100);
  await next.system.stop();
});

test('a spare whose owner is gone ends by itself', async () => {
  const spare = spawn(process.execPath, [PROGRAM], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: { ...process.env, [SPARE_VARIABLE]: '1' },
  });
  const ended = new Promise((resolve) => spare.once('exit', resolve));
  await sleep(300);
  spare.disconnect();
  assert.is(await ended, 0);
});

test.run();
