/** Shares in steps of the registers that take them. */
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { resolutionWOf } from '../../../machines/site/resolution.ts';
import { roundShares } from '../../../machines/site/rounding.ts';
import type { RoundedUnit } from '../../../machines/site/rounding.ts';
import { huawei } from '../support.ts';

const test = suite('rounding');
const unit = (w: number, resolutionW = 1, roomW = 1e6): RoundedUnit => ({ w, roomW, resolutionW });

test('the largest remainder gets the watt that flooring would lose', () => {
  assert.equal(roundShares([unit(33_333.3), unit(33_333.6), unit(33_333.1)]), [33_333, 33_334, 33_333]);
  assert.equal(roundShares([unit(10.5), unit(10.5)]), [11, 10]);
});

test('what does not make a whole step is left, never added', () => {
  assert.equal(roundShares([unit(10.4), unit(10.4)]), [10, 10]);
  assert.equal(roundShares([unit(149, 100)]), [100]);
});

test('a share that fills its room is not rounded over it', () => {
  assert.equal(roundShares([unit(10.9, 1, 10.9), unit(10.1)]), [10, 11]);
});

test('a share is rounded up to its room, not only below it', () => {
  assert.equal(roundShares([unit(9.5, 1, 10), unit(9.5, 1, 10)]), [10, 9]);
});

test('the largest part of a step counts, not the most watts', () => {
  assert.equal(roundShares([unit(160, 100), unit(95, 50)]), [100, 100]);
});

test('what is left over by floating point alone gets no step, and keeps none back', () => {
  assert.equal(roundShares([unit(1e-6), unit(0.999_998_5, 1, 0.9)]), [0, 0]);
  assert.equal(roundShares([unit(0.5), unit(0.499_999)]), [1, 0]);
  assert.equal(roundShares([unit(0.6, 1, 0.999_999), unit(0.4)]), [1, 0]);
});

test('a share that misses its whole step by less than a millionth of it has that step, however coarse the register', () => {
  assert.equal(roundShares([unit(2999.9995, 1000)]), [3000]);
  assert.equal(roundShares([unit(2999.9985, 1000)]), [2000]);
});

test('coarse and fine registers beside each other', () => {
  assert.equal(roundShares([unit(1470, 100), unit(1530, 10)]), [1400, 1530]);
});

test('the sum is never more than was to be shared, and less by no more than one step can hold', () => {
  const units = fc.array(
    fc.record({
      w: fc.double({ min: 0, max: 1e5, noNaN: true }),
      resolutionW: fc.constantFrom(0.1, 1, 10),
    }),
    { minLength: 1, maxLength: 10 },
  );
  fc.assert(
    fc.property(units, (rows) => {
      const all = rows.map(({ w, resolutionW }) => unit(w, resolutionW));
      const rounded = roundShares(all);
      const [before, after] = [all.reduce((sum, { w }) => sum + w, 0), rounded.reduce((sum, w) => sum + w, 0)];
      assert.ok(after <= before + 1e-4, `${after} of ${before}`);
      rounded.forEach((w, at) => {
        const { resolutionW, w: share } = all[at] as RoundedUnit;
        assert.ok(Math.abs(w - share) <= resolutionW + 1e-4);
        assert.ok(Math.abs(w / resolutionW - Math.round(w / resolutionW)) < 1e-6);
      });
      if (rows.every(({ resolutionW }) => resolutionW === 1)) assert.ok(before - after < 1 + 1e-4);
    }),
    { numRuns: 3000 },
  );
});

test('the step is that of the register which takes the power', () => {
  assert.is(resolutionWOf(huawei, 'charge'), 1);
  const { forcible_charge_power: row } = huawei.points;
  assert.ok(row);
  const tenths = { ...huawei, points: { ...huawei.points, forcible_charge_power: { ...row, gain: 0.1 } } };
  assert.is(resolutionWOf(tenths, 'charge'), 10);
  const { control: _none, ...meter } = huawei;
  assert.is(resolutionWOf(meter, 'charge'), 1);
});

test.run();
