/** E-stop machine: the latch, its epochs, and who may reset it; a table with the rows where nothing happens. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createActor } from 'xstate';
import type { ActorRefFrom } from 'xstate';
import type { EstopEvent, EstopInput } from '../../../contracts/estop.ts';
import { ENGAGES_WITHIN_MS, RESET_WINDOW_MS } from '../../../contracts/estop.ts';
import { estopMachine } from '../../../machines/site/estop.machine.ts';
import { virtualClock } from '../../../supervisor/clock.ts';
import type { VirtualClock } from '../../../supervisor/clock.ts';

const test = suite('E-stop machine');

const ENGAGE: EstopEvent = { type: 'ENGAGE' };
const STOPPED: EstopEvent = { type: 'STOPPED' };
const reset = (by: string, permitted = true): EstopEvent => ({ type: 'RESET', by, permitted });

const ROWS: readonly (readonly [
  title: string,
  mode: EstopInput['mode'],
  latched: boolean,
  events: readonly EstopEvent[],
  state: string,
  epoch: number,
])[] = [
  ['starts armed', 'two_person', false, [], 'armed', 5],
  ['starts latched when the file says so, in the same epoch', 'two_person', true, [], 'latched', 5],
  ['pressed, it stops, and voids what was given before', 'two_person', false, [ENGAGE], 'engaging', 6],
  ['stopped, it is latched', 'two_person', false, [ENGAGE, STOPPED], 'latched', 6],
  ['pressed again voids again, and stops again', 'two_person', true, [ENGAGE, STOPPED, ENGAGE], 'engaging', 7],
  ['while it stops nobody resets', 'local_one_person', true, [ENGAGE, reset('ana'), STOPPED], 'latched', 6],
  [
    'a reset while it stops is no first one',
    'two_person',
    true,
    [ENGAGE, reset('ana'), STOPPED, reset('ben')],
    'resetRequested',
    6,
  ],
  ['what has stopped changes nothing without a stop', 'two_person', false, [STOPPED], 'armed', 5],
  ['a reset without a latch does nothing', 'two_person', false, [reset('ana')], 'armed', 5],
  ['the first person alone resets nothing', 'two_person', true, [reset('ana')], 'resetRequested', 5],
  ['the same person twice resets nothing', 'two_person', true, [reset('ana'), reset('ana')], 'resetRequested', 5],
  ['two persons reset, and void what was given before', 'two_person', true, [reset('ana'), reset('ben')], 'armed', 6],
  [
    'a first person without the right does not count',
    'two_person',
    true,
    [reset('ana', false), reset('ben')],
    'resetRequested',
    5,
  ],
  [
    'a second person without the right does not count',
    'two_person',
    true,
    [reset('ana'), reset('ben', false)],
    'resetRequested',
    5,
  ],
  [
    'pressed between the two resets: both are needed again',
    'two_person',
    true,
    [reset('ana'), ENGAGE, STOPPED, reset('ben')],
    'resetRequested',
    6,
  ],
  ['one person is enough where the site says so', 'local_one_person', true, [reset('ana')], 'armed', 6],
  ['one person without the right is not', 'local_one_person', true, [reset('ana', false)], 'latched', 5],
];
for (const [title, mode, latched, events, state, epoch] of ROWS) {
  test(title, () => {
    const { actor } = run({ mode, latched, epoch: 5 });
    for (const event of events) actor.send(event);
    const snapshot = actor.getSnapshot();
    assert.equal([snapshot.value, snapshot.context.epoch], [state, epoch]);
    assert.is(snapshot.hasTag('stopped'), state !== 'armed');
    assert.is(snapshot.context.latched, state !== 'armed');
  });
}

test('the second person has two minutes, and asking again does not prolong them', () => {
  const { actor, clock } = run({ mode: 'two_person', latched: true, epoch: 5 });
  actor.send(reset('ana'));
  clock.advanceSync(RESET_WINDOW_MS - 1);
  actor.send(reset('ana'));
  assert.is(actor.getSnapshot().value, 'resetRequested');
  clock.advanceSync(1);
  assert.equal([actor.getSnapshot().value, actor.getSnapshot().context.requestedBy], ['latched', undefined]);
  actor.send(reset('ben'));
  assert.is(actor.getSnapshot().value, 'resetRequested');
});

test('a stop that nobody reports as done is latched after three seconds', () => {
  const { actor, clock } = run({ mode: 'two_person', latched: false, epoch: 5 });
  actor.send(ENGAGE);
  clock.advanceSync(ENGAGES_WITHIN_MS - 1);
  actor.send(ENGAGE);
  clock.advanceSync(ENGAGES_WITHIN_MS - 1);
  assert.is(actor.getSnapshot().value, 'engaging', 'pressed again, it has its time again');
  clock.advanceSync(1);
  assert.is(actor.getSnapshot().value, 'latched');
});

test('a latch stays for ever by itself, and the epoch never goes back', () => {
  const { actor, clock } = run({ mode: 'two_person', latched: false, epoch: 5 });
  let epoch = 5;
  for (const event of [ENGAGE, reset('a'), ENGAGE, reset('a'), reset('b'), reset('a'), ENGAGE, reset('b', false)]) {
    actor.send(event);
    assert.ok(actor.getSnapshot().context.epoch >= epoch);
    ({ epoch } = actor.getSnapshot().context);
  }
  clock.advanceSync(365 * 86_400_000);
  assert.is(actor.getSnapshot().value, 'latched');
});

test.run();

function run(input: EstopInput): { actor: ActorRefFrom<typeof estopMachine>; clock: VirtualClock } {
  const clock = virtualClock();
  return { actor: createActor(estopMachine, { clock: clock as never, input }).start(), clock };
}
