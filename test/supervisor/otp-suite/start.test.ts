import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { IGNORE } from '../../../supervisor/spec.ts';
import type { ChildSpec } from '../../../supervisor/spec.ts';
import { supervisor } from '../../../supervisor/supervisor.ts';
import { stage } from './stage.ts';

test('sup_start_normal: a supervisor without children runs and ends with reason shutdown when told to', async () => {
  const { play } = stage();
  const { system } = play({ children: [] });
  assert.is(system.tree().status, 'running');
  assert.is((await system.stop()).reason, 'shutdown');
});

test('sup_start_ignore_init: a supervisor whose start says ignore is kept in the list of its parent without a process', async () => {
  const { log, worker, play } = stage();
  const { status, admin } = play({
    children: [{ id: 'inner', type: 'supervisor', start: () => IGNORE }, worker('after')],
  });
  assert.equal(log, ['+after']);
  assert.is(status('inner'), 'stopped');
  assert.equal(admin().countChildren(), { specs: 2, active: 1, supervisors: 1, workers: 1 });
});

test('sup_start_ignore_child: a child whose start says ignore is kept without a process', async () => {
  const { log, worker, play } = stage();
  const { status, admin } = play({ children: [worker('quiet', { starts: ['ignore'] }), worker('loud')] });
  assert.equal(log, ['+loud']);
  assert.is(status('quiet'), 'stopped');
  assert.equal(await admin().restartChild('quiet'), { ok: true, id: 'quiet' });
  assert.is(status('quiet'), 'running');
});

test('sup_start_ignore_temporary_child: a temporary child whose start says ignore is not kept', () => {
  const { worker, play } = stage();
  const { status, admin } = play({
    children: [worker('t', { restart: 'temporary', starts: ['ignore'] }), worker('p')],
  });
  assert.is(status('t'), undefined);
  assert.is(admin().countChildren().specs, 1);
});

test('sup_start_ignore_temporary_child_start_child: nor is one that was added later', async () => {
  const { worker, play } = stage();
  const { admin } = play({ children: [] });
  const added = worker('t', { restart: 'temporary', starts: ['ignore'] });
  assert.equal(await admin().startChild(added), { ok: true, id: 't' });
  assert.equal(admin().whichChildren(), []);
  assert.equal(await admin().startChild(added), { ok: true, id: 't' });
  assert.equal(admin().whichChildren(), [{ id: 't', type: 'worker', status: 'running' }]);
});

for (const restart of ['temporary', 'permanent'] as const) {
  test(`sup_start_ignore_${restart}_child_start_child_simple: a pool does not keep a ${restart} child whose start says ignore`, async () => {
    const { worker, play } = stage();
    const { admin } = play({ pool: true, children: [worker('s', { restart, starts: ['ignore', 'ok'] })] });
    assert.ok((await admin().startChild({ argument: 1 })).ok);
    assert.equal(admin().countChildren(), { specs: 1, active: 0, supervisors: 0, workers: 0 });
    assert.ok((await admin().startChild({ argument: 2 })).ok);
    assert.equal(admin().countChildren(), { specs: 1, active: 1, supervisors: 0, workers: 1 });
  });
}

test('sup_start_error_return: a supervisor whose specification is none is refused before it starts anything', () => {
  assert.throws(() => supervisor(undefined as never));
  assert.throws(() => supervisor({ id: 's', strategy: 'one_for_one', children: 7 as never }), /supervisor s.*children/);
});

test('sup_start_fail: a supervisor whose start throws fails its parent, which had started nothing else yet', async () => {
  const { log, worker, play } = stage();
  const inner: ChildSpec = {
    id: 'inner',
    type: 'supervisor',
    start: () => {
      throw new Error('no such plan');
    },
  };
  const { system } = play({ children: [inner, worker('never')] });
  assert.match(String((await system.ended).error), /no such plan/);
  assert.equal(log, []);
});

test('sup_start_child_returns_error: a child that cannot start undoes those before it, in reverse, and ends the supervisor', async () => {
  const { log, worker, play } = stage();
  const { system, reports } = play({
    children: [worker('a'), worker('b'), worker('c', { starts: ['error'] }), worker('d')],
  });
  assert.match(String((await system.ended).error), /c cannot start/);
  assert.equal(log, ['+a', '+b', '-b', '-a']);
  assert.ok(
    reports.some(({ child, what, reason }) => child === 'c' && what === 'failed' && reason.includes('c cannot')),
  );
});

test('sup_start_child_returns_error_simple: a pool that cannot start a child says so and lives on', async () => {
  const { worker, play } = stage();
  const { admin } = play({ pool: true, children: [worker('s', { starts: ['error'] })] });
  assert.equal(await admin().startChild({ argument: 1 }), {
    ok: false,
    reason: 'failed',
    error: 'Error: s cannot start',
  });
  assert.is(admin().countChildren().workers, 0);
  assert.ok((await admin().startChild({ argument: 2 })).ok);
});

test('sup_start_restart_child_returns_error: restart_child of a child that cannot start says so and keeps its specification', async () => {
  const { worker, play } = stage();
  const { admin, status, clock } = play({ children: [worker('a', { starts: ['ok', 'error'] })] });
  const ended = admin().terminateChild('a');
  await clock.advance(0);
  assert.ok((await ended).ok);
  assert.equal(await admin().restartChild('a'), { ok: false, reason: 'failed', error: 'Error: a cannot start' });
  assert.is(status('a'), 'stopped');
  assert.ok((await admin().restartChild('a')).ok);
});

test('sup_start_map: what a specification leaves out has the defaults of OTP', async () => {
  const { log, worker, play } = stage();
  const { exit, output, clock, system } = play({ children: [worker('a', { deaf: true })] });
  await exit('a', 'normal');
  assert.equal(log, ['+a', '-a', '+a'], 'permanent, intensity 1');
  await exit('a', 'normal');
  assert.is(output()?.reason, 'intensity', 'and no more than 1');
  const other = stage();
  const late = other.play({ children: [other.worker('a', { deaf: true })] });
  void late.system.stop();
  await late.clock.advance(4999);
  assert.is(late.output(), undefined, 'a worker has 5000 ms');
  await late.clock.advance(1);
  assert.is(late.output()?.reason, 'shutdown');
  assert.is(clock.pending(), 0);
  await system.ended;
});

test('sup_start_map_simple: so has a pool', async () => {
  const { log, worker, play } = stage();
  const { admin, exit } = play({ pool: true, children: [worker('s')] });
  const started = await admin().startChild({ argument: 'x' });
  assert.ok(started.ok);
  await exit(started.id, 'normal');
  assert.equal(log, ['+s:x', '-s:x', '+s:x']);
});

test('sup_start_map_faulty_specs: one faulty child refuses the whole supervisor', () => {
  const { worker } = stage();
  const faulty = { ...worker('b'), restart: 'sometimes' } as unknown as ChildSpec;
  assert.throws(
    () => supervisor({ id: 'root', strategy: 'one_for_one', children: [worker('a'), faulty] }),
    /supervisor root, child b: invalid restart sometimes/,
  );
});

test.run();
