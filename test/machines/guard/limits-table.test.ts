/** Every row of the limits table with lfp.json: just before, at and past its action, and its release. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Measurand } from '../../../contracts/profile.ts';
import type { PermitReason } from '../../../contracts/permit.ts';
import { frame, guardConfig, judgeAll, series, asset } from '../support.ts';
import { UNJUDGED } from '../../../machines/guard/guard.ts';

const test = suite('limits table');

/** A path of values; expected are the permits in W (base 10 kW) after its last one. */
type Row = readonly [title: string, path: readonly number[], charge: number, discharge: number];

function table(measurand: Measurand, rows: readonly Row[]): void {
  for (const [title, path, charge, discharge] of rows) {
    test(`${measurand} ${path.join(' → ')}: ${title}`, () => {
      const { permit } = judgeAll(series(measurand, path), guardConfig(), UNJUDGED);
      assert.is(round(permit.maxChargeW), charge);
      assert.is(round(permit.maxDischargeW), discharge);
    });
  }
}

// The guard starts unjudged: rows between action and release count as engaged. SOC moves in steps that are no jumps.
table('socPct', [
  ['no row applies', [50], 10_000, 10_000],
  ['just above the derating', [17.1], 10_000, 10_000],
  ['at its release the derating still counts as engaged', [17], 10_000, 5000],
  ['between action and release the derating counts as engaged at start', [16], 10_000, 5000],
  ['at the derating', [15], 10_000, 5000],
  ['just above the derating coming from above nothing is halved', [17.1, 16, 15.1], 10_000, 10_000],
  ['the derating engages at 15 %', [17.1, 16, 15], 10_000, 5000],
  ['the derating stays until 17 % is passed', [15, 16, 17], 10_000, 5000],
  ['the derating is released above 17 %', [15, 16, 17.1], 10_000, 10_000],
  ['above the lower limit, between action and release: engaged at start', [10.1], 10_000, 0],
  ['at the lower limit', [10], 1000, 0],
  ['the lower limit stays until 12 % is passed', [10, 11, 12], 10_000, 0],
  ['the lower limit is released above 12 %, the derating stays', [10, 11, 12.1], 10_000, 5000],
  ['just above critical low, coming down: no discharge, full charge', [12.1, 11, 10, 9, 8, 7, 6, 5.1], 10_000, 0],
  ['critical low: charge at 0.1 C, no discharge', [12.1, 11, 10, 9, 8, 7, 6, 5], 1000, 0],
  ['critical low is held at 10 %', [5, 6, 7, 8, 9, 10], 1000, 0],
  ['critical low is released above 10 %', [5, 6, 7, 8, 9, 10, 10.1], 10_000, 0],
  ['empty', [0], 1000, 0],
  ['the taper has not begun', [90], 10_000, 10_000],
  ['the taper begins without a step', [90.001], 9998, 10_000],
  ['half way through the taper', [92.5], 6000, 10_000],
  ['the last point of the taper is 20 %, coming from below', [92, 93, 94, 94.999], 2002, 10_000],
  ['at the upper limit', [95], 0, 10_000],
  ['between release and action the upper limit counts as engaged at start', [94], 0, 10_000],
  ['the upper limit stays until it falls below 93 %', [95, 94, 93], 0, 10_000],
  ['the upper limit is released below 93 %, into the taper', [95, 94, 92.9], 5360, 10_000],
  ['critical high still discharges', [98], 0, 10_000],
  ['full', [100], 0, 10_000],
]);

table('temperatureC', [
  ['at freezing', [0], 0, 10_000],
  ['below freezing', [-0.1], 0, 10_000],
  ['between action and release counts as frozen at start', [1], 0, 10_000],
  ['the lock is held at 2 °C', [0, 2], 0, 10_000],
  ['the lock is released above 2 °C, into the taper', [0, 2.1], 2100, 10_000],
  ['the taper goes down to nothing, coming from above', [5, 0.1], 100, 10_000],
  ['half of the taper', [5], 5000, 10_000],
  ['the end of the taper', [10], 10_000, 10_000],
  ['just before the end of the taper', [9.999], 9999, 10_000],
  ['cold, coming from above, just above the derating', [-6, -9.9], 0, 10_000],
  ['cold: discharge halved', [-10], 0, 5000],
  ['the cold derating is held 3 °C above', [-10, -7], 0, 5000],
  ['the cold derating is released', [-10, -6.9], 0, 10_000],
  ['colder, coming from above', [-16, -19.9], 0, 5000],
  ['colder: no discharge', [-20], 0, 0],
  ['no discharge is held 3 °C above', [-20, -17], 0, 0],
  ['no discharge is released 3 °C above', [-20, -16.9], 0, 5000],
  ['just under warm', [41.9, 44.9], 10_000, 10_000],
  ['warm, from below', [41.9, 45], 5000, 5000],
  ['at 45 °C a guard that just started counts hot as engaged', [45], 0, 0],
  ['warm is held at 42 °C', [45, 42], 5000, 5000],
  ['warm is released below 42 °C', [45, 41.9], 10_000, 10_000],
  ['between 42 and 45 °C counts as warm at start', [43], 5000, 5000],
  ['just under hot', [44.9, 49.9], 5000, 5000],
  ['hot', [50], 0, 0],
  ['hot is held at 45 °C', [50, 45], 0, 0],
  ['hot is released below 45 °C, warm stays', [50, 44.9], 5000, 5000],
  ['between 45 and 50 °C counts as hot at start', [47], 0, 0],
  ['too hot', [55], 0, 0],
]);

table('cellSpreadMv', [
  ['even', [149], 10_000, 10_000],
  ['just under the derating, from below', [100, 199.9], 10_000, 10_000],
  ['derating', [200], 0, 0],
  ['derating, from below', [100, 200], 5000, 5000],
  ['derating is held at 150 mV', [100, 200, 150], 5000, 5000],
  ['derating is released below 150 mV', [100, 200, 149.9], 10_000, 10_000],
  ['stop', [100, 300], 0, 0],
  ['stop is held at 200 mV', [300, 200], 0, 0],
  ['stop is released below 200 mV, derating stays', [300, 199.9], 5000, 5000],
]);

table('cellVoltageMaxV', [
  ['just under the upper bound, from below', [3.5, 3.649], 10_000, 10_000],
  ['at the upper bound: no charge, discharge goes on', [3.65], 0, 10_000],
  ['held until 0.05 V inside', [3.65, 3.6], 0, 10_000],
  ['released 0.05 V inside', [3.65, 3.599], 10_000, 10_000],
]);

table('cellVoltageMinV', [
  ['just above the lower bound, from above', [3, 2.501], 10_000, 10_000],
  ['at the lower bound: no discharge, charge goes on', [2.5], 10_000, 0],
  ['held until 0.05 V inside', [2.5, 2.55], 10_000, 0],
  ['released 0.05 V inside', [2.5, 2.551], 10_000, 10_000],
]);

table('maxChargeNowW', [
  ['the device allows less charging', [1234], 1234, 10_000],
  ['the device allows none', [0], 0, 10_000],
  ['a negative limit is none', [-5], 0, 10_000],
]);
table('maxDischargeNowW', [
  ['the device allows less discharging', [1234], 10_000, 1234],
  ['the device allows none', [0], 10_000, 0],
]);
table('contactorOpen', [['an open contactor stops both directions', [1], 0, 0]]);
table('insulationFault', [['an insulation fault stops both directions', [1], 0, 0]]);

test('a reserve of the site stops discharge at its value and releases 2 % above', () => {
  const config = guardConfig({ asset: asset({ reserveSocPct: 30 }) });
  const discharge = (...path: number[]): number =>
    judgeAll(series('socPct', path), config, UNJUDGED).permit.maxDischargeW;
  assert.equal([discharge(30.1), discharge(32), discharge(32.1)], [0, 0, 10_000]);
  assert.equal([discharge(33, 32, 31, 30.1), discharge(33, 32, 31, 30)], [10_000, 0]);
});

test('of several sensors the hottest, the coldest, the emptiest and the fullest count', () => {
  const of = (values: Parameters<typeof frame>[0]): [number, number] => {
    const { permit } = judgeAll([frame(values)]);
    return [permit.maxChargeW, permit.maxDischargeW];
  };
  assert.equal(of({ temperatureC: [25, 50, 30] }), [0, 0]);
  assert.equal(of({ temperatureC: [25, 0, 30] }), [0, 10_000]);
  assert.equal(of({ temperatureC: [5, 46] }), [0, 0]);
  assert.equal(of({ socPct: [96, 9] }), [0, 0]);
  assert.equal(of({ maxDischargeNowW: [4000, 3000, 9000] }), [10_000, 3000]);
  assert.equal(of({ contactorOpen: [0, 1, 0] }), [0, 0]);
  assert.equal(of({ gridVoltageV: [230, 230, 190] }), [0, 0]);
});

test('a taper never has a step: 0.01 % of charge or 0.01 °C change the permit by less than 0.2 %', () => {
  const charge = (measurand: Measurand, value: number): number =>
    judgeAll(series(measurand, [value]), guardConfig(), released()).permit.maxChargeW;
  for (const [measurand, from, to] of [
    ['socPct', 85, 94.99],
    ['temperatureC', 2.01, 12],
  ] as const) {
    for (let value = from; value < to; value += 0.01) {
      const step = Math.abs(charge(measurand, value + 0.01 > to ? to : value + 0.01) - charge(measurand, value));
      assert.ok(step <= 20, `${measurand} ${value}: ${step} W`);
    }
  }
});

test('each row raises its alarm with its priority', () => {
  const ids = (values: Parameters<typeof frame>[0]): string[] =>
    judgeAll([frame(values)]).alarms.map(({ id, severity }) => `${severity} ${id}`);
  assert.equal(ids({}), []);
  assert.equal(ids({ socPct: [5] }), ['P1 soc-critical-low']);
  assert.equal(ids({ socPct: [98] }), ['P2 soc-critical-high']);
  assert.equal(ids({ temperatureC: [45] }), ['P3 battery-warm', 'P1 battery-hot']);
  assert.equal(ids({ temperatureC: [43] }), ['P3 battery-warm']);
  assert.equal(ids({ cellSpreadMv: [200] }), ['P3 cell-spread']);
});

test('every narrowing names its reason in the direction that it narrows', () => {
  const reasons = (values: Parameters<typeof frame>[0]): [readonly PermitReason[], readonly PermitReason[]] => {
    const { charge, discharge } = judgeAll([frame(values)]).permit.reasons;
    return [charge, discharge];
  };
  assert.equal(reasons({}), [[], []]);
  assert.equal(reasons({ socPct: [16] }), [[], ['SOC_LOW_DERATE']]);
  assert.equal(reasons({ socPct: [92.9] }), [['SOC_TAPER'], []]);
  assert.equal(reasons({ temperatureC: [5] }), [['COLD_CHARGE_TAPER'], []]);
  assert.equal(reasons({ temperatureC: [43] }), [['HOT_DERATE'], ['HOT_DERATE']]);
  assert.equal(reasons({ maxChargeNowW: [100] }), [['DEVICE_LIMIT'], []]);
  assert.equal(reasons({ contactorOpen: [1] }), [['CONTACTOR_OPEN'], ['CONTACTOR_OPEN']]);
  assert.equal(reasons({ insulationFault: [1] }), [['INSULATION_FAULT'], ['INSULATION_FAULT']]);
});

test.run();

/** A guard whose rows were all released before. */
function released(): typeof UNJUDGED {
  const { engaged } = judgeAll([frame()]).state;
  return { ...UNJUDGED, engaged };
}

function round(watts: number): number {
  return Math.round(watts);
}
