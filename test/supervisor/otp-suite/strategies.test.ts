import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Strategy } from '../../../supervisor/spec.ts';
import { stage } from './stage.ts';
import type { WorkerOptions } from './stage.ts';

test('multiple_restarts: restarts further apart than the period never add up', async () => {
  const { worker, play } = stage();
  const { exit, clock, output, system } = play({ intensity: 1, periodMs: 1000, children: [worker('a')] });
  for (let times = 0; times < 10; times += 1) {
    await exit('a', 'abnormal');
    await clock.advance(1001);
  }
  assert.is(output(), undefined);
  assert.is(system.tree().children?.[0]?.restarts, 10);
  assert.is(system.tree().restarts_left, 1);
});

const AFTER_B: Record<Strategy, readonly string[]> = {
  one_for_one: ['-b', '+b'],
  one_for_all: ['-b', '-c', '-a', '+a', '+b', '+c'],
  rest_for_one: ['-b', '-c', '+b', '+c'],
};

for (const [strategy, expected] of Object.entries(AFTER_B) as [Strategy, readonly string[]][]) {
  test(`${strategy}: who is ended and started again when the second of three fails`, async () => {
    const { log, worker, play } = stage();
    const { exit } = play({ strategy, children: [worker('a'), worker('b'), worker('c')] });
    await exit('b', 'abnormal');
    assert.equal(log.slice(3), expected);
  });

  test(`${strategy}_escalation: one failure too many ends all in reverse and the supervisor with reason shutdown`, async () => {
    const { log, worker, play } = stage();
    const { exit, output, reports } = play({
      strategy,
      intensity: 0,
      children: [worker('a'), worker('b'), worker('c')],
    });
    await exit('b', 'abnormal');
    assert.equal(log.slice(3), ['-b', '-c', '-a']);
    assert.is(output()?.reason, 'intensity');
    assert.match(String(output()?.error), /root: b: Error: b crashed/);
    assert.equal(
      reports.filter(({ what }) => what === 'gave_up').map(({ child }) => child),
      ['b'],
    );
  });
}

for (const strategy of ['one_for_all', 'rest_for_one'] as const) {
  test(`${strategy}_other_child_fails_restart: a sibling that cannot be started again begins the restart anew, and that is counted`, async () => {
    const { log, worker, play } = stage();
    const { exit, status, system } = play({
      strategy,
      intensity: 3,
      children: [worker('a'), worker('b', { starts: ['ok', 'error', 'error', 'ok'] }), worker('c')],
    });
    await exit('a', 'abnormal');
    const twice = strategy === 'one_for_all' ? ['+a', '-a', '+a', '-a', '+a'] : ['+a'];
    assert.equal(log.slice(3), ['-a', '-c', '-b', ...twice, '+b', '+c']);
    assert.equal(['a', 'b', 'c'].map(status), ['running', 'running', 'running']);
    assert.is(system.tree().restarts_left, 0);
  });
}

async function pool(
  options: WorkerOptions = {},
  intensity = 1,
): Promise<ReturnType<ReturnType<typeof stage>['play']> & { log: string[] }> {
  const { log, worker, play } = stage();
  const played = play({ pool: true, intensity, children: [worker('s', options)] });
  for (const argument of ['x', 'y', 'z']) await played.admin().startChild({ argument });
  log.length = 0;
  return { ...played, log };
}

test('simple_one_for_one: of many alike only the failed one is started again', async () => {
  const { exit, log, admin } = await pool();
  await exit('s-2', 'abnormal');
  assert.equal(log, ['-s:y', '+s:y']);
  assert.is(admin().countChildren().active, 3);
});

test('simple_one_for_one_extra: a child that is started again gets the argument with which it was started', async () => {
  const { log, worker, play } = stage();
  const inputs: unknown[] = [];
  const template = worker('s', { input: (argument) => void inputs.push(argument) });
  const { admin, exit } = play({ pool: true, intensity: 3, children: [template] });
  await admin().startChild({ argument: 'mine' });
  await exit('s-1', 'abnormal');
  assert.equal(log, ['+s:mine', '-s:mine', '+s:mine']);
  assert.equal(inputs, ['mine', 'mine']);
});

test('simple_one_for_one_shutdown: the children of a pool are ended together, with the order of their ends left open', async () => {
  const { system, log, clock, output } = await pool({ endsAfterMs: 300 });
  void system.stop();
  await clock.advance(299);
  assert.equal(log, []);
  await clock.advance(1);
  assert.equal(log.toSorted(), ['-s:x', '-s:y', '-s:z']);
  assert.is(output()?.reason, 'shutdown');
});

test('simple_one_for_one_escalation: one failure too many ends the whole pool', async () => {
  const { exit, log, output } = await pool({}, 0);
  await exit('s-1', 'abnormal');
  assert.equal(log.toSorted(), ['-s:x', '-s:y', '-s:z']);
  assert.is(output()?.reason, 'intensity');
});

test('simple_one_for_one_corruption: children that end in any order, and one that is not of the pool, leave the list right', async () => {
  const { exit, admin, system } = await pool({ restart: 'temporary' });
  await exit('s-2', 'normal');
  assert.equal(
    admin()
      .whichChildren()
      .map(({ id }) => id),
    ['s-1', 's-3'],
  );
  system.send('root', { type: 'xstate.error.actor.s-1#99', error: new Error('stale') } as never);
  system.send('root', { type: 'xstate.done.actor.stranger', output: undefined } as never);
  assert.is(admin().countChildren().active, 2);
  await exit('s-1', 'abnormal');
  await exit('s-3', 'shutdown');
  assert.equal(admin().countChildren(), { specs: 1, active: 0, supervisors: 0, workers: 0 });
  assert.equal(await admin().startChild({ argument: 1 }), { ok: true, id: 's-4' });
});

test.run();
