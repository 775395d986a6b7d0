import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { supervisor } from '../../../supervisor/supervisor.ts';
import { stage } from './stage.ts';
import type { How } from './stage.ts';

const HOWS: readonly How[] = ['normal', 'shutdown', 'abnormal'];

for (const restart of ['temporary', 'transient'] as const) {
  for (const autoShutdown of ['never', 'any_significant', 'all_significant'] as const) {
    test(`nonsignificant_${restart}: with ${autoShutdown} the end of a child that is not significant ends nobody else`, async () => {
      for (const how of HOWS) {
        const { worker, play } = stage();
        const { exit, output } = play({ autoShutdown, children: [worker('a', { restart }), worker('b', { restart })] });
        await exit('a', how);
        assert.is(output(), undefined);
      }
    });
  }
}

for (const [restart, how, ends] of [
  ['temporary', 'normal', true],
  ['temporary', 'shutdown', true],
  ['temporary', 'abnormal', true],
  ['transient', 'normal', true],
  ['transient', 'shutdown', true],
  ['transient', 'abnormal', false],
] as const) {
  test(`significant_${restart}: the first that ends ${how} ${ends ? 'ends' : 'does not end'} a supervisor with any_significant`, async () => {
    const { log, worker, play } = stage();
    const one = { restart, significant: true };
    const { exit, output } = play({
      autoShutdown: 'any_significant',
      children: [worker('a', one), worker('b', one), worker('p')],
    });
    await exit('a', how);
    assert.is(output()?.reason, ends ? 'shutdown' : undefined);
    assert.equal(log.slice(3), ends ? ['-a', '-p', '-b'] : ['-a', '+a']);
  });

  test(`significant_${restart}: the last that ends ${how} ${ends ? 'ends' : 'does not end'} a supervisor with all_significant`, async () => {
    const { worker, play } = stage();
    const one = { restart, significant: true };
    const { exit, output } = play({
      intensity: 5,
      autoShutdown: 'all_significant',
      children: [worker('a', one), worker('b', one), worker('p')],
    });
    await exit('a', how);
    assert.is(output(), undefined);
    await exit('b', how);
    assert.is(output()?.reason, ends ? 'shutdown' : undefined);
  });
}

test('significant_transient: one that waits for its restart still counts for all_significant', async () => {
  const { worker, play } = stage();
  const one = { restart: 'transient', significant: true } as const;
  const waiting = worker('waiting', { ...one, backoff: { firstMs: 1000, longestMs: 1000 } });
  const { exit, output, status } = play({ autoShutdown: 'all_significant', children: [waiting, worker('b', one)] });
  await exit('waiting', 'abnormal');
  await exit('b', 'normal');
  assert.is(output(), undefined);
  assert.is(status('waiting'), 'restarting');
});

test('significant_simple: a pool of significant children ends with its last one', async () => {
  const { worker, play } = stage();
  const template = worker('s', { restart: 'temporary', significant: true });
  const { admin, exit, output } = play({ pool: true, autoShutdown: 'all_significant', children: [template] });
  await admin().startChild({ argument: 1 });
  await admin().startChild({ argument: 2 });
  await exit('s-1', 'normal');
  assert.is(output(), undefined);
  await exit('s-2', 'abnormal');
  assert.is(output()?.reason, 'shutdown');
});

test('significant_bystander: significant children that are ended for a sibling, or by hand, end no supervisor', async () => {
  const { worker, play } = stage();
  const one = { restart: 'temporary', significant: true } as const;
  const { exit, output, admin, clock } = play({
    strategy: 'one_for_all',
    autoShutdown: 'any_significant',
    children: [worker('p'), worker('s', one)],
  });
  await exit('p', 'abnormal');
  assert.is(output(), undefined);
  assert.ok((await admin().startChild(worker('s2', one))).ok);
  const ended = admin().terminateChild('s2');
  await clock.advance(0);
  assert.ok((await ended).ok);
  assert.is(output(), undefined);
});

test('significant_escalation: a significant supervisor that ended because of its own significant child ends its parent too', async () => {
  const { log, worker, play } = stage();
  const inner = supervisor({
    id: 'inner',
    strategy: 'one_for_one',
    autoShutdown: 'any_significant',
    children: [worker('s', { restart: 'transient', significant: true }), worker('x')],
  });
  const { exit, output } = play({
    autoShutdown: 'any_significant',
    children: [
      worker('a'),
      { id: 'inner', type: 'supervisor', restart: 'transient', significant: true, start: () => inner },
    ],
  });
  await exit('s', 'normal');
  assert.equal(log, ['+a', '+s', '+x', '-s', '-x', '-a']);
  assert.is(output()?.reason, 'shutdown');
});

test.run();
