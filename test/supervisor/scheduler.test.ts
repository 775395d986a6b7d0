import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as fc from 'fast-check';
import { mock } from 'node:test';
import { assign, cancel, createActor, sendTo, setup } from 'xstate';
import { systemClock, virtualClock } from '../../supervisor/clock.ts';
import type { VirtualClock } from '../../supervisor/clock.ts';
import { useOwnScheduler } from '../../supervisor/scheduler.ts';

type Events = {
  readonly type: 'SEND_a' | 'SEND_b' | 'CANCEL' | 'TICK' | 'LEAVE' | 'BACK';
  readonly id?: string;
  readonly delay?: number;
};

function arm(id: string): ReturnType<typeof sendTo> {
  return sendTo(({ self }) => self, { type: 'TICK' }, { id, delay: ({ event }) => (event as Events).delay ?? 0 });
}

/** Arms and cancels delayed events by id, and has an `after` that is armed anew on each entry. */
const machine = setup({
  types: {} as { context: { heard: string[]; clock: VirtualClock }; input: VirtualClock; events: Events },
  actions: {
    note: assign({ heard: ({ context, event }) => [...context.heard, `${context.clock.now()} ${event.type}`] }),
  },
}).createMachine({
  context: ({ input }) => ({ heard: [], clock: input }),
  initial: 'here',
  on: {
    ...Object.fromEntries(['a', 'b'].map((id) => [`SEND_${id}`, { actions: arm(id) }])),
    CANCEL: { actions: cancel(({ event }) => event.id ?? 'x') },
    TICK: { actions: 'note' },
  },
  states: {
    here: { after: { 70: { actions: 'note' } }, on: { LEAVE: 'there' } },
    there: { after: { 110: { target: 'here', actions: 'note' } }, on: { BACK: 'here' } },
  },
});

function run(own: boolean, steps: readonly (Events & { readonly wait: number })[]): readonly string[] {
  const clock = virtualClock();
  const actor = createActor(machine, { clock, input: clock });
  if (own) useOwnScheduler(actor.system, clock);
  actor.start();
  for (const { wait, ...event } of steps) {
    actor.send(event);
    clock.advanceSync(wait);
  }
  clock.advanceSync(1000);
  return actor.getSnapshot().context.heard;
}

test('delayed events are armed, armed again under the same id, and cancelled exactly as by XState itself', () => {
  const steps = fc.record({
    type: fc.constantFrom<Events['type'][]>('SEND_a', 'SEND_a', 'SEND_b', 'CANCEL', 'LEAVE', 'BACK'),
    id: fc.constantFrom('a', 'b'),
    delay: fc.nat(200),
    wait: fc.nat(120),
  });
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 15 }), (plan) => assert.equal(run(true, plan), run(false, plan))),
    { numRuns: 500 },
  );
});

test('an actor that ends takes every delayed event with it, also one armed twice under one id', () => {
  const clock = virtualClock();
  const actor = createActor(machine, { clock, input: clock });
  useOwnScheduler(actor.system, clock);
  actor.start();
  actor.send({ type: 'SEND_a', delay: 50 });
  actor.send({ type: 'SEND_a', delay: 60 });
  actor.stop();
  assert.is(clock.pending(), 0);
});

test('the inspector sees who a delayed event came from', () => {
  const clock = virtualClock();
  const sources: (string | undefined)[] = [];
  const actor = createActor(machine, {
    clock,
    input: clock,
    inspect: (seen) => {
      if (seen.type === '@xstate.event' && seen.event.type === 'TICK') sources.push(seen.sourceRef?.sessionId);
    },
  });
  useOwnScheduler(actor.system, clock);
  actor.start();
  actor.send({ type: 'SEND_a', delay: 5 });
  clock.advanceSync(5);
  assert.equal(sources, [actor.sessionId]);
});

const DAY_MS = 86_400_000;

/** By the hour, because the mocked timers arm what is armed during a tick from its end on. */
function passDays(days: number): void {
  for (let hour = 0; hour < 24 * days; hour += 1) mock.timers.tick(3_600_000);
}

for (const days of [24, 25, 60, 400]) {
  test(`a delay of ${days} days passes after ${days} days and not at once, and can be cancelled`, () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      let fired = 0;
      const kept = systemClock.setTimeout(() => (fired += 1), days * DAY_MS);
      const cancelled = systemClock.setTimeout(() => (fired += 100), days * DAY_MS);
      passDays(days - 1);
      assert.is(fired, 0);
      systemClock.clearTimeout(cancelled);
      passDays(2);
      assert.is(fired, 1);
      systemClock.clearTimeout(kept);
    } finally {
      mock.timers.reset();
    }
  });
}

test('a machine waits longer than the 24.8 days that a timer of Node can hold', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const patient = setup({}).createMachine({
      initial: 'waiting',
      states: { waiting: { after: { [30 * DAY_MS]: 'over' } }, over: {} },
    });
    const actor = createActor(patient, { clock: systemClock });
    useOwnScheduler(actor.system, systemClock);
    actor.start();
    passDays(29);
    assert.is(actor.getSnapshot().value, 'waiting');
    passDays(2);
    assert.is(actor.getSnapshot().value, 'over');
  } finally {
    mock.timers.reset();
  }
});

test('a delay that is no number is refused, by both clocks', () => {
  for (const clock of [systemClock, virtualClock()])
    assert.throws(() => clock.setTimeout(() => {}, Number.NaN), /not NaN/);
});

test.run();
