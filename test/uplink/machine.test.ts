/** The uplink machine on a virtual clock. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createActor, fromPromise } from 'xstate';
import { Fault } from '../../contracts/faults.ts';
import { uplinkMachine } from '../../machines/uplink/uplink.machine.ts';
import { virtualClock } from '../../supervisor/clock.ts';

test('an uplink that opens drains, then is online, and drains again when it falls behind', () => {
  const { actor, state } = bench();
  actor.send({ type: 'OPENED' });
  assert.is(state(), 'draining');
  actor.send({ type: 'CAUGHT_UP' });
  assert.is(state(), 'online');
  actor.send({ type: 'BEHIND' });
  assert.is(state(), 'draining');
});

test('a target that does not open within 30 s is offline, and tried again', () => {
  const { clock, state, sessions } = bench();
  clock.advanceSync(29_999);
  assert.is(state(), 'connecting');
  clock.advanceSync(1);
  assert.is(state(), 'offline');
  clock.advanceSync(1000);
  assert.is(state(), 'connecting');
  assert.is(sessions(), 2);
});

test('a draining uplink without any progress for a minute is given up', () => {
  const { actor, clock, state } = bench();
  actor.send({ type: 'OPENED' });
  clock.advanceSync(50_000);
  actor.send({ type: 'BEHIND' });
  clock.advanceSync(59_999);
  assert.is(state(), 'draining');
  clock.advanceSync(1);
  assert.is(state(), 'offline');
});

test('delays double up to a minute, jitter takes up to half of them away, and progress forgets them', async () => {
  for (const [jitter, delays] of [
    [1, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]],
    [0, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]],
  ] as const) {
    const { clock, state, fail } = bench(jitter);
    for (const delay of delays) {
      await fail();
      assert.is(state(), 'offline');
      clock.advanceSync(delay - 1);
      assert.is(state(), 'offline');
      clock.advanceSync(1);
      assert.is(state(), 'connecting');
    }
  }
  const { actor, clock, state, fail } = bench();
  await fail();
  clock.advanceSync(1000);
  await fail();
  clock.advanceSync(2000);
  actor.send({ type: 'OPENED' });
  actor.send({ type: 'CAUGHT_UP' });
  await fail();
  clock.advanceSync(1000);
  assert.is(state(), 'connecting');
});

test.run();

function bench(jitter = 1) {
  const clock = virtualClock();
  let reject: ((error: Error) => void) | undefined;
  let sessions = 0;
  const session = fromPromise<unknown, unknown>(() => {
    sessions += 1;
    return new Promise((_resolve, no) => {
      reject = no;
    });
  });
  const actor = createActor(uplinkMachine.provide({ actors: { session } }), {
    clock: clock as never,
    input: { jitter: () => jitter, session: undefined },
  });
  actor.start();
  return {
    actor,
    clock,
    sessions: () => sessions,
    state: () => {
      const { value } = actor.getSnapshot();
      return typeof value === 'string' ? value : value.linked;
    },
    fail: async () => {
      reject?.(new Fault('CONNECTION_CLOSED'));
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}
