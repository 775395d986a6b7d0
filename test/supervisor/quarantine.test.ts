import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { virtualClock } from '../../supervisor/clock.ts';
import type { SupervisionReport } from '../../supervisor/context.ts';
import { pauseMsAfter } from '../../supervisor/pauses.ts';
import { fromProcess } from '../../supervisor/process.ts';
import type { ChildSpec } from '../../supervisor/spec.ts';
import { startSystem } from '../../supervisor/system.ts';
import { find, stage } from './otp-suite/stage.ts';

test('quarantine: the delays grow while a child keeps failing, and it always comes back', async () => {
  const { worker, play } = stage();
  const { clock, exit, reports, status } = play({ quarantine: true, intensity: 0, children: [worker('a')] });
  const delays: number[] = [];
  for (let round = 0; round < 9; round += 1) {
    await exit('a', 'abnormal');
    assert.is(status('a'), 'quarantined');
    const from = clock.now();
    while (status('a') !== 'running') await clock.advance(1000);
    delays.push((clock.now() - from) / 1000);
  }
  assert.equal(delays, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
  assert.is(reports.filter(({ what }) => what === 'quarantined').length, 9);
});

test('quarantine: a child that ran longer than the window, or that became ready, begins again with the shortest delay', async () => {
  const { worker, play } = stage();
  const { clock, exit, reports } = play({ quarantine: true, intensity: 0, periodMs: 5000, children: [worker('a')] });
  const last = (): string => reports.findLast(({ what }) => what === 'quarantined')?.reason ?? '';
  await exit('a', 'abnormal');
  await clock.advance(5000);
  await exit('a', 'abnormal');
  assert.match(last(), /next try in 10 s/);
  await clock.advance(10_000 + 5001);
  await exit('a', 'abnormal');
  assert.match(last(), /next try in 5 s/);
});

test('quarantine: each child is judged by its own failures, and the tree shows the fewest restarts left', async () => {
  const { worker, play } = stage();
  const { exit, status, system } = play({
    quarantine: true,
    intensity: 1,
    children: ['a', 'b', 'c'].map((id) => worker(id)),
  });
  assert.is(system.tree().restarts_left, 1);
  for (const id of ['a', 'b', 'c']) await exit(id, 'abnormal');
  assert.equal(['a', 'b', 'c'].map(status), ['running', 'running', 'running'], 'each has failed once');
  assert.is(system.tree().restarts_left, 0);
  await exit('b', 'abnormal');
  assert.equal(['a', 'b', 'c'].map(status), ['running', 'quarantined', 'running']);
});

test('quarantine: one that is ended by hand stays ended, one that is stopped leaves no timer', async () => {
  for (const order of ['terminate', 'stop', 'kill'] as const) {
    const { log, worker, play } = stage();
    const { exit, admin, system, clock } = play({ quarantine: true, intensity: 0, children: [worker('a')] });
    await exit('a', 'abnormal');
    if (order === 'terminate') assert.ok((await admin().terminateChild('a')).ok);
    else if (order === 'stop') await system.stop();
    else system.kill();
    assert.is(clock.pending(), 0);
    await clock.advance(600_000);
    assert.equal(log, ['+a', '-a']);
  }
});

test('quarantine with rest_for_one: what was started after a parked child is started anew with it', async () => {
  const { log, worker, play } = stage();
  const { exit, clock } = play({
    strategy: 'rest_for_one',
    quarantine: true,
    intensity: 0,
    children: [worker('a'), worker('b'), worker('c')],
  });
  await exit('b', 'abnormal');
  assert.equal(log.splice(0), ['+a', '+b', '+c', '-b']);
  await clock.advance(5000);
  assert.equal(log, ['-c', '+b', '+c']);
});

test('backoff: the pauses double up to the longest, and the random number that is injected spreads them', async () => {
  const backoff = { firstMs: 100, longestMs: 1000, jitter: 0.5 };
  assert.equal(
    [1, 2, 3, 4, 5, 50].map((n) => pauseMsAfter(n, backoff, () => 0.5)),
    [100, 200, 400, 800, 1000, 1000],
  );
  assert.equal(
    [0, 0.25, 1].map((random) => pauseMsAfter(1, backoff, () => random)),
    [50, 75, 150],
  );
  assert.is(
    pauseMsAfter(5, undefined, () => 1),
    0,
  );
});

for (const [random, restartsAtMs] of [
  [0, [50, 150, 350]],
  [0.5, [100, 300, 700]],
  [1, [150, 450, 1050]],
] as const) {
  test(`backoff: with random ${random} a child that fails at once each time is started after ${restartsAtMs.join(', ')} ms`, async () => {
    const starts: number[] = [];
    const clock = virtualClock();
    const child: ChildSpec = {
      id: 'a',
      backoff: { firstMs: 100, longestMs: 10_000, jitter: 0.5 },
      start: () =>
        fromProcess(async () => {
          starts.push(clock.now());
          throw new Error('at once');
        }),
    };
    const spec = { id: 'root', strategy: 'one_for_one', intensity: 3, periodMs: 60_000, children: [child] } as const;
    const system = startSystem(spec, { clock, random: () => random });
    await clock.advance(60_000);
    assert.equal(starts, [0, ...restartsAtMs]);
    assert.is((await system.ended).reason, 'intensity', 'a pause hides no endless loop');
    assert.is(clock.pending(), 0);
  });
}

test('backoff under one_for_all: the siblings are ended at once and come back with the child, after the pause', async () => {
  const { log, worker, play } = stage();
  const { exit, clock } = play({
    strategy: 'one_for_all',
    children: [worker('a', { backoff: { firstMs: 100, longestMs: 100 } }), worker('b')],
  });
  await exit('a', 'abnormal');
  assert.equal(log.splice(0), ['+a', '+b', '-a', '-b']);
  await clock.advance(99);
  assert.equal(log, []);
  await clock.advance(1);
  assert.equal(log, ['+a', '+b']);
});

for (const quarantine of [false, true]) {
  for (const ready of ['before', 'never'] as const) {
    test(`mustBecomeReady: a child that fails having ${ready === 'before' ? 'been' : 'never been'} ready is ${ready === 'before' ? 'restarted' : quarantine ? 'parked at once' : 'given up at once'}`, async () => {
      const clock = virtualClock();
      const reports: SupervisionReport[] = [];
      let starts = 0;
      const child: ChildSpec = {
        id: 'a',
        mustBecomeReady: true,
        start: () =>
          fromProcess(async ({ ready: tell, crash }) => {
            starts += 1;
            if (ready === 'before') tell();
            if (starts === 1) clock.setTimeout(() => crash(new Error('broken')), 10);
            await new Promise(() => {});
          }),
      };
      const system = startSystem(
        { id: 'root', strategy: 'one_for_one', intensity: 5, quarantine, children: [child] },
        { clock, report: (one) => reports.push(one) },
      );
      await clock.advance(20);
      const expected = ready === 'before' ? 'running' : quarantine ? 'quarantined' : 'stopped';
      assert.is(find(system.tree(), 'a')?.status, expected);
      assert.is(starts, ready === 'before' ? 2 : 1);
      if (expected === 'stopped') assert.match(String((await system.ended).error), /failed before it was ready/);
    });
  }
}

test.run();
