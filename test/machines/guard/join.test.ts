/** Joining the frames of an asset and of its battery management system: the worst of both, and nothing invented. */
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Measurand } from '../../../contracts/profile.ts';
import { joinBms } from '../../../machines/guard/join.ts';
import type { BmsPlan } from '../../../machines/guard/join.ts';
import { believe } from '../../../machines/guard/measurands.ts';
import { asset, frame, guardConfig, judgeAll, sample, without } from '../support.ts';

const test = suite('battery management system');
const plan = (...offers: Measurand[]): BmsPlan => ({ id: 'a-bms', offers: new Set(offers) });

test('both are believed: the lowest and the highest of the two', () => {
  const { frame: joined, silent } = joinBms(
    frame({ socPct: [50], temperatureC: [25] }),
    frame({ socPct: [44], temperatureC: [31, 12] }),
    plan('socPct', 'temperatureC'),
    0,
  );
  assert.equal(believe(joined, 'socPct', 0), { min: 44, max: 50, staleAtMs: 8000 });
  assert.equal(believe(joined, 'temperatureC', 0), { min: 12, max: 31, staleAtMs: 8000 });
  assert.equal(silent, []);
});

test('the permit ends with the sample that is stale first, whoever gave it', () => {
  const early = frame({ socPct: [sample(50, 0, { staleAtMs: 1234 })] });
  const joined = joinBms(frame(), early, plan('socPct'), 0).frame;
  assert.is(judgeAll([joined]).permit.expiresAtMs, 1234);
});

test('without a frame of it everything that it should measure is missing', () => {
  const offers = ['socPct', 'cellVoltageMaxV', 'contactorOpen'] as const;
  const { frame: joined, silent } = joinBms(without(frame(), 'cellVoltageMaxV'), undefined, plan(...offers), 0);
  assert.equal(silent, ['socPct', 'cellVoltageMaxV', 'contactorOpen']);
  for (const measurand of offers) assert.is(believe(joined, measurand, 0), 'missing');
});

test('what it does not offer is the business of the inverter alone', () => {
  const joined = joinBms(frame({ socPct: [50] }), frame({ socPct: [3] }), plan('temperatureC'), 0).frame;
  assert.equal(believe(joined, 'socPct', 0), { min: 50, max: 50, staleAtMs: 8000 });
});

test('power that flows is what the inverter says, where it says anything', () => {
  const bms = frame({ batteryPowerW: [4700] });
  const both = joinBms(frame({ batteryPowerW: [5000] }), bms, plan('batteryPowerW'), 0).frame;
  assert.is(both.readings.batteryPowerW?.[0]?.value, 5000);
  const alone = joinBms(frame(), bms, plan('batteryPowerW'), 0).frame;
  assert.is(alone.readings.batteryPowerW?.[0]?.value, 4700);
});

test('joining never makes a permit larger, whatever the management system says', () => {
  const percent = fc.double({ min: 0, max: 100, noNaN: true });
  fc.assert(
    fc.property(percent, percent, fc.integer({ min: -30, max: 65 }), fc.boolean(), (own, theirs, celsius, there) => {
      const mine = frame({ socPct: [own] });
      const bms = there ? frame({ socPct: [theirs], temperatureC: [celsius] }) : undefined;
      const config = guardConfig({ asset: asset({ id: 'a' }) });
      const alone = judgeAll([mine], config).permit;
      const joined = judgeAll([joinBms(mine, bms, plan('socPct', 'temperatureC'), 0).frame], config).permit;
      assert.ok(joined.maxChargeW <= alone.maxChargeW && joined.maxDischargeW <= alone.maxDischargeW);
    }),
    { numRuns: 2000 },
  );
});

test.run();
