import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { assign, createMachine, setup } from 'xstate';
import type { AnyActorRef } from 'xstate';
import { fromProcess } from '../../supervisor/process.ts';
import { supervisor } from '../../supervisor/supervisor.ts';
import { recorder } from './support.ts';

test('children end in reverse order, each after the one started later has ended', async () => {
  const { log, child, run } = recorder();
  const { system, clock } = run({
    id: 'root',
    strategy: 'one_for_one',
    children: [child('a'), child('b', { endsAfterMs: 300 }), child('c', { endsAfterMs: 200 })],
  });
  const stopped = system.stop();
  await clock.advance(199);
  assert.equal(log, ['+a', '+b', '+c']);
  await clock.advance(1000);
  assert.is((await stopped).reason, 'shutdown');
  assert.equal(log, ['+a', '+b', '+c', '-c', '-b', '-a']);
});

test('a child that does not end within its time is killed and the rest ends in order', async () => {
  const { log, child, run } = recorder();
  const { system, clock, reports } = run({
    id: 'root',
    strategy: 'one_for_one',
    children: [child('a'), child('deaf', { deaf: true, shutdown: 700 }), child('c')],
  });
  const stopped = system.stop();
  await clock.advance(699);
  assert.equal(log.slice(3), ['-c']);
  await clock.advance(1);
  await stopped;
  assert.equal(log.slice(3), ['-c', '-deaf', '-a']);
  assert.ok(reports.some(({ what, child: id }) => what === 'killed' && id === 'deaf'));
});

test('children that need nothing of each other are told to end at once, and the supervisor waits for all of them', async () => {
  const { log, child, run } = recorder();
  const { system, clock } = run({
    id: 'root',
    strategy: 'one_for_one',
    endsTogether: true,
    children: [child('a'), child('b', { endsAfterMs: 300 }), child('deaf', { deaf: true, shutdown: 700 })],
  });
  const stopped = system.stop();
  await clock.advance(299);
  assert.equal(log.slice(3), ['-a']);
  await clock.advance(1);
  assert.equal(log.slice(3), ['-a', '-b']);
  await clock.advance(400);
  assert.is((await stopped).reason, 'shutdown');
  assert.equal(log.slice(3), ['-a', '-b', '-deaf']);
});

test('children that need each other cannot end all at once', () => {
  for (const strategy of ['one_for_all', 'rest_for_one'] as const)
    assert.throws(
      () => supervisor({ id: 'sup', strategy, endsTogether: true, children: [] }),
      /supervisor sup: endsTogether is for one_for_one/,
    );
});

test('brutal_kill does not wait at all', async () => {
  const { log, child, run } = recorder();
  const { system } = run({
    id: 'root',
    strategy: 'one_for_one',
    children: [child('a', { deaf: true, shutdown: 'brutal_kill' })],
  });
  await system.stop();
  assert.equal(log, ['+a', '-a']);
});

test('a stop during a restart ends what runs and starts nothing', async () => {
  const { log, child, run } = recorder();
  const { system, clock } = run({
    id: 'root',
    strategy: 'one_for_all',
    children: [child('a'), child('slow', { endsAfterMs: 500 })],
  });
  system.send('a', { type: 'CRASH' });
  await clock.advance(100);
  const stopped = system.stop();
  await clock.advance(1000);
  await stopped;
  assert.equal(log, ['+a', '+slow', '-a', '-slow']);
});

test('a message to a dead name is not delivered and the sender is told', async () => {
  const { child, run } = recorder();
  const { system, clock } = run({
    id: 'root',
    strategy: 'one_for_one',
    children: [child('t', { restart: 'temporary' })],
  });
  assert.is(system.send('t', { type: 'CRASH' }), true);
  await clock.advance(0);
  assert.is(system.send('t', { type: 'CRASH' }), false);
  assert.is(system.send('nobody', { type: 'CRASH' }), false);
});

test('a machine that throws takes its own children with it', async () => {
  const { log, run } = recorder();
  const inner = fromProcess(async ({ signal }) => {
    log.push('+inner');
    await new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => {
        log.push('-inner');
        resolve();
      }),
    );
  });
  const throwing = setup({ actors: { inner } }).createMachine({
    initial: 'on',
    invoke: { src: 'inner' },
    states: {
      on: {
        on: {
          BOOM: {
            actions: assign(() => {
              throw new Error('boom');
            }),
          },
        },
      },
    },
  });
  const { system, clock } = run({
    id: 'root',
    strategy: 'one_for_one',
    children: [{ id: 'machine', start: () => throwing }],
  });
  await clock.advance(0);
  system.send('machine', { type: 'BOOM' });
  await clock.advance(0);
  assert.equal(log, ['+inner', '-inner', '+inner']);
});

test('a process whose own child fails fails with it', async () => {
  const { log, run } = recorder();
  const failing = createMachine({
    on: {
      BOOM: {
        actions: () => {
          throw new Error('boom');
        },
      },
    },
  });
  let childOfProcess: AnyActorRef | undefined;
  const parent = {
    id: 'parent',
    start: () =>
      fromProcess(({ spawn }) => {
        log.push('+parent');
        childOfProcess = spawn(failing, { id: 'failing' });
        return new Promise(() => {});
      }),
  };
  const { clock } = run({ id: 'root', strategy: 'one_for_one', children: [parent] });
  await clock.advance(0);
  childOfProcess?.send({ type: 'BOOM' });
  await clock.advance(0);
  assert.equal(log, ['+parent', '+parent']);
});

test.run();
