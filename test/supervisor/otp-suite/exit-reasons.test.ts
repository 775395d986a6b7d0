import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { supervisor } from '../../../supervisor/supervisor.ts';
import { stage } from './stage.ts';
import type { How } from './stage.ts';

const RESTARTED: readonly (readonly [
  'permanent' | 'transient' | 'temporary',
  How,
  'restarted' | 'stopped' | 'forgotten',
])[] = [
  ['permanent', 'normal', 'restarted'],
  ['permanent', 'shutdown', 'restarted'],
  ['permanent', 'abnormal', 'restarted'],
  ['transient', 'normal', 'stopped'],
  ['transient', 'shutdown', 'stopped'],
  ['transient', 'abnormal', 'restarted'],
  ['temporary', 'normal', 'forgotten'],
  ['temporary', 'shutdown', 'forgotten'],
  ['temporary', 'abnormal', 'forgotten'],
];

for (const [restart, how, outcome] of RESTARTED) {
  test(`${restart}_${how}: a ${restart} child that ends ${how} is ${outcome}`, async () => {
    const { log, worker, play } = stage();
    const { exit, status, admin } = play({ children: [worker('a', { restart }), worker('b')] });
    await exit('a', how);
    assert.equal(log, ['+a', '+b', '-a', ...(outcome === 'restarted' ? ['+a'] : [])]);
    assert.is(status('a'), { restarted: 'running', stopped: 'stopped', forgotten: undefined }[outcome]);
    assert.is(admin().countChildren().specs, outcome === 'forgotten' ? 1 : 2);
    assert.is(status('b'), 'running');
  });
}

test('faulty_application_shutdown: a whole tree whose leaf cannot be restarted ends from the bottom to the top, each level charged once', async () => {
  const { log, worker, play } = stage();
  const inner = supervisor({
    id: 'inner',
    strategy: 'one_for_one',
    intensity: 0,
    children: [worker('a'), worker('b', { restart: 'transient' })],
  });
  const { exit, output } = play({
    intensity: 0,
    children: [{ id: 'inner', type: 'supervisor', start: () => inner }, worker('z')],
  });
  await exit('b', 'abnormal');
  assert.equal(log, ['+a', '+b', '+z', '-b', '-a', '-z']);
  assert.is(output()?.reason, 'intensity');
});

for (const strategy of ['one_for_all', 'rest_for_one'] as const) {
  test(`temporary_bystander: a temporary sibling that is ended by ${strategy} is not started again`, async () => {
    const { log, worker, play } = stage();
    const { exit, status } = play({ strategy, children: [worker('p'), worker('t', { restart: 'temporary' })] });
    await exit('p', 'abnormal');
    assert.equal(log, ['+p', '+t', '-p', '-t', '+p']);
    assert.is(status('t'), undefined);
  });
}

test.run();
