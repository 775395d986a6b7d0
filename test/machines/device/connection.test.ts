/** Connection machine: every state has its time, every failure its wait, and a device is never given up. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createActor, fromPromise } from 'xstate';
import type { ActorRefFrom, SnapshotFrom } from 'xstate';
import { Fault } from '../../../contracts/faults.ts';
import { connectionMachine } from '../../../machines/device/connection.machine.ts';
import { virtualClock } from '../../../supervisor/clock.ts';
import type { VirtualClock } from '../../../supervisor/clock.ts';

const test = suite('connection machine');

test('a connection opens, proves itself, and is online; silence makes it stale, more silence ends it', async () => {
  const { actor, clock, sessions } = connection();
  assert.equal(actor.getSnapshot().value, { linked: 'connecting' });
  for (const idle of ['IDENTIFIED', 'TELEMETRY', 'HURRY'] as const) actor.send({ type: idle });
  assert.equal(actor.getSnapshot().value, { linked: 'connecting' });
  actor.send({ type: 'OPENED' });
  for (const idle of ['OPENED', 'TELEMETRY', 'HURRY'] as const) actor.send({ type: idle });
  assert.equal(actor.getSnapshot().value, { linked: 'identifying' });
  actor.send({ type: 'IDENTIFIED' });
  assert.equal(actor.getSnapshot().value, { linked: 'online' });
  clock.advanceSync(7999);
  actor.send({ type: 'TELEMETRY' });
  clock.advanceSync(7999);
  assert.equal(actor.getSnapshot().value, { linked: 'online' });
  clock.advanceSync(1);
  assert.equal(actor.getSnapshot().value, { linked: 'stale' });
  actor.send({ type: 'TELEMETRY' });
  assert.equal(actor.getSnapshot().value, { linked: 'online' });
  clock.advanceSync(8000 + 4000);
  assert.is(actor.getSnapshot().value, 'backoff');
  assert.is(sessions.length, 1);
  actor.stop();
});

for (const [state, events, afterMs] of [
  ['connecting', [], 1000],
  ['identifying', ['OPENED'], 2000],
] as const) {
  test(`${state} has its time and no more`, () => {
    const { actor, clock } = connection();
    for (const type of events) actor.send({ type });
    clock.advanceSync(afterMs - 1);
    assert.equal(actor.getSnapshot().value, { linked: state });
    clock.advanceSync(1);
    assert.is(actor.getSnapshot().value, 'backoff');
  });
}

test('tries come after 0.25, 0.5, 1, 2 and then every 3 s; the fifth failure in a row is a loss, and tries go on', async () => {
  const { actor, clock, sessions } = connection();
  const waits: number[] = [];
  for (let failure = 1; failure <= 7; failure += 1) {
    sessions.at(-1)?.reject(new Fault('CONNECT_FAILED'));
    await clock.advance(0);
    assert.is(actor.getSnapshot().value, failure < 5 ? 'backoff' : 'lost');
    assert.is(actor.getSnapshot().context.lastFault, 'CONNECT_FAILED');
    const from = clock.now();
    while (!actor.getSnapshot().hasTag('linked')) clock.advanceSync(10);
    waits.push(clock.now() - from);
  }
  assert.equal(waits, [250, 500, 1000, 2000, 3000, 3000, 3000]);
  actor.stop();
});

test('being online forgets the failures', async () => {
  const { actor, clock, sessions } = connection();
  sessions[0]?.reject(new Fault('TIMEOUT'));
  await clock.advance(250);
  actor.send({ type: 'OPENED' });
  actor.send({ type: 'IDENTIFIED' });
  assert.equal([actor.getSnapshot().context.failures, actor.getSnapshot().context.lastFault], [0, undefined]);
  actor.stop();
});

test('a device that closes one young connection after the other is left to whoever has it, up to a minute', async () => {
  const { actor, clock, sessions } = connection();
  const waits: number[] = [];
  const evict = async (afterMs: number): Promise<number> => {
    actor.send({ type: 'OPENED' });
    actor.send({ type: 'IDENTIFIED' });
    for (let at = 0; at < afterMs; at += 1000) {
      clock.advanceSync(1000);
      actor.send({ type: 'TELEMETRY' });
    }
    sessions.at(-1)?.reject(new Fault('CONNECTION_CLOSED'));
    await clock.advance(0);
    const from = clock.now();
    while (!actor.getSnapshot().hasTag('linked')) clock.advanceSync(10);
    return clock.now() - from;
  };
  for (let eviction = 1; eviction <= 8; eviction += 1) waits.push(await evict(5000));
  assert.equal(waits, [250, 250, 6000, 12_000, 24_000, 48_000, 60_000, 60_000]);
  assert.is(await evict(31_000), 250, 'a connection that lived for half a minute is taken from nobody');
  for (let eviction = 1; eviction <= 4; eviction += 1) await evict(5000);
  sessions.at(-1)?.reject(new Fault('TIMEOUT'));
  await clock.advance(0);
  actor.send({ type: 'HURRY' });
  assert.equal(actor.getSnapshot().value, { linked: 'connecting' }, 'a stop waits for no backoff');
  actor.stop();
});

test('from a stop on nobody is left to others until a connection has lasted', async () => {
  // The stop may come on a connection, or without one.
  for (const linked of [true, false]) {
    const { actor, clock, sessions } = connection();
    const waitAfter = async (code: 'CONNECTION_CLOSED' | 'TIMEOUT'): Promise<number> => {
      actor.send({ type: 'OPENED' });
      sessions.at(-1)?.reject(new Fault(code));
      await clock.advance(0);
      const from = clock.now();
      while (!actor.getSnapshot().hasTag('linked')) clock.advanceSync(10);
      return clock.now() - from;
    };
    for (let eviction = 1; eviction <= 4; eviction += 1) await waitAfter('CONNECTION_CLOSED');
    if (!linked) {
      sessions.at(-1)?.reject(new Fault('TIMEOUT'));
      await clock.advance(0);
    }
    actor.send({ type: 'HURRY' });
    const waits = [
      await waitAfter('TIMEOUT'),
      await waitAfter('CONNECTION_CLOSED'),
      await waitAfter('CONNECTION_CLOSED'),
    ];
    assert.equal(waits, [3000, 3000, 3000]);
    actor.send({ type: 'OPENED' });
    actor.send({ type: 'IDENTIFIED' });
    for (let at = 0; at < 31; at += 1) {
      clock.advanceSync(1000);
      actor.send({ type: 'TELEMETRY' });
    }
    for (let eviction = 1; eviction <= 3; eviction += 1) await waitAfter('CONNECTION_CLOSED');
    assert.is(await waitAfter('CONNECTION_CLOSED'), 6000, 'a connection that lasted ends the hurry');
    actor.stop();
  }
});

test('only a device that closes an open connection evicts anybody', async () => {
  for (const [opens, code] of [
    [true, 'TIMEOUT'],
    [false, 'CONNECTION_CLOSED'],
  ] as const) {
    const { actor, clock, sessions } = connection();
    const fails = async (fault: typeof code): Promise<void> => {
      sessions.at(-1)?.reject(new Fault(fault));
      await clock.advance(0);
      while (!actor.getSnapshot().hasTag('linked')) clock.advanceSync(10);
    };
    // One eviction before it, so that a connection was open once.
    actor.send({ type: 'OPENED' });
    await fails('CONNECTION_CLOSED');
    for (let failure = 2; failure <= 4; failure += 1) {
      if (opens) actor.send({ type: 'OPENED' });
      await fails(code);
    }
    assert.is(actor.getSnapshot().context.evictions, 1);
    actor.stop();
  }
});

test('a first connection that was never open is closed by nobody else', async () => {
  const { actor, clock, sessions } = connection();
  sessions.at(-1)?.reject(new Fault('CONNECTION_CLOSED'));
  await clock.advance(0);
  assert.is(actor.getSnapshot().context.evictions, 0);
  actor.stop();
});

test('every time that runs out counts as a failure', () => {
  for (const events of [[], ['OPENED'], ['OPENED', 'IDENTIFIED']] as const) {
    const { actor, clock } = connection();
    for (const type of events) actor.send({ type });
    while (actor.getSnapshot().hasTag('linked')) clock.advanceSync(10);
    const { failures, lastFault } = actor.getSnapshot().context;
    assert.equal([failures, lastFault], [1, 'TIMEOUT'], events.join(', '));
    actor.stop();
  }
});

test('a session is given what the driver has prepared for it', () => {
  const session = { of: 'a' };
  const { actor, inputs } = connection({ session });
  assert.equal(inputs, [session]);
  actor.stop();
});

test('who has to be stopped is tried at once, from backoff and from loss', async () => {
  const { actor, clock, sessions } = connection();
  for (let failure = 1; failure <= 5; failure += 1) {
    sessions.at(-1)?.reject(new Fault('TIMEOUT'));
    await clock.advance(0);
    assert.not.ok(actor.getSnapshot().hasTag('linked'));
    actor.send({ type: 'HURRY' });
    assert.equal(actor.getSnapshot().value, { linked: 'connecting' });
    assert.is(actor.getSnapshot().context.urgent, true);
  }
  actor.stop();
});

test('a connection that was dropped for a stop is opened again at once, a second time it is not taken for one', async () => {
  const { actor, clock, sessions } = connection();
  sessions[0]?.reject(new Fault('DROPPED_FOR_STOP'));
  await clock.advance(0);
  assert.equal([actor.getSnapshot().value, sessions.length], [{ linked: 'connecting' }, 2]);
  assert.is(actor.getSnapshot().context.lastFault, undefined);
  sessions[1]?.reject(new Fault('TIMEOUT'));
  await clock.advance(0);
  assert.is(actor.getSnapshot().value, 'backoff');
  actor.stop();
});

test('a session that ends without a fault is a failure too', async () => {
  const { actor, clock, sessions } = connection();
  sessions[0]?.resolve(undefined);
  await clock.advance(0);
  assert.equal([actor.getSnapshot().value, actor.getSnapshot().context.lastFault], ['backoff', 'TIMEOUT']);
  actor.stop();
});

test('setpoints are accepted online and nowhere else', async () => {
  const { actor, clock } = connection();
  const accepts = (): boolean => actor.getSnapshot().hasTag('acceptsSetpoints');
  const found = [accepts()];
  actor.send({ type: 'OPENED' });
  found.push(accepts());
  actor.send({ type: 'IDENTIFIED' });
  found.push(accepts());
  clock.advanceSync(8000);
  found.push(accepts());
  clock.advanceSync(4000);
  found.push(accepts());
  assert.equal(found, [false, false, true, false, false]);
});

test('a device that never answers is tried for ever: no state is left without a timer', () => {
  const { actor, clock } = connection();
  const seen = new Set<string>();
  for (let at = 0; at < 100_000; at += 50) {
    clock.advanceSync(50);
    seen.add(JSON.stringify(actor.getSnapshot().value));
    assert.ok(clock.pending() > 0, `at ${at} ms in ${JSON.stringify(actor.getSnapshot().value)}`);
  }
  assert.equal([...seen].toSorted(), ['"backoff"', '"lost"', '{"linked":"connecting"}']);
});

test.run();

type Session = { readonly resolve: (value: unknown) => void; readonly reject: (error: Fault) => void };

function connection(more: { readonly session?: unknown } = {}): {
  actor: {
    send: ActorRefFrom<typeof connectionMachine>['send'];
    getSnapshot: () => SnapshotFrom<typeof connectionMachine>;
    stop: () => unknown;
  };
  clock: VirtualClock;
  sessions: Session[];
  /** What each of them was given. */
  inputs: unknown[];
} {
  const clock = virtualClock();
  const sessions: Session[] = [];
  const inputs: unknown[] = [];
  const session = fromPromise<unknown, unknown>(({ input }) => {
    inputs.push(input);
    return new Promise((resolve, reject) => sessions.push({ resolve, reject }));
  });
  const actor = createActor(connectionMachine.provide({ actors: { session } }), {
    clock: clock as never,
    input: {
      assetId: 'a',
      connectTimeoutMs: 1000,
      identifyTimeoutMs: 2000,
      staleAfterMs: 8000,
      giveUpAfterMs: 4000,
      ...more,
    },
  });
  actor.start();
  return { actor, clock, sessions, inputs };
}
