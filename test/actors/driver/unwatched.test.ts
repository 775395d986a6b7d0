/** A driver whose E-stop actor has ended: nobody could tell it of a press, so its device moves no power. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { requestOf, writeStateOf } from '../../../actors/driver/door.ts';
import { refusalOf } from '../../../actors/driver/refusal.ts';
import { orderOf, situationOf } from '../../../actors/driver/situation.ts';
import { mayWrite } from '../../../machines/device/may-write.ts';
import { wantedPosture, withoutOrder } from '../../../machines/device/posture.ts';
import { bench } from './bench.ts';

const UNWATCHED = { cockpit: { unwatched: true } };

test('the door refuses it all power, whoever asks, and no stop', () => {
  for (const [setup, code] of [
    [{}, undefined],
    [UNWATCHED, 'ESTOP_LATCHED'],
  ] as const) {
    const { cockpit } = bench({ order: 3000, ...setup });
    const state = writeStateOf(cockpit, situationOf(cockpit), { transactions: [] }, { scales: [] });
    for (const purpose of ['order', 'rearm', 'release'] as const) {
      const verdict = mayWrite(requestOf(cockpit, 'power', purpose, 1000), state);
      assert.is(!verdict.allowed && verdict.code === 'ESTOP_LATCHED', code !== undefined, purpose);
    }
    assert.ok(mayWrite(requestOf(cockpit, 'safe', 'estop', 0), state).allowed);
    assert.ok(mayWrite(requestOf(cockpit, 'safe', 'hold', 0), state).allowed);
  }
});

test('it takes no order', () => {
  const { cockpit } = bench({ order: 3000, ...UNWATCHED });
  const order = orderOf(cockpit);
  assert.is(order && refusalOf(cockpit, order, 'online'), 'NOT_READY');
});

test('it holds, whether it goes on or takes leave, and whatever the site file says of exits', () => {
  for (const exiting of [false, true]) {
    const { cockpit } = bench({ cockpit: { unwatched: true, exiting } });
    const asset = { ...cockpit.input.asset, idle: 'release' as const, onExit: 'release' as const };
    Object.assign(cockpit, { input: { ...cockpit.input, asset } });
    assert.equal(wantedPosture(withoutOrder(situationOf(cockpit))), { kind: 'hold' });
    Object.assign(cockpit, { unwatched: false });
    assert.is(wantedPosture(withoutOrder(situationOf(cockpit))).kind, 'release');
  }
});

test.run();
