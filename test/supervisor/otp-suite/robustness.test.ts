import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromProcess } from '../../../supervisor/process.ts';
import type { ChildSpec, SupervisorSpec } from '../../../supervisor/spec.ts';
import { supervisor } from '../../../supervisor/supervisor.ts';
import { stage } from './stage.ts';

const nested = (spec: SupervisorSpec, more: Partial<ChildSpec> = {}): ChildSpec => ({
  id: spec.id,
  type: 'supervisor',
  start: () => supervisor(spec),
  ...more,
});

test('child_unlink: a child that turns away from its supervisor is ended all the same', async () => {
  const { play } = stage();
  let held = (): boolean => true;
  const away: ChildSpec = {
    id: 'away',
    shutdown: 'brutal_kill',
    start: () =>
      fromProcess(({ lease }) => {
        held = () => lease.held;
        return new Promise(() => {});
      }),
  };
  const { admin } = play({ children: [away] });
  assert.ok((await admin().terminateChild('away')).ok);
  assert.is(held(), false);
});

test('tree: a tree of three levels starts from the left, mends each failure where it happens, and ends from the right', async () => {
  const { log, worker, play } = stage();
  const leaf = (id: string): SupervisorSpec => ({
    id,
    strategy: 'one_for_one',
    intensity: 1,
    children: [worker(`${id}1`), worker(`${id}2`)],
  });
  const { exit, system, output, clock } = play({
    strategy: 'one_for_all',
    intensity: 1,
    children: [worker('w'), nested(leaf('l')), nested(leaf('r'))],
  });
  assert.equal(log.splice(0), ['+w', '+l1', '+l2', '+r1', '+r2']);
  await exit('r1', 'abnormal');
  assert.equal(log.splice(0), ['-r1', '+r1']);
  await exit('r2', 'abnormal');
  assert.equal(log.splice(0), ['-r2', '-r1', '-l2', '-l1', '-w', '+w', '+l1', '+l2', '+r1', '+r2']);
  await exit('l2', 'abnormal');
  assert.equal(log.splice(0), ['-l2', '+l2']);
  void system.stop();
  await clock.advance(0);
  assert.equal(log, ['-r2', '-r1', '-l2', '-l1', '-w']);
  assert.is(output()?.reason, 'shutdown');
});

test('count_children: specifications, living children, workers, supervisors, as they come and go', async () => {
  const { worker, play } = stage();
  const { admin, exit } = play({
    children: [worker('a'), worker('t', { restart: 'temporary' }), worker('x', { starts: ['ignore'] })],
  });
  assert.equal(admin().countChildren(), { specs: 3, active: 2, supervisors: 0, workers: 3 });
  await exit('t', 'abnormal');
  assert.equal(admin().countChildren(), { specs: 2, active: 1, supervisors: 0, workers: 2 });
});

test('count_children_supervisor: supervisors are counted by what their specification says', () => {
  const { worker, play } = stage();
  const { admin } = play({
    children: [
      worker('a'),
      nested({ id: 'in', strategy: 'one_for_one', children: [worker('b')] }),
      { ...worker('c'), type: 'supervisor' },
    ],
  });
  assert.equal(admin().countChildren(), { specs: 3, active: 3, supervisors: 2, workers: 1 });
  assert.equal(admin('in').countChildren(), { specs: 1, active: 1, supervisors: 0, workers: 1 });
});

test('count_restarting_children: a child that waits for its restart is counted as present but not active, and shown as restarting', async () => {
  const { worker, play } = stage();
  const { admin, exit, clock, system } = play({
    intensity: 3,
    children: [worker('a', { backoff: { firstMs: 1000, longestMs: 1000 } }), worker('b')],
  });
  await exit('a', 'abnormal');
  assert.equal(admin().countChildren(), { specs: 2, active: 1, supervisors: 0, workers: 2 });
  assert.equal(
    admin()
      .whichChildren()
      .map(({ status }) => status),
    ['restarting', 'running'],
  );
  assert.equal(
    system.tree().children?.map(({ status }) => status),
    ['restarting', 'running'],
  );
  await clock.advance(1000);
  assert.is(admin().countChildren().active, 2);
});

test('do_not_save_start_parameters_for_temporary_children, do_not_save_child_specs_for_temporary_children: what has ended holds no argument alive', async () => {
  const { worker, play } = stage();
  const { admin, exit, system } = play({ pool: true, children: [worker('s', { restart: 'temporary' })] });
  for (let round = 0; round < 200; round += 1) {
    const started = await admin().startChild({ argument: 'x'.repeat(10) });
    if (started.ok) await exit(started.id, round % 2 ? 'normal' : 'abnormal');
  }
  assert.equal(admin().whichChildren(), []);
  assert.equal(system.tree().children, []);
  const list = stage();
  const other = list.play({ children: [] });
  await other.admin().startChild(list.worker('t', { restart: 'temporary' }));
  await other.exit('t', 'abnormal');
  assert.is(other.admin().countChildren().specs, 0);
});

test('simple_one_for_one_scale_many_temporary_children: 10,000 children start and end in time that grows with their number only', async () => {
  const { worker, play } = stage();
  const { admin, system } = play({
    pool: true,
    children: [worker('s', { restart: 'temporary', shutdown: 'brutal_kill' })],
  });
  const pool = admin();
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: 10_000 }, async (_, argument) => pool.startChild({ argument })));
  assert.is(pool.countChildren().active, 10_000);
  await system.stop();
  assert.ok(performance.now() - startedAt < 10_000, `${performance.now() - startedAt} ms`);
});

test('scale_start_stop_many_children: 2,000 children of a list start and end in order', async () => {
  const { log, worker, play } = stage();
  const children = Array.from({ length: 2000 }, (_, at) => worker(String(at), { shutdown: 'brutal_kill' }));
  const { system } = play({ children });
  await system.stop();
  assert.is(log.length, 4000);
  assert.equal(log.slice(-3), ['-2', '-1', '-0']);
});

for (const [name, more] of [
  ['hanging_restart_loop', {}],
  ['hanging_restart_loop_rest_for_one', { strategy: 'rest_for_one' }],
] as const) {
  test(`${name}: while a child fails to start again and again its supervisor still answers, and ends it when told to`, async () => {
    const { worker, play } = stage();
    const starts: ('ok' | 'error')[] = ['ok', ...Array.from({ length: 1000 }, () => 'error' as const)];
    const { system, admin, clock, status } = play({
      ...more,
      intensity: 1_000_000,
      children: [worker('a'), worker('loop', { starts })],
    });
    system.send('loop', { type: 'abnormal' });
    assert.is(status('loop'), 'restarting');
    assert.is(admin().countChildren().active, 1);
    assert.equal(await admin().restartChild('loop'), { ok: false, reason: 'restarting' });
    assert.equal(await admin().terminateChild('loop'), { ok: true, id: 'loop' });
    await clock.advance(10);
    assert.is(status('loop'), 'stopped');
    assert.ok(starts.length > 990);
  });
}

test('hanging_restart_loop_simple: so does the supervisor of a pool', async () => {
  const { worker, play } = stage();
  const starts: ('ok' | 'error')[] = ['ok', ...Array.from({ length: 1000 }, () => 'error' as const)];
  const { system, admin, clock } = play({ pool: true, intensity: 1_000_000, children: [worker('s', { starts })] });
  await admin().startChild({ argument: 1 });
  system.send('s-1', { type: 'abnormal' });
  assert.equal(admin().whichChildren(), [{ id: 's-1', type: 'worker', status: 'restarting' }]);
  assert.equal(await admin().terminateChild('s-1'), { ok: true, id: 's-1' });
  await clock.advance(10);
  assert.equal(admin().whichChildren(), []);
});

test('order_of_children: the list keeps the order of the starts, also after children have come and gone', async () => {
  const { log, worker, play } = stage();
  const { admin, exit, clock, system } = play({
    strategy: 'rest_for_one',
    intensity: 9,
    children: [worker('a'), worker('b'), worker('c')],
  });
  await admin().startChild(worker('d'));
  const ended = admin().terminateChild('b');
  await clock.advance(0);
  await ended;
  await admin().deleteChild('b');
  await admin().startChild(worker('b'));
  log.length = 0;
  await exit('c', 'abnormal');
  assert.equal(log.splice(0), ['-c', '-b', '-d', '+c', '+d', '+b']);
  assert.equal(
    admin()
      .whichChildren()
      .map(({ id }) => id),
    ['a', 'c', 'd', 'b'],
  );
  void system.stop();
  await clock.advance(0);
  assert.equal(log, ['-b', '-d', '-c', '-a']);
});

test.run();
