import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSync } from 'node:child_process';
import type { EventObject } from 'xstate';
import { systemClock } from '../../supervisor/clock.ts';
import { inOsProcess } from '../../supervisor/os-process.ts';
import { fromProcess } from '../../supervisor/process.ts';
import { supervisor } from '../../supervisor/supervisor.ts';
import { startSystem } from '../../supervisor/system.ts';
import { inThread } from '../../supervisor/thread.ts';
import { until } from './cells.ts';

test('the tree shows for each child where it runs, what waits for it, and what its supervisor may still restart', async () => {
  const idle = fromProcess<EventObject>(
    async ({ signal }) => new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())),
    { limit: 2 },
  );
  const thread = inThread({
    entry: new URL('./fixtures/thread.ts', import.meta.url),
    start: () => ({ workerData: {} }),
    onSignal: () => {},
  });
  const process_ = inOsProcess(async () => ({
    command: process.execPath,
    args: ['-e', 'setInterval(() => {}, 1000)'],
  }));
  const inner = supervisor({
    id: 'inner',
    strategy: 'one_for_one',
    intensity: 4,
    children: [{ id: 'idle', start: () => idle }],
  });
  const system = startSystem(
    {
      id: 'root',
      strategy: 'one_for_one',
      intensity: 2,
      children: [
        { id: 'thread', start: () => thread },
        { id: 'process', start: () => process_ },
        { id: 'inner', start: () => inner, type: 'supervisor' },
      ],
    },
    { clock: systemClock },
  );
  for (let n = 0; n < 3; n += 1) system.send('idle', { type: 'N' });
  const common = { type: 'worker', status: 'running', restarts: 0, last_reason: null } as const;
  assert.equal(system.tree(), {
    id: 'root',
    ...common,
    type: 'supervisor',
    restarts_left: 2,
    children: [
      { id: 'thread', ...common, placement: 'thread', mailbox_depth: 0, mailbox_lost: 0 },
      { id: 'process', ...common, placement: 'process', mailbox_depth: 0, mailbox_lost: 0 },
      {
        id: 'inner',
        ...common,
        type: 'supervisor',
        restarts_left: 4,
        children: [{ id: 'idle', ...common, mailbox_depth: 2, mailbox_lost: 1 }],
      },
    ],
  });
  system.send('thread', { type: 'bessd.crash', error: new Error('told to') } as EventObject);
  await until('restarted', () => system.tree().children?.[0]?.restarts === 1);
  assert.is(system.tree().restarts_left, 1);
  assert.is(system.tree().children?.[0]?.last_reason, 'Error: told to');
  assert.is((await system.stop()).reason, 'shutdown');
});

for (const [what, command, reason] of [
  ['cannot be found', '/nowhere/at-all', /ENOENT/],
  ['is no program', import.meta.filename, /EACCES|ENOEXEC/],
] as const) {
  test(`a process whose command ${what} is a failure with that reason`, async () => {
    const ill = inOsProcess(async () => ({ command, args: [] }));
    const spec = {
      id: 'root',
      strategy: 'one_for_one',
      intensity: 0,
      children: [{ id: 'ill', start: () => ill }],
    } as const;
    const system = startSystem(spec, { clock: systemClock });
    assert.match(String((await system.ended).error), reason);
  });
}

test('processes that are started again and again leave no listener at this one', async () => {
  const before = process.listenerCount('exit');
  const short = inOsProcess(async () => ({ command: 'false', args: [] }));
  const spec = {
    id: 'root',
    strategy: 'one_for_one',
    intensity: 15,
    children: [{ id: 'p', start: () => short }],
  } as const;
  const system = startSystem(spec, { clock: systemClock });
  assert.match(String((await system.ended).error), /false ended with code 1/);
  assert.is(process.listenerCount('exit'), before);
});

test('a process that exits without a word takes the processes that it started with it', async () => {
  const script = [
    `import { inOsProcess } from '${new URL('../../supervisor/os-process.ts', import.meta.url).href}';`,
    `import { startSystem } from '${new URL('../../supervisor/system.ts', import.meta.url).href}';`,
    `import { systemClock as clock } from '${new URL('../../supervisor/clock.ts', import.meta.url).href}';`,
    `const onStart = ({ pid }) => { console.log(pid); setTimeout(() => process.exit(7), 100); };`,
    `const start = () => inOsProcess(async () => ({ command: 'sleep', args: ['60'], onStart }));`,
    `startSystem({ id: 'root', strategy: 'one_for_one', children: [{ id: 'p', start }] }, { clock });`,
  ].join('\n');
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.is(status, 7);
  const pid = Number(stdout.trim());
  assert.ok(pid > 0);
  await until('it is gone', () => !isAlive(pid));
});

test('a signal that nobody can take is the failure of its thread', async () => {
  const thread = inThread({
    entry: new URL('./fixtures/thread.ts', import.meta.url),
    start: () => ({ workerData: {} }),
    onSignal: () => {
      throw new Error('cannot take it');
    },
  });
  const spec = {
    id: 'root',
    strategy: 'one_for_one',
    intensity: 0,
    children: [{ id: 't', start: () => thread }],
  } as const;
  const system = startSystem(spec, { clock: systemClock });
  assert.match(String((await system.ended).error), /cannot take it/);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test.run();
