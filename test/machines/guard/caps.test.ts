/** Caps for a battery that nobody may be there to stop; the numbers are worked out by hand from control rules 2 and 6. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { capsOf, deadmanOf, estopBudgetMs } from '../../../machines/guard/caps.ts';
import { asset, huawei, lfp } from '../support.ts';

const test = suite('caps');
const large = asset({ capacityWh: 100_000, maxChargePowerW: 100_000, maxDischargePowerW: 80_000, efficiency: 0.81 });

test('stopping a Huawei takes four writes with their gaps, and 20 s until the power is gone', () => {
  assert.is(estopBudgetMs(huawei), 4 * (50 + 250) + 20_000);
});

test('T is stale limit, dead-man and stop; the battery may not get from its limit to its critical limit in it', () => {
  // T = 8.8 + 120 + 21.2 = 150 s; η₁ = 0.9.
  const caps = capsOf({ ...large, unprovenDeadmanMaxW: 1e9 }, huawei, lfp, 8800);
  near(caps.dischargeW, (36 * (10 - 5) * 100_000 * 0.9) / 150); // 108 kW
  near(caps.chargeW, (36 * (98 - 95) * 100_000) / 0.9 / 150); // 80 kW
  near(caps.dischargeW, 108_000);
  near(caps.chargeW, 80_000);
});

test('a worn battery is capped in proportion to its health', () => {
  const caps = capsOf({ ...large, unprovenDeadmanMaxW: 1e9 }, huawei, lfp, 8800, { soh: 0.5 });
  near(caps.dischargeW, 54_000);
  near(caps.chargeW, 40_000);
});

test('while the dead-man is unproven half of the smaller rating is allowed, or what the site says', () => {
  assert.equal(
    [capsOf(large, huawei, lfp, 8800).chargeW, capsOf(large, huawei, lfp, 8800).dischargeW],
    [40_000, 40_000],
  );
  assert.is(capsOf({ ...large, unprovenDeadmanMaxW: 7000 }, huawei, lfp, 8800).deadman.maxW, 7000);
  assert.is(deadmanOf(huawei).state, 'unproven');
});

test('a device without a dead-man counts an hour', () => {
  const { control: _control, ...readable } = huawei;
  const caps = capsOf({ ...large, unprovenDeadmanMaxW: 1e9 }, readable, lfp, 0);
  near(caps.dischargeW, (36 * 5 * 100_000 * 0.9) / 3600);
  assert.equal([caps.deadman.state, caps.deadman.timeMs], ['failed', 3_600_000]);
});

test('limits without room between stop and critical leave no unattended power', () => {
  const tight = { ...lfp, soc: { ...lfp.soc, minPct: 5, maxPct: 98 } };
  const { chargeW, dischargeW } = capsOf(large, huawei, tight, 8800);
  assert.equal([chargeW, dischargeW], [0, 0]);
});

test('every cap that narrows is explained, and so is every row that the profile switches off', () => {
  const why = capsOf({ ...large, capacityWh: 10_000 }, huawei, lfp, 8800).why.map(({ what }) => what);
  assert.equal(why, [
    'power ≤ 40000 W',
    'discharge ≤ 10800 W',
    'charge ≤ 8000 W',
    'no limits on cellVoltageMaxV',
    'no limits on cellVoltageMinV',
    'no limits on cellSpreadMv',
    'no limits on contactorOpen',
  ]);
});

test('a cap that takes nothing from the rating is not explained', () => {
  const proof = { state: 'proven', timeMs: 120_000 } as const;
  const whyOf = (chargeW: number, dischargeW: number): readonly string[] => {
    const rated = { ...large, maxChargePowerW: chargeW, maxDischargePowerW: dischargeW };
    return capsOf(rated, huawei, lfp, 8800, { proof })
      .why.map(({ what }) => what)
      .filter((what) => what.includes('≤'));
  };
  const { chargeW, dischargeW } = capsOf(large, huawei, lfp, 8800, { proof });
  assert.equal(whyOf(chargeW, dischargeW), []);
  assert.equal(whyOf(chargeW + 1, dischargeW + 1), ['discharge ≤ 108000 W', 'charge ≤ 80000 W']);
});

test.run();

function near(found: number, expected: number): void {
  assert.ok(Math.abs(found - expected) < 1e-6 * expected, `${found}, expected ${expected}`);
}
