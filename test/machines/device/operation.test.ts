/** Operation machine: a table with the rows where nothing happens, the stop's time-out, reachability. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createActor } from 'xstate';
import type { ActorRefFrom } from 'xstate';
import type { OperationEvent, Order } from '../../../contracts/operation.ts';
import { operationMachine, operationOf, setpointOf } from '../../../machines/device/operation.machine.ts';
import { virtualClock } from '../../../supervisor/clock.ts';
import type { VirtualClock } from '../../../supervisor/clock.ts';

const test = suite('operation machine');

const order = (w: number, id = 'o'): Order => ({
  id,
  w,
  reference: 'battery',
  expiresAtMs: 1,
  expiresAtWallMs: 1,
  epoch: 1,
  issuer: 'i',
});
const E = {
  charge: { type: 'ORDER', order: order(-1000) },
  discharge: { type: 'ORDER', order: order(1000) },
  ended: { type: 'ORDER_ENDED', id: 'o' },
  otherEnded: { type: 'ORDER_ENDED', id: 'x' },
  moving: { type: 'SETPOINT_MOVING' },
  reached: { type: 'SETPOINT_REACHED' },
  limited: { type: 'SETPOINT_LIMITED' },
  stop: { type: 'STOP' },
  held: { type: 'HELD' },
  estop: { type: 'ESTOP' },
  estopReset: { type: 'ESTOP_RESET' },
  trip: { type: 'TRIP', cause: 'hot' },
  tripReset: { type: 'TRIP_RESET' },
  fault: { type: 'FAULT', cause: 'arc' },
  tag: { type: 'MAINTENANCE_ON', tag: 't' },
  untag: { type: 'MAINTENANCE_OFF' },
} as const satisfies Record<string, OperationEvent>;
type EventName = keyof typeof E;

/** How to get to each state, and where each event leads from it; what is not named must not lead anywhere. */
const ALWAYS = { estop: 'tripped', trip: 'tripped', fault: 'fault', tag: 'maintenance' } as const;
const ORDERS = { charge: 'charging', discharge: 'discharging' } as const;
const OPERATION: Readonly<
  Record<string, { readonly path: readonly EventName[]; readonly leads: Readonly<Partial<Record<EventName, string>>> }>
> = {
  standby: { path: [], leads: { ...ALWAYS, ...ORDERS } },
  charging: { path: ['charge'], leads: { ...ALWAYS, ...ORDERS, ended: 'standby', stop: 'stopping' } },
  discharging: { path: ['discharge'], leads: { ...ALWAYS, ...ORDERS, ended: 'standby', stop: 'stopping' } },
  stopping: {
    path: ['charge', 'stop'],
    leads: { ...ALWAYS, ...ORDERS, ended: 'standby', otherEnded: 'standby', held: 'standby' },
  },
  fault: { path: ['charge', 'fault'], leads: { ...ALWAYS, tripReset: 'standby' } },
  'tripped (E-stop)': { path: ['charge', 'estop'], leads: { tag: 'maintenance', estopReset: 'standby' } },
  'tripped (trip)': { path: ['charge', 'trip'], leads: { tag: 'maintenance', tripReset: 'standby' } },
  'tripped (both)': { path: ['estop', 'trip'], leads: { tag: 'maintenance' } },
  'tripped (E-stop, fault)': { path: ['fault', 'estop'], leads: { tag: 'maintenance', estopReset: 'fault' } },
  maintenance: { path: ['charge', 'tag'], leads: { untag: 'standby' } },
  'maintenance (E-stop)': { path: ['tag', 'estop'], leads: { untag: 'tripped' } },
  'maintenance (trip)': { path: ['trip', 'tag'], leads: { untag: 'tripped' } },
  'maintenance (fault)': { path: ['tag', 'fault'], leads: { untag: 'fault' } },
};

for (const [state, { path, leads }] of Object.entries(OPERATION)) {
  const here = state.replace(/ .*/, '');
  for (const event of Object.keys(E) as EventName[]) {
    const there = leads[event] ?? here;
    test(`operation ${state}: ${event} ${leads[event] === undefined ? 'leads nowhere' : `leads to ${there}`}`, () => {
      const { actor } = operation(path);
      assert.is(stateOf(actor), here, 'the way there');
      actor.send(E[event]);
      assert.is(stateOf(actor), there);
    });
  }
}

const CALM = {
  order: undefined,
  holding: false,
  estopped: false,
  trip: undefined,
  fault: undefined,
  maintenance: undefined,
};
const HELD = { ...CALM, holding: true };
const REMEMBERS: readonly (readonly [title: string, path: readonly EventName[], knows: Record<string, unknown>])[] = [
  ['nothing at first', [], CALM],
  ['the order under way', ['charge'], { ...CALM, order: 'o' }],
  ['no order that has ended, charging', ['charge', 'ended'], CALM],
  ['no order that has ended, discharging', ['discharge', 'ended'], CALM],
  ['the order that is being stopped', ['charge', 'stop'], { ...HELD, order: 'o' }],
  ['no order that was stopped', ['charge', 'stop', 'held'], HELD],
  ['no order that ended while it was being stopped', ['discharge', 'stop', 'ended'], HELD],
  ['to hold, stopped without an order', ['stop'], HELD],
  ['to hold no more, once there is an order again', ['stop', 'discharge'], { ...CALM, order: 'o' }],
  ['an E-stop', ['charge', 'estop'], { ...HELD, estopped: true }],
  ['no E-stop that was reset', ['estop', 'estopReset'], HELD],
  ['why it tripped', ['discharge', 'trip'], { ...HELD, trip: 'hot' }],
  ['no trip that was reset', ['trip', 'tripReset'], HELD],
  ['an E-stop beside a trip that was reset', ['estop', 'trip', 'tripReset'], { ...HELD, estopped: true }],
  ['a trip beside an E-stop that was reset', ['estop', 'trip', 'estopReset'], { ...HELD, trip: 'hot' }],
  ['a fault beside a trip', ['trip', 'fault'], { ...HELD, trip: 'hot', fault: 'arc' }],
  ['neither of them after their reset', ['fault', 'trip', 'tripReset'], HELD],
  ['its tag', ['charge', 'tag'], { ...HELD, maintenance: 't' }],
  ['no tag that was taken away', ['tag', 'untag'], HELD],
  ['an E-stop under the tag', ['tag', 'estop'], { ...HELD, maintenance: 't', estopped: true }],
  ['a trip under the tag', ['tag', 'trip'], { ...HELD, maintenance: 't', trip: 'hot' }],
  ['a fault under the tag', ['tag', 'fault'], { ...HELD, maintenance: 't', fault: 'arc' }],
  ['no E-stop that was reset under the tag', ['tag', 'estop', 'estopReset'], { ...HELD, maintenance: 't' }],
  ['no trip that was reset under the tag', ['tag', 'trip', 'tripReset'], { ...HELD, maintenance: 't' }],
  ['the E-stop alone after the tag', ['tag', 'estop', 'untag'], { ...HELD, estopped: true }],
  ['the fault alone after the tag', ['tag', 'fault', 'untag'], { ...HELD, fault: 'arc' }],
];
for (const [title, path, knows] of REMEMBERS)
  test(`after ${path.join(', ') || 'its start'} the machine remembers ${title}`, () => {
    assert.equal(memoryOf(operation(path).actor), knows);
  });

for (const path of [[], ['charge'], ['discharge'], ['charge', 'stop']] as const)
  for (const w of [-2000, 2000])
    test(`an order for ${w} W after ${path.join(', ') || 'the start'} is the one under way`, () => {
      const { actor } = operation(path);
      actor.send({ type: 'ORDER', order: order(w, 'new') });
      assert.equal(memoryOf(actor), { ...CALM, order: 'new' });
    });

test('the newest fault is the one that is told, whether or not the asset has tripped', () => {
  for (const path of [['fault'], ['fault', 'trip'], ['fault', 'tag']] as const) {
    const { actor } = operation(path);
    actor.send({ type: 'FAULT', cause: 'smoke' });
    assert.is(actor.getSnapshot().context.fault, 'smoke');
  }
});

test('an order for no power counts as discharging', () => {
  const { actor } = operation([]);
  actor.send({ type: 'ORDER', order: order(0) });
  assert.is(stateOf(actor), 'discharging');
});

test('an E-stop reset does not forget a fault that the device reported before or meanwhile', () => {
  for (const path of [
    ['fault', 'estop'],
    ['estop', 'fault'],
  ] as const) {
    const { actor } = operation([...path, 'estopReset']);
    assert.is(actor.getSnapshot().value, 'fault');
    actor.send(E.tripReset);
    assert.equal([actor.getSnapshot().value, actor.getSnapshot().context.fault], ['standby', undefined]);
  }
});

test('both latches have to go, in either order', () => {
  for (const resets of [
    ['estopReset', 'tripReset'],
    ['tripReset', 'estopReset'],
  ] as const) {
    const { actor } = operation(['estop', 'trip', resets[0]]);
    assert.is(actor.getSnapshot().value, 'tripped');
    actor.send(E[resets[1]]);
    assert.is(actor.getSnapshot().value, 'standby');
  }
});

test('no order survives a stop of any kind, and none comes back after the reset', () => {
  for (const event of ['estop', 'trip', 'fault', 'tag'] as const) {
    const { actor } = operation(['discharge', event]);
    assert.is(actor.getSnapshot().context.order, undefined, event);
    for (const reset of ['estopReset', 'tripReset', 'untag'] as const) actor.send(E[reset]);
    assert.equal(
      [actor.getSnapshot().value, actor.getSnapshot().context.order, actor.getSnapshot().context.holding],
      ['standby', undefined, true],
    );
  }
});

test('an orderly stop that does not get to zero holds at once after its time', () => {
  const { actor, clock } = operation(['discharge', 'stop']);
  clock.advanceSync(59_999);
  assert.is(actor.getSnapshot().value, 'stopping');
  clock.advanceSync(1);
  const { value, context } = actor.getSnapshot();
  assert.equal([value, context.order, context.holding], ['standby', undefined, true]);
});

test('the end of another order ends nothing, a new order takes the place of the old', () => {
  const { actor } = operation(['discharge']);
  actor.send({ type: 'ORDER', order: order(-5, 'new') });
  actor.send(E.ended);
  assert.equal([stateOf(actor), actor.getSnapshot().context.order?.id], ['charging', 'new']);
});

test('the setpoint of an order ramps until it is reached or limited, and anew with every order', () => {
  for (const order of ['charge', 'discharge'] as const) {
    const { actor } = operation([order]);
    const states = (['reached', 'limited', 'moving', 'limited', order] as const).map((event) => {
      actor.send(E[event]);
      return setpointOf(actor.getSnapshot().value);
    });
    assert.equal(states, ['steady', 'limited', 'ramping', 'limited', 'ramping']);
    assert.is(stateOf(actor), `${order.replace(/e$/, '')}ing`);
  }
});

test('without an order under way there is no setpoint', () => {
  for (const [state, { path }] of Object.entries(OPERATION)) {
    const { actor } = operation([...path, 'reached']);
    const under = state === 'charging' || state === 'discharging';
    assert.is(setpointOf(actor.getSnapshot().value), under ? 'steady' : undefined, state);
  }
});

test('only an order makes a state powered; no latch, fault or tag is', () => {
  for (const [state, { path }] of Object.entries(OPERATION)) {
    const snapshot = operation(path).actor.getSnapshot();
    assert.is(snapshot.hasTag('powered'), ['charging', 'discharging', 'stopping'].includes(state), state);
    assert.is(
      snapshot.hasTag('acceptsOrders'),
      ['standby', 'charging', 'discharging', 'stopping'].includes(state),
      state,
    );
    assert.is(snapshot.hasTag('latched'), state.startsWith('tripped'), state);
  }
});

test('no sequence of four events reaches power after an E-stop that was not reset', () => {
  const names = Object.keys(E) as EventName[];
  const seen = new Set<string>();
  for (const a of names)
    for (const b of names)
      for (const c of names)
        for (const d of names) {
          const { actor } = operation([]);
          let latched = false;
          for (const event of [a, b, c, d]) {
            actor.send(E[event]);
            latched = event === 'estop' || (latched && event !== 'estopReset');
            const snapshot = actor.getSnapshot();
            seen.add(operationOf(snapshot.value));
            if (latched)
              assert.not.ok(
                snapshot.hasTag('powered') || snapshot.hasTag('acceptsOrders'),
                `${[a, b, c, d].join()} at ${event}`,
              );
            assert.is(snapshot.context.estopped, latched);
          }
        }
  assert.equal([...seen].toSorted(), Object.keys(operationMachine.states).toSorted(), 'every state is reachable');
});

test.run();

function stateOf(actor: ActorRefFrom<typeof operationMachine>): string {
  return operationOf(actor.getSnapshot().value);
}

function memoryOf(actor: ActorRefFrom<typeof operationMachine>): Record<string, unknown> {
  const { order: underWay, holding, estopped, trip, fault, maintenance } = actor.getSnapshot().context;
  return { order: underWay?.id, holding, estopped, trip, fault, maintenance };
}

function operation(path: readonly EventName[]): { actor: ActorRefFrom<typeof operationMachine>; clock: VirtualClock } {
  const clock = virtualClock();
  const actor = createActor(operationMachine, {
    clock: clock as never,
    input: { assetId: 'a', stopTimeoutMs: 60_000 },
  });
  actor.start();
  for (const event of path) actor.send(E[event]);
  return { actor, clock };
}
