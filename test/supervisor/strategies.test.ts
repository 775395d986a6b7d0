import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromProcess } from '../../supervisor/process.ts';
import { supervisor } from '../../supervisor/supervisor.ts';
import { recorder } from './support.ts';

const CRASH = { type: 'CRASH' } as const;

test('one_for_one restarts the failed child alone', async () => {
  const { log, child, run } = recorder();
  const { system, clock } = run({
    id: 'root',
    strategy: 'one_for_one',
    children: [child('a'), child('b'), child('c')],
  });
  system.send('b', CRASH);
  await clock.advance(0);
  assert.equal(log, ['+a', '+b', '+c', '-b', '+b']);
});

test('one_for_all ends the siblings in reverse and starts all in order', async () => {
  const { log, child, run } = recorder();
  const { system, clock } = run({
    id: 'root',
    strategy: 'one_for_all',
    children: [child('a'), child('b'), child('c')],
  });
  system.send('b', CRASH);
  await clock.advance(0);
  assert.equal(log, ['+a', '+b', '+c', '-b', '-c', '-a', '+a', '+b', '+c']);
});

test('rest_for_one ends and restarts only what was started after the failed child', async () => {
  const { log, child, run } = recorder();
  const { system, clock } = run({
    id: 'root',
    strategy: 'rest_for_one',
    children: [child('a'), child('b'), child('c'), child('d')],
  });
  system.send('b', CRASH);
  await clock.advance(0);
  assert.equal(log, ['+a', '+b', '+c', '+d', '-b', '-d', '-c', '+b', '+c', '+d']);
});

test('more restarts than the intensity within the period end the children in reverse and the supervisor itself', async () => {
  const { log, child, run } = recorder();
  const { system, clock } = run({
    id: 'root',
    strategy: 'one_for_one',
    intensity: 2,
    periodMs: 5000,
    children: [child('a'), child('b'), child('c')],
  });
  for (let crash = 0; crash < 3; crash += 1) {
    system.send('b', CRASH);
    await clock.advance(10);
  }
  assert.is((await system.ended).reason, 'intensity');
  assert.equal(log.slice(-3), ['-b', '-c', '-a']);
});

test('crashes further apart than the period never exhaust the intensity', async () => {
  const { child, run } = recorder();
  const { system, clock } = run({
    id: 'root',
    strategy: 'one_for_one',
    intensity: 1,
    periodMs: 5000,
    children: [child('a')],
  });
  for (let crash = 0; crash < 20; crash += 1) {
    system.send('a', CRASH);
    await clock.advance(5001);
  }
  assert.is(system.tree().children?.[0]?.restarts, 20);
  assert.is(system.tree().children?.[0]?.status, 'running');
});

test('a nested supervisor that gives up is one failure of its parent, which starts it anew', async () => {
  const { log, child, run } = recorder();
  const inner = {
    id: 'inner',
    start: () => supervisor({ id: 'inner', strategy: 'one_for_one', intensity: 0, children: [child('x'), child('y')] }),
    type: 'supervisor' as const,
  };
  const { system, clock } = run({ id: 'root', strategy: 'rest_for_one', children: [child('a'), inner, child('z')] });
  system.send('y', CRASH);
  await clock.advance(0);
  assert.equal(log, ['+a', '+x', '+y', '+z', '-y', '-x', '-z', '+x', '+y', '+z']);
});

test('a transient child is restarted after a crash but not after a normal end', async () => {
  const { log, child, run } = recorder();
  const { system, clock } = run({
    id: 'root',
    strategy: 'one_for_one',
    children: [child('a', { restart: 'transient' })],
  });
  system.send('a', CRASH);
  await clock.advance(0);
  system.send('a', { type: 'END' });
  await clock.advance(0);
  assert.equal(log, ['+a', '-a', '+a', '-a']);
  assert.is(system.tree().children?.[0]?.status, 'stopped');
});

test('a temporary child is never restarted and a permanent one always, also after a normal end', async () => {
  const { log, child, run } = recorder();
  const { system, clock } = run({
    id: 'root',
    strategy: 'one_for_one',
    children: [child('t', { restart: 'temporary' }), child('p')],
  });
  system.send('t', CRASH);
  system.send('p', { type: 'END' });
  await clock.advance(0);
  assert.equal(log, ['+t', '+p', '-t', '-p', '+p']);
  assert.is(system.tree().children?.length, 1);
});

test('a first start that fails undoes the children before it in reverse and starts none after it', async () => {
  const { log, child, run } = recorder();
  const broken = {
    id: 'b',
    start: () => {
      throw new Error('cannot start');
    },
  };
  const { system } = run({
    id: 'root',
    strategy: 'one_for_one',
    children: [child('a0'), child('a1'), broken, child('c')],
  });
  const { error } = await system.ended;
  assert.match(String(error), /cannot start/);
  assert.equal(log, ['+a0', '+a1', '-a1', '-a0']);
});

test('a restart that fails counts and is tried again until the intensity is used up', async () => {
  const { child, run } = recorder();
  let starts = 0;
  const flaky = {
    id: 'flaky',
    start: () => {
      starts += 1;
      if (starts > 1) throw new Error('not again');
      return fromProcess<{ type: 'CRASH' }>(({ onMessage }) => {
        onMessage(() => {
          throw new Error('crash');
        });
        return new Promise(() => {});
      });
    },
  };
  const { system, clock } = run({ id: 'root', strategy: 'one_for_one', intensity: 3, children: [child('a'), flaky] });
  system.send('flaky', CRASH);
  await clock.advance(0);
  assert.is((await system.ended).reason, 'intensity');
  assert.is(starts, 1 + 3);
});

test('a quarantining supervisor parks what keeps failing, tries again later and never gives up', async () => {
  const { child, run } = recorder();
  const { system, clock, reports } = run({
    id: 'root',
    strategy: 'one_for_one',
    quarantine: true,
    intensity: 1,
    children: [child('a'), child('b')],
  });
  system.send('b', CRASH);
  await clock.advance(0);
  system.send('b', CRASH);
  await clock.advance(0);
  assert.is(system.tree().children?.[1]?.status, 'quarantined');
  assert.is(system.tree().children?.[0]?.status, 'running');
  assert.ok(reports.some(({ what, child: id }) => what === 'quarantined' && id === 'b'));
  await clock.advance(5000);
  assert.is(system.tree().children?.[1]?.status, 'running');
});

test('a child that cannot even start in quarantine does not keep its siblings from starting', async () => {
  const { log, child, run } = recorder();
  const broken = {
    id: 'b',
    start: () => {
      throw new Error('cannot start');
    },
  };
  const { system } = run({
    id: 'root',
    strategy: 'one_for_one',
    quarantine: true,
    children: [child('a'), broken, child('c')],
  });
  assert.equal(log, ['+a', '+c']);
  assert.is(system.tree().children?.[1]?.status, 'quarantined');
});

test.run();
