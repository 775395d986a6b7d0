import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { setup } from 'xstate';
import type { EventObject } from 'xstate';
import { virtualClock } from '../../supervisor/clock.ts';
import { sendTo } from '../../supervisor/context.ts';
import { fromProcess } from '../../supervisor/process.ts';
import type { ChildSpec } from '../../supervisor/spec.ts';
import { supervisor } from '../../supervisor/supervisor.ts';
import { startSystem } from '../../supervisor/system.ts';
import { stage } from './otp-suite/stage.ts';

const boom = (): never => {
  throw new Error('boom');
};

for (const kind of ['machine', 'brutally killed process'] as const) {
  test(`a ${kind} that makes its sibling crash in its own turn ends after that turn, and only then its successor starts`, async () => {
    const log: string[] = [];
    let number = 0;
    const machine = (n: number): ReturnType<ChildSpec['start']> =>
      setup({
        actions: {
          poke: ({ system }) => {
            sendTo(system, 'b', { type: 'POKE' });
            log.push(`turn of ${n} over`);
          },
        },
      }).createMachine({ entry: () => log.push(`+${n}`), on: { GO: { actions: 'poke' } } });
    const process = (n: number): ReturnType<ChildSpec['start']> =>
      fromProcess(async ({ onMessage, send, lease }) => {
        log.push(`+${n}`);
        lease.lost.addEventListener('abort', () => log.push(`-${n}`));
        onMessage(() => {
          send('b', { type: 'POKE' });
          log.push(`turn of ${n} over`);
        });
        await new Promise(() => {});
      });
    const a: ChildSpec = {
      id: 'a',
      shutdown: kind === 'machine' ? 5000 : 'brutal_kill',
      start: () => (kind === 'machine' ? machine((number += 1)) : process((number += 1))),
    };
    const b = fromProcess(async ({ onMessage }) => {
      onMessage(boom);
      await new Promise(() => {});
    });
    const clock = virtualClock();
    const system = startSystem(
      { id: 'root', strategy: 'one_for_all', intensity: 1, children: [a, { id: 'b', start: () => b }] },
      { clock },
    );
    system.send('a', { type: 'GO' });
    await clock.advance(0);
    const ended = kind === 'machine' ? [] : ['-1'];
    assert.equal(log, ['+1', 'turn of 1 over', ...ended, '+2']);
    assert.equal(
      system.tree().children?.map(({ status }) => status),
      ['running', 'running'],
    );
    system.kill();
  });
}

test('a child that fails while its siblings are being ended changes neither their order nor the count', async () => {
  const { log, worker, play } = stage();
  const { exit, clock, system, status } = play({
    strategy: 'one_for_all',
    intensity: 2,
    children: [worker('a'), worker('b'), worker('c', { endsAfterMs: 500 })],
  });
  await exit('b', 'abnormal');
  await exit('a', 'abnormal');
  await exit('c', 'abnormal');
  await clock.advance(1000);
  assert.equal(log.slice(3), ['-b', '-a', '-c', '+a', '+b', '+c']);
  assert.equal(['a', 'b', 'c'].map(status), ['running', 'running', 'running']);
  assert.is(system.tree().restarts_left, 1);
});

test('a stop during a restart, and a stop of a supervisor that is giving up, end once and start nothing', async () => {
  const { log, worker, play } = stage();
  const { exit, clock, system, output } = play({
    strategy: 'one_for_all',
    intensity: 0,
    children: [worker('a', { endsAfterMs: 300 }), worker('b')],
  });
  await exit('b', 'abnormal');
  const first = system.stop();
  const second = system.stop();
  await clock.advance(300);
  assert.is((await first).reason, 'intensity', 'it had given up before');
  assert.is(await second, await first);
  assert.equal(log, ['+a', '+b', '-b', '-a']);
  assert.is(output()?.reason, 'intensity');
});

test('a pool that is stopped while a child is ended by hand and another waits for its restart ends both', async () => {
  const { worker, play } = stage();
  const template = worker('s', { endsAfterMs: 300, backoff: { firstMs: 1000, longestMs: 1000 } });
  const { admin, exit, clock, system, output } = play({ pool: true, intensity: 5, children: [template] });
  for (let at = 0; at < 3; at += 1) await admin().startChild({ argument: at });
  await exit('s-1', 'abnormal');
  const ended = admin().terminateChild('s-2');
  await clock.advance(100);
  void system.stop();
  await clock.advance(300);
  assert.ok((await ended).ok);
  assert.is(output()?.reason, 'shutdown');
  assert.is(clock.pending(), 0);
});

for (const where of ['start', 'input'] as const) {
  test(`an error inside ${where}() is a failed start: at first of the supervisor, later of one try`, async () => {
    let calls = 0;
    const logic = fromProcess(async ({ onMessage }) => {
      onMessage(boom);
      await new Promise(() => {});
    });
    const failing = (): void => {
      calls += 1;
      if (calls === 2) boom();
    };
    const child: ChildSpec = {
      id: 'a',
      start: () => {
        if (where === 'start') failing();
        return logic;
      },
      input: () => {
        if (where === 'input') failing();
      },
    };
    const clock = virtualClock();
    const spec = { id: 'root', strategy: 'one_for_one', intensity: 2, children: [child] } as const;
    const system = startSystem(spec, { clock });
    system.send('a', { type: 'ANY' });
    await clock.advance(0);
    assert.is(system.tree().children?.[0]?.status, 'running');
    assert.is(system.tree().restarts_left, 0);
    calls = 1;
    const failed = startSystem({ ...spec, id: 'other' }, { clock: virtualClock() });
    assert.match(String((await failed.ended).error), /boom/);
  });
}

test('an error in a report callback harms no child and is told as a defect of nobody', async () => {
  const { worker } = stage();
  const clock = virtualClock();
  const defects: unknown[] = [];
  const hear = (error: unknown): void => void defects.push(error);
  process.on('uncaughtException', hear);
  let reported = 0;
  const report = (): void => {
    reported += 1;
    boom();
  };
  const system = startSystem(
    { id: 'root', strategy: 'one_for_one', children: [worker('a'), worker('b')] },
    { clock, report },
  );
  system.send('a', { type: 'abnormal' });
  await clock.advance(0);
  await clock.advance(0);
  process.off('uncaughtException', hear);
  assert.equal(
    system.tree().children?.map(({ status }) => status),
    ['running', 'running'],
  );
  assert.is(defects.length, reported);
  await clock.advance(0);
  const stopped = system.stop();
  process.on('uncaughtException', hear);
  await clock.advance(10);
  await stopped;
  await clock.advance(0);
  process.off('uncaughtException', hear);
});

test('a supervisor that fails itself leaves no child behind, and its own supervisor starts it anew', async () => {
  const { log, worker } = stage();
  const clock = virtualClock();
  let asked = 0;
  const inner = supervisor({
    id: 'inner',
    strategy: 'one_for_one',
    children: [worker('x'), worker('y', { backoff: { firstMs: 10, longestMs: 10, jitter: 1 } })],
  });
  const system = startSystem(
    { id: 'root', strategy: 'one_for_one', children: [{ id: 'inner', type: 'supervisor', start: () => inner }] },
    { clock, random: () => ((asked += 1) === 1 ? boom() : 0.5) },
  );
  system.send('y', { type: 'abnormal' });
  await clock.advance(0);
  assert.equal(log, ['+x', '+y', '-y', '-x', '+x', '+y']);
  assert.is(system.tree().children?.[0]?.last_reason, 'Error: boom');
});

test('stale and foreign events reach no child: exits of old incarnations, retries and deadlines of forgotten ones', async () => {
  const { log, worker, play } = stage();
  const { exit, system, clock, admin } = play({ intensity: 9, children: [worker('a')] });
  await exit('a', 'abnormal');
  const forge = (event: object): boolean => system.send('root', event as EventObject);
  forge({ type: 'xstate.error.actor.a#1', error: new Error('old') });
  forge({ type: 'xstate.done.actor.a#1' });
  forge({ type: 'bessd.ready', actor: 'a#1' });
  forge({ type: 'WHATEVER' });
  await clock.advance(0);
  assert.equal(log, ['+a', '-a', '+a']);
  const ended = admin().terminateChild('a');
  await clock.advance(0);
  await ended;
  await admin().deleteChild('a');
  await admin().startChild(worker('a'));
  forge({ type: 'xstate.error.actor.a#1', error: new Error('old') });
  forge({ type: 'xstate.error.actor.a#2', error: new Error('old') });
  await clock.advance(10_000);
  assert.equal(log, ['+a', '-a', '+a', '-a', '+a']);
  assert.equal(
    system.tree().children?.map(({ status, restarts }) => [status, restarts]),
    [['running', 0]],
  );
});

test.run();
