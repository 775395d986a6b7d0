import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { stage } from './stage.ts';
import type { Played, WorkerOptions } from './stage.ts';

async function poolOf(options: WorkerOptions, count: number): Promise<Played & { readonly log: string[] }> {
  const { log, worker, play } = stage();
  const played = play({ pool: true, children: [worker('s', { restart: 'temporary', ...options })] });
  for (let at = 1; at <= count; at += 1) await played.admin().startChild({ argument: at });
  log.length = 0;
  return { ...played, log };
}

test('sup_stop_infinity: a child with infinity is waited for as long as it takes', async () => {
  const { log, worker, play } = stage();
  const { system, clock, output } = play({
    children: [
      worker('quick', { shutdown: 'infinity' }),
      worker('slow', { shutdown: 'infinity', endsAfterMs: 3_600_000 }),
    ],
  });
  void system.stop();
  await clock.advance(3_599_999);
  assert.is(output(), undefined);
  await clock.advance(1);
  assert.equal(output(), { reason: 'shutdown' });
  assert.equal(log, ['+quick', '+slow', '-slow', '-quick']);
});

test('sup_stop_timeout: a child that is too late is killed, one that is in time is not', async () => {
  const { log, worker, play } = stage();
  const { system, clock, reports } = play({
    children: [worker('deaf', { shutdown: 1000, deaf: true }), worker('good', { shutdown: 1000, endsAfterMs: 999 })],
  });
  void system.stop();
  await clock.advance(2000);
  await system.ended;
  assert.equal(log, ['+deaf', '+good', '-good', '-deaf']);
  assert.equal(
    reports.filter(({ what }) => what === 'killed').map(({ child }) => child),
    ['deaf'],
  );
});

test('sup_stop_timeout_dynamic: the children of a pool end together, each within its own time', async () => {
  const { system, clock, output, log, reports } = await poolOf({ shutdown: 1000, deaf: true }, 5);
  void system.stop();
  await clock.advance(999);
  assert.is(output(), undefined);
  await clock.advance(1);
  assert.is(output()?.reason, 'shutdown', 'one second for all, not for each');
  assert.is(log.length, 5);
  assert.is(reports.filter(({ what }) => what === 'killed').length, 5);
});

test('sup_stop_brutal_kill: a child with brutal_kill is not waited for', async () => {
  const { log, worker, play } = stage();
  const { system, clock } = play({
    children: [
      worker('a', { shutdown: 'brutal_kill', endsAfterMs: 60_000 }),
      worker('b', { shutdown: 'brutal_kill', deaf: true }),
    ],
  });
  await system.stop();
  assert.is(clock.now(), 0);
  assert.equal(log, ['+a', '+b', '-b', '-a']);
});

test('sup_stop_brutal_kill_dynamic: nor is one of a pool', async () => {
  const { system, clock, log } = await poolOf({ shutdown: 'brutal_kill', deaf: true }, 4);
  await system.stop();
  assert.is(clock.now(), 0);
  assert.is(log.length, 4);
});

for (const how of ['normal', 'shutdown', 'abnormal'] as const) {
  test(`sup_stop_race: a child that ends ${how} by itself while it is told to end, or just before, ends the supervisor in order`, async () => {
    const { log, worker, play } = stage();
    const { system, clock, output } = play({
      children: [worker('early', { restart: 'transient', deaf: true }), worker('told', { deaf: true })],
    });
    void system.stop();
    system.send('early', { type: how });
    system.send('told', { type: how });
    await clock.advance(0);
    assert.is(output()?.reason, 'shutdown');
    assert.equal(log.slice(2).toSorted(), ['-early', '-told']);
    assert.is(clock.pending(), 0);
  });
}

test('sup_stop_non_shutdown_exit_dynamic: children of a pool that crash when told to end are ended all the same', async () => {
  const { system, clock, output, log } = await poolOf({ deaf: true }, 3);
  void system.stop();
  for (const id of ['s-1', 's-2', 's-3']) system.send(id, { type: 'abnormal' });
  await clock.advance(0);
  assert.is(output()?.reason, 'shutdown');
  assert.is(log.length, 3);
});

test.run();
