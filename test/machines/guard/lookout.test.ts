/** The lookout says nothing that the judgement does not say too. */
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Measurand } from '../../../contracts/profile.ts';
import { judge, UNJUDGED } from '../../../machines/guard/guard.ts';
import { lookOut, lookoutsOf, withoutClosed } from '../../../machines/guard/lookout.ts';
import type { Closed } from '../../../machines/guard/lookout.ts';
import { ARMED, asset, CALM, frame, guardConfig, judgeAll, lfp, NO_CEILING, sample } from '../support.ts';

const test = suite('lookout');

/** As a device shows them: a value of each, often exactly at a bound of the limits file. */
const VALUES = {
  socPct: fc.oneof(fc.double({ min: 0, max: 100, noNaN: true }), fc.constantFrom(0, 5, 10, 20, 95, 98)),
  temperatureC: fc.oneof(fc.double({ min: -30, max: 65, noNaN: true }), fc.constantFrom(-20, 0, 50, 55)),
  cellVoltageMaxV: fc.oneof(fc.double({ min: 3, max: 3.8, noNaN: true }), fc.constantFrom(lfp.cell.maxV)),
  cellVoltageMinV: fc.oneof(fc.double({ min: 2.3, max: 3.3, noNaN: true }), fc.constantFrom(lfp.cell.minV)),
  cellSpreadMv: fc.oneof(fc.double({ min: 0, max: 400, noNaN: true }), fc.constantFrom(lfp.cell.spreadStopMv)),
} as const satisfies Partial<Record<Measurand, fc.Arbitrary<number>>>;
const NAMES = Object.keys(VALUES) as (keyof typeof VALUES)[];

const config = guardConfig({ asset: asset({ reserveSocPct: 20 }) });

function closedBy(measurand: Measurand, value: number): Closed {
  const lookouts = lookoutsOf(config).filter((one) => one.measurand === measurand);
  return lookOut({}, lookouts, value);
}

for (const name of NAMES) {
  test(`a direction that ${name} closes is closed by the judgement, after a calm frame and as the first one, also in a calibration`, () => {
    fc.assert(
      fc.property(VALUES[name], fc.boolean(), fc.boolean(), (value, first, calibrating) => {
        const closed = closedBy(name, value);
        const before = first ? UNJUDGED : judgeAll([frame({})], config).state;
        const seen = frame({ [name]: [CALM[name][0], sample(value)] });
        const { permit } = judge(before, seen, NO_CEILING, config, ARMED, 0, { calibrating });
        if (closed.charge !== undefined) assert.is(permit.maxChargeW, 0, `${value} closes charging`);
        if (closed.discharge !== undefined) assert.is(permit.maxDischargeW, 0, `${value} closes discharging`);
      }),
      { numRuns: 500 },
    );
  });
}

const ROWS: readonly (readonly [string, Measurand, number, Closed])[] = [
  ['49.9 °C', 'temperatureC', 49.9, {}],
  ['50 °C', 'temperatureC', 50, { charge: 'HOT_STOP', discharge: 'HOT_STOP' }],
  ['0.1 °C', 'temperatureC', 0.1, {}],
  ['0 °C', 'temperatureC', 0, { charge: 'COLD_NO_CHARGE' }],
  ['-20 °C', 'temperatureC', -20, { charge: 'COLD_NO_CHARGE', discharge: 'COLD_NO_DISCHARGE' }],
  ['a spread at its limit', 'cellSpreadMv', lfp.cell.spreadStopMv, { charge: 'CELL_SPREAD_STOP', discharge: 'CELL_SPREAD_STOP' }], // prettier-ignore
  ['a cell at its highest', 'cellVoltageMaxV', lfp.cell.maxV, { charge: 'CELL_HIGH' }],
  ['a cell at its lowest', 'cellVoltageMinV', lfp.cell.minV, { discharge: 'CELL_LOW' }],
  ['the reserve of the site', 'socPct', 20, { discharge: 'SOC_RESERVE' }],
  ['more than the reserve', 'socPct', 20.1, {}],
  ['the lowest state of charge', 'socPct', lfp.soc.minPct, { discharge: 'SOC_LOW' }],
  ['a state of charge over which only a calibration goes', 'socPct', lfp.soc.maxPct, {}],
  ['the critical state of charge', 'socPct', lfp.soc.criticalHighPct, { charge: 'SOC_CRITICAL_HIGH' }],
];
for (const [what, measurand, value, closed] of ROWS) {
  test(`${what} closes ${Object.keys(closed).join(' and ') || 'nothing'}`, () => {
    assert.equal(closedBy(measurand, value), closed);
  });
}

test('what trips the asset is left to the judgement, since another sequence is written then', () => {
  assert.equal(closedBy('temperatureC', lfp.temperature.tripC - 0.1), { charge: 'HOT_STOP', discharge: 'HOT_STOP' });
  assert.equal(closedBy('temperatureC', lfp.temperature.tripC), {});
});

test('where a battery management system of its own joins in, nobody knows yet whose value counts', () => {
  assert.equal(lookoutsOf({ ...config, bms: { id: 'b', offers: new Set() } }), []);
});

test('of a permit the closed directions are taken, each with its reason, and nothing else', () => {
  const { permit } = judgeAll([frame({})], config);
  assert.is(withoutClosed(permit, {}), permit);
  assert.equal(withoutClosed(permit, { charge: 'CELL_HIGH' }), {
    ...permit,
    maxChargeW: 0,
    reasons: { charge: [...permit.reasons.charge, 'CELL_HIGH'], discharge: permit.reasons.discharge },
  });
  assert.equal(withoutClosed(permit, { discharge: 'CELL_LOW' }), {
    ...permit,
    maxDischargeW: 0,
    reasons: { charge: permit.reasons.charge, discharge: [...permit.reasons.discharge, 'CELL_LOW'] },
  });
});

test.run();
