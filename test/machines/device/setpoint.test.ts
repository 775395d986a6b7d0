/** From an order to the power that is written: permit, ramp, zero at a reversal. */
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { clampToPermit, nextSetpoint } from '../../../machines/device/setpoint.ts';

const test = suite('setpoint');

const OPEN = { maxChargeW: 5000, maxDischargeW: 4000 };

/** target, power in place, ramp W/s, elapsed ms → written. */
const STEPS: readonly (readonly [
  title: string,
  target: number,
  current: number,
  rate: number,
  elapsed: number,
  expected: number,
])[] = [
  ['an order within the permit is written at once under a fast ramp', 3000, 0, 1e6, 1000, 3000],
  ['more than the permit is cut to it', 9000, 0, 1e6, 1000, 4000],
  ['charging has its own permit', -9000, 0, 1e6, 1000, -5000],
  ['a ramp limits the step up', 3000, 0, 100, 1000, 100],
  ['a ramp limits the step down', 0, 3000, 100, 1000, 2900],
  ['a cut by the permit knows no ramp', 9000, 9000, 1, 1000, 4000],
  ['a cut by the permit while charging knows no ramp', -9000, -9000, 1, 1000, -5000],
  ['a reversal goes to zero first, however fast the ramp', -3000, 3000, 1e6, 1000, 0],
  ['a reversal of charging goes to zero first', 3000, -3000, 1e6, 1000, 0],
  ['a reversal follows the ramp down', -3000, 3000, 1000, 1000, 2000],
  ['from zero the new direction begins', -3000, 0, 1e6, 1000, -3000],
  ['a ramp that would go further ends at the target', 3000, 1000, 2500, 1000, 3000],
  ['and so does one downwards', 1000, 3000, 2500, 1000, 1000],
  ['no time gives no step', 3000, 1000, 100, 0, 1000],
  ['a target that is no number is zero', Number.NaN, 0, 1e6, 1000, 0],
  ['a power in place that is no number counts as zero', 3000, Number.NaN, 100, 1000, 100],
  ['a ramp that is no number moves nothing', 3000, 1000, Number.NaN, 1000, 0],
  ['an infinite target is the permit', Number.POSITIVE_INFINITY, 0, 1e6, 1000, 4000],
];
for (const [title, targetW, currentW, rampRateWPerS, elapsedMs, expected] of STEPS) {
  test(title, () => assert.is(nextSetpoint({ targetW, currentW, permit: OPEN, rampRateWPerS, elapsedMs }), expected));
}

test('a reversal passes through zero also when the permit closes the old direction in the same moment', () => {
  for (const [currentW, targetW] of [
    [3000, -3000],
    [-3000, 3000],
  ] as const) {
    const closed = currentW > 0 ? { ...OPEN, maxDischargeW: 0 } : { ...OPEN, maxChargeW: 0 };
    const written = nextSetpoint({ targetW, currentW, permit: closed, rampRateWPerS: 1e6, elapsedMs: 1000 });
    assert.is(Math.abs(written), 0);
  }
});

test('a permit that is no number is none', () => {
  assert.is(clampToPermit(1000, { maxChargeW: 1, maxDischargeW: Number.NaN }), 0);
  assert.is(Math.abs(clampToPermit(-1000, { maxChargeW: Number.NaN, maxDischargeW: 1 })), 0);
  assert.is(Math.abs(clampToPermit(-1000, { maxChargeW: -5, maxDischargeW: 1 })), 0);
});

const anyW = fc.double({ min: -20_000, max: 20_000, noNaN: true });
const roomW = fc.double({ min: 0, max: 10_000, noNaN: true });

test('what is written is never outside the permit, never past the target, never of the other sign than before', () => {
  fc.assert(
    fc.property(
      anyW,
      anyW,
      roomW,
      roomW,
      roomW,
      fc.nat(5000),
      (targetW, currentW, maxChargeW, maxDischargeW, rampRateWPerS, elapsedMs) => {
        const w = nextSetpoint({ targetW, currentW, permit: { maxChargeW, maxDischargeW }, rampRateWPerS, elapsedMs });
        assert.ok(w <= maxDischargeW && w >= -maxChargeW);
        assert.ok(Math.sign(w) * Math.sign(currentW) >= 0, 'through zero');
        const start = clampToPermit(currentW, { maxChargeW, maxDischargeW });
        assert.ok(Math.abs(w - start) <= (rampRateWPerS * elapsedMs) / 1000 + 1e-6, 'no faster than the ramp');
        assert.ok(w <= Math.max(start, targetW, 0) + 1e-6 && w >= Math.min(start, targetW, 0) - 1e-6, 'no overshoot');
      },
    ),
    { numRuns: 5000 },
  );
});

test.run();
