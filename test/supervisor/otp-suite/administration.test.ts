import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ChildSpec } from '../../../supervisor/spec.ts';
import { stage } from './stage.ts';

test('child_adm: children are added, ended, started again and forgotten; every wrong order of it is refused by name', async () => {
  const { log, worker, play } = stage();
  const { admin, exit, clock, status } = play({ intensity: 5, children: [] });
  const a = worker('a');
  assert.equal(await admin().startChild(a), { ok: true, id: 'a' });
  assert.equal(await admin().startChild(a), { ok: false, reason: 'already_started' });
  assert.equal(await admin().restartChild('a'), { ok: false, reason: 'running' });
  assert.equal(await admin().deleteChild('a'), { ok: false, reason: 'running' });
  await exit('a', 'abnormal');
  assert.is(status('a'), 'running');

  const ended = admin().terminateChild('a');
  await clock.advance(0);
  assert.equal(await ended, { ok: true, id: 'a' });
  assert.equal(await admin().terminateChild('a'), { ok: true, id: 'a' });
  assert.equal(admin().countChildren(), { specs: 1, active: 0, supervisors: 0, workers: 1 });
  assert.equal(await admin().startChild(a), { ok: false, reason: 'already_present' });
  assert.equal(await admin().restartChild('a'), { ok: true, id: 'a' });

  const again = admin().terminateChild('a');
  await clock.advance(0);
  await again;
  assert.equal(await admin().deleteChild('a'), { ok: true, id: 'a' });
  assert.equal(await admin().deleteChild('a'), { ok: false, reason: 'not_found' });
  assert.equal(await admin().restartChild('a'), { ok: false, reason: 'not_found' });
  assert.equal(await admin().terminateChild('a'), { ok: false, reason: 'not_found' });
  assert.equal(admin().whichChildren(), []);
  assert.equal(log, ['+a', '-a', '+a', '-a', '+a', '-a']);
});

test('child_adm: a child that was forgotten and is added again has nothing of the earlier one', async () => {
  const { worker, play } = stage();
  const { admin, exit, clock, system } = play({ intensity: 5, children: [worker('a')] });
  await exit('a', 'abnormal');
  const ended = admin().terminateChild('a');
  await clock.advance(0);
  await ended;
  await admin().deleteChild('a');
  await admin().startChild(worker('a'));
  assert.equal(
    system.tree().children?.map(({ restarts, last_reason }) => [restarts, last_reason]),
    [[0, null]],
  );
});

test('child_adm_simple: of a pool children are started from the template and ended by id; the rest of the administration is refused', async () => {
  const { log, worker, play } = stage();
  const { admin, clock } = play({ pool: true, children: [worker('s')] });
  assert.equal(admin().countChildren(), { specs: 1, active: 0, supervisors: 0, workers: 0 });
  assert.equal(await admin().startChild({ argument: 'x' }), { ok: true, id: 's-1' });
  assert.equal(await admin().startChild({ argument: 'y' }), { ok: true, id: 's-2' });
  assert.equal(log, ['+s:x', '+s:y']);
  assert.equal(await admin().restartChild('s-1'), { ok: false, reason: 'pool' });
  assert.equal(await admin().deleteChild('s-1'), { ok: false, reason: 'pool' });
  assert.equal(await admin().terminateChild('s-9'), { ok: false, reason: 'not_found' });
  const ended = admin().terminateChild('s-1');
  await clock.advance(0);
  assert.equal(await ended, { ok: true, id: 's-1' });
  assert.equal(admin().whichChildren(), [{ id: 's-2', type: 'worker', status: 'running' }]);
  await rejects(admin().startChild(worker('foreign')), /root is a pool/);
});

test('child_adm: an argument without a pool, and a faulty child, are refused naming supervisor, child and key', async () => {
  const { worker, play } = stage();
  const { admin } = play({ children: [] });
  await rejects(admin().startChild({ argument: 1 }), /root is no pool/);
  const faulty = { ...worker('b'), shutdown: 'soon' } as unknown as ChildSpec;
  await rejects(admin().startChild(faulty), /supervisor root, child b: invalid shutdown soon/);
  assert.equal(admin().whichChildren(), []);
});

test('a child whose name lives elsewhere in the tree cannot be added', async () => {
  const { worker, play } = stage();
  const { admin } = play({ children: [worker('taken')] });
  const answer = await admin().startChild({ ...worker('other'), id: 'root' });
  assert.is(answer.ok, false);
  assert.equal(admin().countChildren().specs, 1);
});

for (const order of ['terminate', 'stop'] as const) {
  test(`${order} while a child waits for its restart: it is not started any more, and no timer is left`, async () => {
    const { log, worker, play } = stage();
    const { admin, exit, clock, status, system } = play({
      intensity: 5,
      children: [worker('a', { backoff: { firstMs: 1000, longestMs: 1000 } })],
    });
    await exit('a', 'abnormal');
    assert.is(status('a'), 'restarting');
    assert.equal(await admin().restartChild('a'), { ok: false, reason: 'restarting' });
    assert.equal(await admin().deleteChild('a'), { ok: false, reason: 'restarting' });
    assert.equal(await admin().startChild(worker('a')), { ok: false, reason: 'already_started' });
    await (order === 'terminate' ? admin().terminateChild('a') : system.stop());
    assert.is(clock.pending(), 0);
    await clock.advance(10_000);
    assert.equal(log, ['+a', '-a']);
    assert.is(status('a'), 'stopped');
  });
}

test('what is asked while siblings are ended for a restart has its turn afterwards, in order', async () => {
  const { log, worker, play } = stage();
  const { admin, exit, clock, status } = play({
    strategy: 'one_for_all',
    children: [worker('a'), worker('slow', { endsAfterMs: 500 })],
  });
  await exit('a', 'abnormal');
  const answers = [admin().terminateChild('a'), admin().startChild(worker('b'))];
  assert.is(admin().countChildren().active, 1, 'questions are answered at once');
  await clock.advance(499);
  assert.equal(log, ['+a', '+slow', '-a']);
  await clock.advance(1);
  assert.equal(await Promise.all(answers), [
    { ok: true, id: 'a' },
    { ok: true, id: 'b' },
  ]);
  assert.equal(log, ['+a', '+slow', '-a', '-slow', '+a', '+slow', '-a', '+b']);
  assert.is(status('a'), 'stopped');
});

test('a supervisor that is ending starts nothing, and every question of it is answered', async () => {
  const { log, worker, play } = stage();
  const { admin, clock, system } = play({ children: [worker('slow', { endsAfterMs: 500 }), worker('b')] });
  const adm = admin();
  void system.stop();
  await clock.advance(0);
  assert.equal(await adm.startChild(worker('c')), { ok: false, reason: 'shutting_down' });
  assert.equal(await adm.restartChild('b'), { ok: false, reason: 'shutting_down' });
  const ended = adm.terminateChild('slow');
  await clock.advance(500);
  assert.equal(await ended, { ok: true, id: 'slow' });
  await rejects(adm.startChild(worker('c')), /has ended/);
  assert.equal(log, ['+slow', '+b', '-b', '-slow']);
});

test('a question that a killed supervisor can no longer answer is not left open', async () => {
  const { worker, play } = stage();
  const { admin, system } = play({ children: [worker('slow', { endsAfterMs: 500 })] });
  const ended = admin().terminateChild('slow');
  system.kill();
  await rejects(ended, /has ended/);
  assert.is((await system.ended).reason, 'shutdown');
});

async function rejects(promise: Promise<unknown>, expected: RegExp): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.match(String(error), expected);
}

test.run();
