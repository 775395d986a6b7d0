/** Which posture a situation wants, and when an order has to end. */
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Order } from '../../../contracts/operation.ts';
import type { OperationState } from '../../../contracts/telemetry.ts';
import {
  batteryTarget,
  endOfOrder,
  inReference,
  samePosture,
  setpointState,
  wantedPosture,
  withoutOrder,
} from '../../../machines/device/posture.ts';
import type { Posture, Situation } from '../../../machines/device/posture.ts';
import { permit } from '../support.ts';
import { ORDER, SITUATION } from './situation.ts';

const test = suite('posture');

const anyW = fc.double({ min: -20_000, max: 20_000, noNaN: true });
const roomW = fc.double({ min: 0, max: 10_000, noNaN: true });

const HOLD: Posture = { kind: 'hold' };
const NONE: Posture = { kind: 'none' };
const power = (w: number): Posture => ({ kind: 'power', w });

const WANTED: readonly (readonly [title: string, change: Partial<Situation>, wanted: Posture])[] = [
  ['an order is carried out', {}, power(3000)],
  ['an order over the permit is cut', { permit: permit({ maxDischargeW: 1000 }) }, power(1000)],
  ['without a permit the battery is held', { permit: undefined }, HOLD],
  ['a lapsed permit holds', { nowMs: 10_000 }, HOLD],
  ['a permit of another epoch holds', { epoch: 8 }, HOLD],
  ['a permit without room in this direction holds', { permit: permit({ maxDischargeW: 0 }) }, HOLD],
  ['a device that somebody forces is held before it gets a power', { posture: undefined, forced: true }, HOLD],
  ['a reversal goes through hold', { posture: power(-2000) }, HOLD],
  ['registers that must rest keep the power that stands', { posture: power(2000), restsUntilMs: 1001 }, power(2000)],
  ['registers that have rested take the next power', { posture: power(2000), restsUntilMs: 1000 }, power(3000)],
  [
    'a permit that cuts while the registers must rest stops, since less power cannot be written yet',
    { posture: power(3000), restsUntilMs: 1001, permit: permit({ maxDischargeW: 1000 }) },
    HOLD,
  ],
  [
    'a stop while the registers must rest stops without a ramp',
    { operation: 'stopping', posture: power(3000), restsUntilMs: 1001, rampRateWPerS: 10 },
    HOLD,
  ],
  [
    'a reversal whose old direction the permit closes goes through hold',
    { posture: power(-2000), permit: permit({ maxChargeW: 0 }) },
    HOLD,
  ],
  [
    'within the write interval the power in place stays',
    { posture: power(2000), sinceLastPowerWriteMs: 10 },
    power(2000),
  ],
  [
    'a cut does not wait for the write interval',
    { posture: power(2000), sinceLastPowerWriteMs: 10, permit: permit({ maxDischargeW: 500 }) },
    power(500),
  ],
  ['a stop ramps to hold', { operation: 'stopping' }, HOLD],
  [
    'a stop follows the ramp',
    { operation: 'stopping', posture: power(3000), rampRateWPerS: 100, sinceLastPowerWriteMs: 1000 },
    power(2900),
  ],
  [
    'standby releases where the site says so',
    { operation: 'standby' },
    { kind: 'release', charge: true, discharge: true },
  ],
  [
    'a release is open only where the permit is',
    { operation: 'standby', permit: permit({ maxChargeW: 0 }) },
    { kind: 'release', charge: false, discharge: true },
  ],
  [
    'a device without limits of its own cannot be released in one direction alone: it is held',
    { operation: 'standby', closesDirections: false, permit: permit({ maxChargeW: 0 }) },
    HOLD,
  ],
  [
    'a release under a zero permit is a hold',
    { operation: 'standby', permit: permit({ maxChargeW: 0, maxDischargeW: 0 }) },
    HOLD,
  ],
  ['a release that moved power outside the permit is a hold', { operation: 'standby', releaseBlocked: true }, HOLD],
  [
    'without a permit a device that bessd never touched is left alone',
    { operation: 'standby', permit: undefined, posture: undefined },
    NONE,
  ],
  ['without a permit a device that bessd touched is held', { operation: 'standby', permit: undefined }, HOLD],
  [
    'without a permit a device that is forced is held',
    { operation: 'standby', permit: undefined, posture: undefined, forced: true },
    HOLD,
  ],
  [
    'standby holds where the site says so, also without a permit',
    { operation: 'standby', idle: 'hold', permit: undefined },
    HOLD,
  ],
  [
    'after a stop standby holds whatever the site says',
    { operation: 'standby', context: { ...SITUATION.context, holding: true } },
    HOLD,
  ],
  ['a trip stops', { operation: 'tripped' }, { kind: 'estop' }],
  ['a trip stops under local control', { operation: 'tripped', local: true }, { kind: 'estop' }],
  ['a trip stops a device in shadow', { operation: 'tripped', shadow: true }, { kind: 'estop' }],
  ['read-only writes nothing, not even a stop', { operation: 'tripped', readOnly: true }, NONE],
  ['maintenance writes nothing', { operation: 'maintenance' }, NONE],
  ['a fault holds', { operation: 'fault' }, HOLD],
  ['under local control an order writes nothing', { local: true }, NONE],
  ['shadow writes nothing', { shadow: true }, NONE],
];
for (const [title, change, wanted] of WANTED)
  test(title, () => assert.equal(wantedPosture({ ...SITUATION, ...change }), wanted));

test('power is wanted only while an order is under way, whatever else is the case', () => {
  const postures = fc.constantFrom<Posture | undefined>(
    undefined,
    HOLD,
    power(2000),
    power(-2000),
    { kind: 'release', charge: true, discharge: true },
    { kind: 'estop' },
  );
  const operations = fc.constantFrom<OperationState>(
    'standby',
    'fault',
    'tripped',
    'maintenance',
    'charging',
    'discharging',
    'stopping',
  );
  const flags = fc.record({
    readOnly: fc.boolean(),
    shadow: fc.boolean(),
    local: fc.boolean(),
    hybrid: fc.boolean(),
    forced: fc.boolean(),
    releaseBlocked: fc.boolean(),
  });
  const permits = fc.option(
    fc.record({
      maxChargeW: roomW,
      maxDischargeW: roomW,
      epoch: fc.constantFrom(6, 7),
      expiresAtMs: fc.constantFrom(0, 10_000),
    }),
    { nil: undefined },
  );
  fc.assert(
    fc.property(
      operations,
      postures,
      flags,
      permits,
      anyW,
      fc.constantFrom('ac', 'battery'),
      anyW,
      (operation, posture, switches, given, w, reference, acW) => {
        const s: Situation = {
          ...SITUATION,
          ...switches,
          operation,
          posture,
          acW,
          permit: given && permit(given),
          context: { ...SITUATION.context, order: { ...ORDER, w, reference } },
        };
        const wanted = wantedPosture(s);
        if (wanted.kind !== 'power') return;
        assert.ok(['charging', 'discharging', 'stopping'].includes(operation));
        assert.ok(!s.readOnly && !s.shadow && !s.local);
        assert.ok(given?.epoch === 7 && given.expiresAtMs > s.nowMs);
        assert.ok(wanted.w !== 0 && wanted.w <= given.maxDischargeW && wanted.w >= -given.maxChargeW);
        if (posture?.kind === 'power') assert.ok(posture.w * wanted.w > 0);
      },
    ),
    { numRuns: 5000 },
  );
});

const ENDS: readonly (readonly [code: string | undefined, change: Partial<Situation>])[] = [
  [undefined, {}],
  ['EXPIRED', { nowMs: 9000 }],
  ['STALE_EPOCH', { epoch: 8 }],
  ['READ_ONLY', { readOnly: true }],
  ['LOCAL', { local: true }],
  ['FOREIGN_CONTROL', { foreignControl: true }],
  ['PERMIT_LAPSED', { permit: permit({ expiresAtMs: 1000 }) }],
  ['PERMIT_LAPSED', { permit: undefined }],
  ['LIMIT', { permit: permit({ maxDischargeW: 0 }) }],
  [undefined, { permit: permit({ maxChargeW: 0 }) }],
  [
    'NOT_FOLLOWING',
    { posture: power(3000), effect: { targetW: 3000, writtenAtMs: 0, hits: 0, misses: 2, state: 'not_following' } },
  ],
  [undefined, { effect: { targetW: 0, writtenAtMs: 0, hits: 0, misses: 2, state: 'not_following' } }],
];
for (const [code, change] of ENDS) {
  test(`an order ${code === undefined ? 'goes on' : `ends with ${code}`}: ${JSON.stringify(change)}`, () => {
    assert.is(endOfOrder({ ...SITUATION, ...change }, ORDER), code);
  });
}

test('an order at the AC terminal of a hybrid leaves PV its part, and is zero while PV is not known', () => {
  const ac: Order = { ...ORDER, w: 5000, reference: 'ac' };
  assert.is(batteryTarget({ hybrid: true, acW: 4000, batteryW: 1000 }, ac), 2000);
  assert.is(batteryTarget({ hybrid: true, acW: undefined, batteryW: 1000 }, ac), 0);
  assert.is(batteryTarget({ hybrid: true, acW: 4000, batteryW: undefined }, ac), 0);
  assert.is(batteryTarget({ hybrid: false, acW: 4000, batteryW: 1000 }, ac), 5000);
  assert.is(batteryTarget({ hybrid: true, acW: 4000, batteryW: 1000 }, { ...ac, reference: 'battery' }), 5000);
});

test('PV that moves by less than 2 % of the rating or 200 W does not rewrite an AC order', () => {
  const order: Order = { ...ORDER, w: 5000, reference: 'ac' };
  const s = {
    ...SITUATION,
    hybrid: true,
    posture: power(2000),
    batteryW: 2000,
    context: { ...SITUATION.context, order },
  };
  assert.equal(wantedPosture({ ...s, acW: 5200 }), power(2000));
  assert.equal(wantedPosture({ ...s, acW: 5201 }), power(1799));
});

test('two postures are the same when they differ by less than a watt and not in direction', () => {
  assert.ok(samePosture(power(100), power(100.9)));
  assert.not.ok(samePosture(power(100), power(101)));
  assert.not.ok(samePosture(power(0.4), power(-0.4)));
  assert.not.ok(samePosture(undefined, HOLD));
  assert.not.ok(
    samePosture(
      { kind: 'release', charge: true, discharge: true },
      { kind: 'release', charge: false, discharge: true },
    ),
  );
});

test('once its order has ended a battery stands by, and all else is as it was', () => {
  const over = withoutOrder(SITUATION);
  assert.equal(over, { ...SITUATION, operation: 'standby', context: { ...SITUATION.context, order: undefined } });
});

test('a battery power is told at the AC terminal of a hybrid with its PV on top, and as it is anywhere else', () => {
  const ac: Order = { ...ORDER, w: 5000, reference: 'ac' };
  const seen = { hybrid: true, acW: 4000, batteryW: 1000 };
  assert.equal([inReference(seen, ac, 2000), inReference(seen, ac, -500)], [5000, 2500]);
  assert.equal([inReference(seen, ORDER, 2000), inReference({ ...seen, hybrid: false }, ac, 2000)], [2000, 2000]);
});

const STANDS: readonly (readonly [title: string, change: Partial<Situation>, stands: string])[] = [
  ['what was ordered stands', { posture: power(3000) }, 'steady'],
  ['it is on its way', { posture: power(2000) }, 'ramping'],
  ['it has not begun', { posture: HOLD }, 'ramping'],
  ['nobody knows what stands', { posture: undefined }, 'ramping'],
  ['all that the permit allows stands', { posture: power(1000), permit: permit({ maxDischargeW: 1000 }) }, 'limited'],
  [
    'it must still come down to the permit',
    { posture: power(3000), permit: permit({ maxDischargeW: 1000 }) },
    'ramping',
  ],
  [
    'the room of the other direction does not matter',
    { posture: power(3000), permit: permit({ maxChargeW: 0 }) },
    'steady',
  ],
  ['without a live permit it goes to zero', { posture: power(3000), permit: undefined }, 'ramping'],
  ['half a watt is no difference', { posture: power(2999.5) }, 'steady'],
  ['one watt is', { posture: power(2999) }, 'ramping'],
  ['half a watt less is no limit', { posture: power(2999.5), permit: permit({ maxDischargeW: 2999.5 }) }, 'steady'],
  ['one watt less is', { posture: power(2999), permit: permit({ maxDischargeW: 2999 }) }, 'limited'],
];
for (const [title, change, stands] of STANDS) {
  test(`the setpoint of an order: ${title}`, () => {
    assert.is(setpointState({ ...SITUATION, ...change }, ORDER), stands);
  });
}

test.run();
