/** A device that is told AC power: its battery gives the losses on top, and the permit leaves room for them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { asset, frame, guardConfig, judgeAll } from '../support.ts';

const EFFICIENCY = 0.81;
const PERMIT_W = 10_000;

/** The permit of an asset of 10 kW whose one way is 0.9, with AC and battery power as they are measured. */
function permitOf(acPowerW: number, batteryPowerW: number, acSetpoint = true) {
  const config = { ...guardConfig({ asset: asset({ efficiency: EFFICIENCY }) }), acSetpoint };
  return judgeAll([frame({ acPowerW: [acPowerW], batteryPowerW: [batteryPowerW] })], config).permit;
}

const ROWS: readonly (readonly [title: string, acW: number, batteryW: number, dischargeW: number])[] = [
  ['at rest one way of the efficiency counts', 0, 0, 9000],
  ['while it charges too', -5000, -4500, 9000],
  ['losses as they are stated', 7200, 8000, 9000],
  ['smaller losses than stated widen nothing', 7800, 8000, 9000],
  ['larger losses than stated, as they are measured', 6800, 8000, 8500],
  ['two powers that cannot belong together are not believed below 0.8', 1000, 8000, 8000],
  ['at little power the standing losses say nothing', 3000, 4900, 9000],
];

for (const [title, acW, batteryW, dischargeW] of ROWS)
  test(`${title}: ${dischargeW} W of ${PERMIT_W} W`, () => {
    const { maxChargeW, maxDischargeW, reasons } = permitOf(acW, batteryW);
    assert.is(Math.round(maxDischargeW), dischargeW);
    assert.is(maxChargeW, PERMIT_W, 'of a charge less arrives than goes in');
    assert.ok(reasons.discharge.includes('AC_LOSSES'));
  });

test('a device that is told battery power keeps the whole permit', () => {
  assert.is(permitOf(7200, 8000, false).maxDischargeW, PERMIT_W);
});

test('a direction that is closed stays closed, without a word of losses', () => {
  const config = { ...guardConfig(), acSetpoint: true };
  const { permit } = judgeAll([frame({ socPct: [9] })], config);
  assert.is(permit.maxDischargeW, 0);
  assert.not.ok(permit.reasons.discharge.includes('AC_LOSSES'));
});

test.run();
