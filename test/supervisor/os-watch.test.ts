// deadline: 60 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../supervisor/clock.ts';
import { inOsProcess } from '../../supervisor/os-process.ts';
import type { OsProcessSpec } from '../../supervisor/os-process.ts';
import { startSystem } from '../../supervisor/system.ts';
import type { SupervisionReport } from '../../supervisor/context.ts';

const BEAT = "setInterval(() => process.send('beat'), 50);";

/** Starts the program under a supervisor and waits until it was restarted once; the reason of its failure. */
async function failureOf(program: string, watch: Partial<OsProcessSpec>): Promise<{ reason: string; pids: number[] }> {
  const pids: number[] = [];
  const reports: SupervisionReport[] = [];
  const logic = inOsProcess(async () => ({
    command: process.execPath,
    args: ['-e', program],
    onStart: (child) => void pids.push(child.pid ?? 0),
    ...watch,
  }));
  const system = startSystem(
    { id: 'root', strategy: 'one_for_one', children: [{ id: 'child', start: () => logic, shutdown: 1000 }] },
    { clock: systemClock, report: (report) => reports.push(report) },
  );
  for (let waited = 0; waited < 15_000 && !reports.some(({ what }) => what === 'restarted'); waited += 20)
    await sleep(20);
  for (let waited = 0; waited < 5000 && pids.length < 2; waited += 20) await sleep(20);
  await system.stop();
  return { reason: reports.find(({ what }) => what === 'failed')?.reason ?? 'no failure', pids };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('a process that hangs in a loop no longer speaks, is killed, and a new one takes its place', async () => {
  const { reason, pids } = await failureOf(`${BEAT} setTimeout(() => { for (;;); }, 300);`, { silentAfterMs: 600 });
  assert.match(reason, /^CHILD_SILENT: process silent for 600 ms/);
  assert.is(pids.length >= 2, true);
  assert.equal(
    pids.map(isAlive),
    pids.map(() => false),
    'none is left behind',
  );
});

test('a process that outgrows its memory is killed, and the reason says by how much', async () => {
  if (process.platform !== 'linux') {
    console.log('SKIPPED: no /proc on this system, so no memory limit');
    return;
  }
  const { reason } = await failureOf('globalThis.kept = Buffer.alloc(200 * 2 ** 20, 1); setInterval(() => {}, 1000);', {
    maxRssMb: 150,
  });
  assert.match(reason, /^CHILD_EXITED: process uses \d+ MiB, more than 150/);
});

test('what a process sends reaches its owner, and what its owner posts reaches the process', async () => {
  const heard: unknown[] = [];
  const logic = inOsProcess(async () => ({
    command: process.execPath,
    args: ['-e', "process.on('message', (value) => process.send({ echo: value })); process.send('ready');"],
    onMessage: (message) => heard.push(message),
  }));
  const system = startSystem(
    { id: 'root', strategy: 'one_for_one', children: [{ id: 'child', start: () => logic }] },
    { clock: systemClock },
  );
  for (let waited = 0; waited < 5000 && heard.length < 1; waited += 20) await sleep(20);
  system.send('child', { type: 'POST', value: 7 } as never);
  for (let waited = 0; waited < 5000 && heard.length < 2; waited += 20) await sleep(20);
  assert.equal(heard, ['ready', { echo: 7 }]);
  await system.stop();
});

test.run();
