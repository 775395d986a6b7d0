import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { recorder } from './support.ts';

const CRASH = { type: 'CRASH' } as const;

test('a child that fails while another is ended by hand is restarted as soon as that one has ended', async () => {
  const { log, child, run } = recorder();
  const { system, clock } = run({
    id: 'root',
    strategy: 'one_for_one',
    children: [child('a'), child('slow', { endsAfterMs: 300 })],
  });
  const ended = system.administration('root')?.terminateChild('slow');
  system.send('a', CRASH);
  await clock.advance(299);
  assert.equal(log, ['+a', '+slow', '-a']);
  await clock.advance(1);
  assert.equal(await ended, { ok: true, id: 'slow' });
  assert.equal(log, ['+a', '+slow', '-a', '-slow', '+a']);
});

test('a child that failed meanwhile does not wait for the pause of another', async () => {
  const { log, child, run } = recorder();
  const pausing = child('b', { backoff: { firstMs: 60_000, longestMs: 60_000 } });
  const { system, clock } = run({
    id: 'root',
    strategy: 'rest_for_one',
    intensity: 2,
    children: [child('a'), pausing, child('c', { endsAfterMs: 300 })],
  });
  system.send('b', CRASH);
  await clock.advance(100);
  system.send('a', CRASH);
  await clock.advance(200);
  assert.equal(log, ['+a', '+b', '+c', '-b', '-a', '-c', '+a', '+b', '+c']);
});

test.run();
