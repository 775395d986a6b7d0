/** Postures on the edges of intervals and tolerances, and those of a battery that has no order. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { endOfOrder, wantedPosture } from '../../../machines/device/posture.ts';
import type { Posture, Situation } from '../../../machines/device/posture.ts';
import { permit } from '../support.ts';
import { ORDER, SITUATION } from './situation.ts';

const test = suite('posture, its edges');

const HOLD: Posture = { kind: 'hold' };
const RELEASE = { kind: 'release', charge: true, discharge: true } as const;
const acOrder = (w: number): Situation['context'] => ({
  ...SITUATION.context,
  order: { ...ORDER, w, reference: 'ac' },
});
const power = (w: number): Posture => ({ kind: 'power', w });

const WANTED: readonly (readonly [title: string, change: Partial<Situation>, wanted: Posture])[] = [
  [
    'a device whose posture is not known yet, and that nobody forces, is given power',
    { posture: undefined },
    power(3000),
  ],
  ['a device that is forced by us goes on', { posture: power(2000), forced: true }, power(3000)],
  ['registers that rest take no reversal, and no old power stays', { posture: power(-2000), restsUntilMs: 1001 }, HOLD],
  [
    'a battery at rest is given its power also while registers rest: the door lets it wait',
    { restsUntilMs: 1001 },
    power(3000),
  ],
  ['a write interval that is just over is over', { posture: power(2000), sinceLastPowerWriteMs: 1000 }, power(3000)],
  [
    'the first step of a ramp is one write interval, however long nothing was written',
    { rampRateWPerS: 100 },
    power(100),
  ],
  [
    'a later step is as long as the time since the last',
    { posture: power(2000), sinceLastPowerWriteMs: 1500, rampRateWPerS: 100 },
    power(2150),
  ],
  ['an order at the battery is followed to the watt', { posture: power(2950), hybrid: true }, power(3000)],
  [
    'an AC order of what is no hybrid is followed to the watt',
    { posture: power(2950), context: acOrder(3000) },
    power(3000),
  ],
  ['a small AC order of a hybrid begins', { hybrid: true, context: acOrder(150) }, power(150)],
  [
    'an AC order near the power that stands is left there',
    { hybrid: true, posture: power(2950), context: acOrder(3000) },
    power(2950),
  ],
  [
    'but written once, where that power is of the order before',
    { hybrid: true, posture: power(2950), context: acOrder(3000), unwritten: true },
    power(3000),
  ],
  ['an idle battery that holds is held', { operation: 'standby', idle: 'hold' }, HOLD],
  ['an idle one is released', { operation: 'standby' }, RELEASE],
  [
    'released, charge only',
    { operation: 'standby', permit: permit({ maxDischargeW: 0 }) },
    { ...RELEASE, discharge: false },
  ],
  [
    'released, discharge only',
    { operation: 'standby', permit: permit({ maxChargeW: 0 }) },
    { ...RELEASE, charge: false },
  ],
  ['nothing to release', { operation: 'standby', permit: permit({ maxChargeW: 0, maxDischargeW: 0 }) }, HOLD],
  [
    'a device that cannot close one direction is released in both',
    { operation: 'standby', closesDirections: false },
    RELEASE,
  ],
  [
    'or in none, where discharging is not allowed',
    { operation: 'standby', closesDirections: false, permit: permit({ maxDischargeW: 0 }) },
    HOLD,
  ],
  [
    'or in none, where charging is not allowed',
    { operation: 'standby', closesDirections: false, permit: permit({ maxChargeW: 0 }) },
    HOLD,
  ],
  [
    'a device that somebody forces is held before it is released',
    { operation: 'standby', posture: undefined, forced: true },
    HOLD,
  ],
  ['one that nobody forces is released at once', { operation: 'standby', posture: undefined }, RELEASE],
  ['one that we held is released', { operation: 'standby', forced: true }, RELEASE],
];
for (const [title, change, wanted] of WANTED)
  test(title, () => assert.equal(wantedPosture({ ...SITUATION, ...change }), wanted));

test('an order for no power is not ended by a permit for none', () => {
  const closed = { ...SITUATION, permit: permit({ maxChargeW: 0, maxDischargeW: 0 }) };
  assert.is(endOfOrder(closed, { ...ORDER, w: 0 }), undefined);
  assert.is(endOfOrder(closed, ORDER), 'LIMIT');
});

test('only an order whose power is in place and not followed ends for that', () => {
  const effect = (state: string): Situation['effect'] => ({ state }) as NonNullable<Situation['effect']>;
  const forced = { ...SITUATION, posture: power(3000) };
  assert.is(endOfOrder({ ...forced, effect: effect('not_following') }, ORDER), 'NOT_FOLLOWING');
  assert.is(endOfOrder({ ...forced, effect: effect('settling') }, ORDER), undefined);
  assert.is(endOfOrder({ ...SITUATION, posture: undefined, effect: effect('not_following') }, ORDER), undefined);
});

test.run();
