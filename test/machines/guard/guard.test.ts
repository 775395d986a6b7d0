/** The guard over time and against bad input: trips, cells, grid, device states, missing and doubted values, the latch. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Measurand } from '../../../contracts/profile.ts';
import type { Sample, TelemetryFrame } from '../../../contracts/telemetry.ts';
import { judge, UNJUDGED } from '../../../machines/guard/guard.ts';
import type { GuardState, Judgement } from '../../../machines/guard/guard.ts';
import {
  ARMED,
  asset,
  CALM,
  frame,
  guardConfig,
  judgeAll,
  NO_CAPS,
  NO_CEILING,
  sample,
  series,
  STALE_AFTER_MS,
  without,
} from '../support.ts';
import type { Values } from '../support.ts';

const test = suite('guard');

test('a calm battery gets its rating both ways', () => {
  const { permit, alarms, trip, fault, causeGone } = judgeAll([frame()]);
  assert.equal([permit.maxChargeW, permit.maxDischargeW, permit.epoch], [10_000, 10_000, 7]);
  assert.equal([alarms, trip, fault, causeGone], [[], undefined, undefined, true]);
});

/** What blocks when it is not there: both directions, or the one that it protects. */
const PROTECTS: readonly (readonly [Measurand, charge: boolean, discharge: boolean])[] = [
  ['socPct', true, true],
  ['temperatureC', true, true],
  ['cellSpreadMv', true, true],
  ['cellVoltageMaxV', true, false],
  ['cellVoltageMinV', false, true],
  ['maxChargeNowW', true, false],
  ['maxDischargeNowW', false, true],
  ['gridVoltageV', true, true],
  ['gridFrequencyHz', true, true],
  ['contactorOpen', true, true],
  ['insulationFault', true, true],
  ['alarms', true, true],
  ['inverterState', true, true],
];

const BAD: Readonly<Record<string, (good: Sample) => readonly Sample[]>> = {
  'is declared and has no sample': () => [],
  'is missing': (good) => [{ ...good, value: undefined, quality: 'missing' }],
  'is stale by its quality': (good) => [{ ...good, quality: 'stale' }],
  'is stale at this very moment': (good) => [{ ...good, staleAtMs: 0 }],
  'is suspect': (good) => [{ ...good, quality: 'suspect' }],
  'is NaN': (good) => [{ ...good, value: Number.NaN }],
  'is infinite': (good) => [{ ...good, value: Number.POSITIVE_INFINITY }],
  'is a text': (good) => [{ ...good, value: '50' }],
  'has a staleness of NaN': (good) => [{ ...good, staleAtMs: Number.NaN }],
  'is missing on one of two sensors': (good) => [good, { ...good, value: undefined, quality: 'missing' }],
};

for (const [measurand, charge, discharge] of PROTECTS) {
  for (const [title, spoil] of Object.entries(BAD)) {
    test(`${measurand} that ${title} blocks exactly what it protects`, () => {
      const { permit } = judgeAll([frame({ [measurand]: spoil(sample(CALM[measurand as keyof typeof CALM][0])) })]);
      assert.is(permit.maxChargeW, charge ? 0 : 10_000);
      assert.is(permit.maxDischargeW, discharge ? 0 : 10_000);
    });
  }
  test(`${measurand} that the device family does not offer switches its row off`, () => {
    const { permit } = judgeAll([without(frame(), measurand)]);
    assert.equal([permit.maxChargeW, permit.maxDischargeW], [10_000, 10_000]);
  });
}

test('a permit ends when the first of its inputs turns stale, whichever that is', () => {
  for (const measurand of Object.keys(CALM) as (keyof typeof CALM)[]) {
    const early = CALM[measurand].map((value, at) => sample(value, 0, { staleAtMs: at === 0 ? 1234 : 8000 }));
    assert.is(judgeAll([frame({ [measurand]: early })]).permit.expiresAtMs, 1234, measurand);
  }
  assert.is(judgeAll([frame()]).permit.expiresAtMs, STALE_AFTER_MS);
});

test('a frame without a single input gives no permit that could be used', () => {
  const { permit } = judgeAll([{ ...frame(), readings: {} }]);
  assert.is(permit.expiresAtMs, 0);
});

test('the hottest sensor at 55 °C trips the asset, once', () => {
  const hot = judgeAll([frame({ temperatureC: [25, 55] })]);
  assert.is(hot.trip?.reason, 'HOT_TRIP');
  assert.is(hot.state.tripped, true);
  assert.is(judgeAll([frame({ temperatureC: [25, 54.9] })]).trip, undefined);
  assert.is(next(hot, { temperatureC: [60] }, 1000).trip, undefined);
});

test('a tripped asset gets no permit when it has cooled down, before somebody resets it', () => {
  const cool = next(judgeAll([frame({ temperatureC: [55] })]), { temperatureC: [25] }, 1000);
  assert.equal([cool.permit.maxChargeW, cool.permit.maxDischargeW], [0, 0]);
  assert.ok(cool.permit.reasons.charge.includes('TRIPPED'));
  const reset = judge({ ...cool.state, tripped: false }, frame({}, 2000), NO_CEILING, guardConfig(), ARMED, 2000);
  assert.is(reset.permit.maxChargeW, 10_000);
});

test('the cause of a trip by heat is gone only under 45 °C', () => {
  const hot = judgeAll([frame({ temperatureC: [55] })]);
  assert.is(hot.causeGone, false);
  assert.is(next(hot, { temperatureC: [45] }, 1000).causeGone, false);
  assert.is(next(hot, { temperatureC: [44.9] }, 1000).causeGone, true);
  assert.is(next(hot, { temperatureC: [{ ...sample(20), quality: 'missing' }] }, 1000).causeGone, false);
});

test('a reset under a cause that stands trips again', () => {
  const hot = judgeAll([frame({ temperatureC: [55] })]);
  const again = judge(
    { ...hot.state, tripped: false },
    frame({ temperatureC: [55] }, 1000),
    NO_CEILING,
    guardConfig(),
    ARMED,
    1000,
  );
  assert.is(again.trip?.reason, 'HOT_TRIP');
});

for (const [measurand, bad, good, release] of [
  ['cellVoltageMaxV', 3.7, 3.35, 3.6],
  ['cellVoltageMinV', 2.4, 3.25, 2.55],
] as const) {
  test(`${measurand} outside for 2 s trips, for less it does not`, () => {
    const at = (...values: readonly (readonly [number, number])[]): Judgement =>
      judgeAll(values.map(([nowMs, value]) => frame({ [measurand]: [value] }, nowMs)));
    assert.is(at([0, bad], [1999, bad]).trip, undefined);
    assert.is(at([0, bad], [2000, bad]).trip?.reason, 'CELL_TRIP');
    assert.is(at([0, bad], [1000, good], [2000, bad], [3999, bad]).trip, undefined);
    assert.is(at([0, bad], [1000, good], [2000, bad], [4000, bad]).trip?.reason, 'CELL_TRIP');
  });

  test(`a silent ${measurand} between two bad ones does not start the 2 s anew`, () => {
    const silent = { ...sample(good), value: undefined, quality: 'missing' as const };
    const judged = judgeAll([
      frame({ [measurand]: [bad] }),
      frame({ [measurand]: [silent] }, 1000),
      frame({ [measurand]: [bad] }, 2000),
    ]);
    assert.is(judged.trip?.reason, 'CELL_TRIP');
  });

  test(`silence alone is no proof: ${measurand} bad and then silent does not trip`, () => {
    const silent = { ...sample(good), value: undefined, quality: 'missing' as const };
    const judged = judgeAll([frame({ [measurand]: [bad] }), frame({ [measurand]: [silent] }, 5000)]);
    assert.is(judged.trip, undefined);
    assert.is(judged.causeGone, false);
  });

  test(`the cause of a trip by ${measurand} is gone only 0.05 V inside its bound`, () => {
    const tripped = judgeAll([frame({ [measurand]: [bad] }), frame({ [measurand]: [bad] }, 2000)]);
    assert.is(tripped.causeGone, false);
    assert.is(next(tripped, { [measurand]: [release] }, 3000).causeGone, false);
    assert.is(next(tripped, { [measurand]: [good] }, 3000).causeGone, true);
  });
}

test('the grid window holds just inside and blocks just outside', () => {
  const charge = (values: Values): number => judgeAll([frame(values)]).permit.maxChargeW;
  assert.equal([charge({ gridVoltageV: [195.5] }), charge({ gridVoltageV: [195.4] })], [10_000, 0]);
  assert.equal([charge({ gridVoltageV: [253] }), charge({ gridVoltageV: [253.1] })], [10_000, 0]);
  assert.equal([charge({ gridFrequencyHz: [47.5] }), charge({ gridFrequencyHz: [47.49] })], [10_000, 0]);
  assert.equal([charge({ gridFrequencyHz: [51.5] }), charge({ gridFrequencyHz: [51.51] })], [10_000, 0]);
});

const OUT: Values = { gridFrequencyHz: [52] };
/** Inside, seen every second from the one moment to the other. */
const inside = (fromMs: number, toMs: number): (readonly [number, Values])[] => [
  ...Array.from({ length: Math.floor((toMs - fromMs) / 1000) }, (_, n) => [fromMs + 1000 * n, {}] as const),
  [toMs, {}],
];

test('the grid has to stay inside its window for 300 s before power is given again', () => {
  const charge = (atMs: number): number => chargeAfter([[0, OUT], ...inside(1000, atMs)]);
  assert.equal([charge(1000), charge(300_999), charge(301_000)], [0, 0, 10_000]);
  assert.is(chargeAfter([[0, OUT], ...inside(1000, 199_000), [200_000, OUT], ...inside(201_000, 301_000)]), 0);
});

test('time in which the grid was not seen does not count as time inside', () => {
  const unseen: Values = { gridVoltageV: [{ ...sample(230), quality: 'missing' }] };
  assert.is(chargeAfter([[0, OUT], [1000, {}], [2000, unseen], ...inside(3000, 302_000)]), 0);
  const island = (nowMs: number): TelemetryFrame => frame(OUT, nowMs, { offGrid: true });
  const after = inside(302_000, 601_999).map(([atMs, values]) => frame(values, atMs));
  const judged = judgeAll([frame(OUT), frame({}, 1000), island(2000), ...after]);
  assert.is(judged.permit.maxChargeW, 0);
  assert.is(next(judged, {}, 602_000).permit.maxChargeW, 10_000);
});

test('nor does time in which no frame came, from the moment on at which what was seen last is stale', () => {
  const charge = (backAtMs: number, atMs: number): number =>
    chargeAfter([[0, OUT], ...inside(1000, 100_000), ...inside(backAtMs, atMs)]);
  assert.is(charge(99_999 + STALE_AFTER_MS, 301_000), 10_000);
  assert.is(charge(100_000 + STALE_AFTER_MS, 301_000), 0);
  assert.equal([charge(108_000, 407_999), charge(108_000, 408_000)], [0, 10_000], 'counted anew');
});

test('a device that feeds a backup island is not held by the grid window', () => {
  const { permit } = judgeAll([frame({ gridVoltageV: [0], gridFrequencyHz: [0] }, 0, { offGrid: true })]);
  assert.is(permit.maxDischargeW, 10_000);
});

test('without a nominal voltage only the frequency is judged', () => {
  const config = guardConfig({ nominalVoltageV: undefined });
  assert.is(judgeAll([frame({ gridVoltageV: [1] })], config).permit.maxChargeW, 10_000);
  assert.is(judgeAll([frame(OUT)], config).permit.maxChargeW, 0);
});

test('an alarm that stops and an inverter in fault leave no power and say which', () => {
  const alarm = { name: 'dc_arc', severity: 'P1', effect: 'stop' } as const;
  const stopped = judgeAll([frame({}, 0, { alarms: [alarm] })]);
  assert.is(stopped.fault, 'the device reports dc_arc');
  assert.equal([stopped.permit.maxChargeW, stopped.permit.maxDischargeW], [0, 0]);
  assert.equal(stopped.permit.reasons.charge, ['DEVICE_ALARM']);
  const faulty = judgeAll([frame({}, 0, { inverter: 'fault' })]);
  assert.equal([faulty.permit.maxChargeW, faulty.permit.reasons.charge[0]], [0, 'DEVICE_FAULT']);
  const told = judgeAll([frame({}, 0, { alarms: [{ ...alarm, effect: 'none' }] })]);
  assert.equal([told.fault, told.permit.maxChargeW], [undefined, 10_000]);
});

test('the emergency stop leaves no power whatever the battery says', () => {
  const { permit } = judge(UNJUDGED, frame(), NO_CEILING, guardConfig(), { epoch: 8, latched: true }, 0);
  assert.equal([permit.epoch, permit.maxChargeW, permit.maxDischargeW], [8, 0, 0]);
});

test('caps and the limits found in the device narrow, and an invalid one is none', () => {
  const of = (chargeW: number, dischargeW: number): [number, number] => {
    const caps = { ...NO_CAPS, chargeW, dischargeW };
    const byCap = judgeAll([frame()], guardConfig({ caps })).permit;
    const byCeiling = judge(UNJUDGED, frame(), { chargeW, dischargeW }, guardConfig(), ARMED, 0).permit;
    assert.equal([byCap.maxChargeW, byCap.maxDischargeW], [byCeiling.maxChargeW, byCeiling.maxDischargeW]);
    return [byCap.maxChargeW, byCap.maxDischargeW];
  };
  assert.equal(of(4000, 3000), [4000, 3000]);
  assert.equal(of(Number.NaN, 3000), [0, 3000]);
  assert.equal(of(4000, Number.NaN), [4000, 0]);
  assert.equal(of(-1, Number.NEGATIVE_INFINITY), [0, 0]);
});

test('a state of charge that jumps is doubted until the series has settled', () => {
  const soc = (...path: number[]): number => judgeAll(series('socPct', path)).permit.maxChargeW;
  assert.equal([soc(50, 51.5), soc(50, 51.7)], [10_000, 0]);
  assert.equal([soc(50, 20, 20), soc(50, 20, 20, 20), soc(50, 20, 20, 20, 20)], [0, 0, 10_000]);
  assert.is(soc(50, 20, 50, 50, 50), 0, 'the way back is a jump too');
  assert.ok(judgeAll(series('socPct', [50, 20])).permit.reasons.charge.includes('IMPLAUSIBLE'));
});

test('frames without a state of charge settle nothing', () => {
  const silent = { ...sample(0), value: undefined, quality: 'missing' as const };
  const values: Values[] = [
    { socPct: [50] },
    { socPct: [90] },
    { socPct: [silent] },
    { socPct: [silent] },
    { socPct: [silent] },
    { socPct: [90] },
  ];
  assert.is(judgeAll(values.map((value, at) => frame(value, at * 1000))).permit.maxDischargeW, 0);
});

test('the same frame judged twice is no second witness', () => {
  const jumped = judgeAll(series('socPct', [50, 20]));
  let state: GuardState = jumped.state;
  for (let again = 0; again < 5; again += 1)
    state = judge(state, frame({ socPct: [20] }, 1000), NO_CEILING, guardConfig(), ARMED, 1000).state;
  assert.is(next({ ...jumped, state }, { socPct: [20] }, 2000).permit.maxChargeW, 0);
});

test('values equal to the last digit while 1 % of the energy flowed are frozen; then a series has to be shown', () => {
  // 10 kW out of 10 kWh: 1 % in 36 s.
  const flowing: Values = { batteryPowerW: [10_000], voltageV: [400] };
  const still = [frame(flowing), frame(flowing, 35_999)];
  assert.is(judgeAll(still).permit.maxDischargeW, 10_000);
  const frozen = judgeAll([...still, frame(flowing, 36_000)]);
  assert.equal([frozen.permit.maxDischargeW, frozen.permit.reasons.charge], [0, ['FROZEN']]);
  const moved = (at: number): TelemetryFrame => frame({ ...flowing, voltageV: [400 + at / 1000] }, 36_000 + at);
  const discharge = (count: number): number =>
    judgeAll([...still, frame(flowing, 36_000), ...Array.from({ length: count }, (_, at) => moved((at + 1) * 1000))])
      .permit.maxDischargeW;
  assert.equal([discharge(1), discharge(2), discharge(3)], [0, 0, 10_000]);
});

test('a battery at rest may show the same values for a day', () => {
  const rest: Values = { batteryPowerW: [0] };
  assert.is(judgeAll([frame(rest), frame(rest, 86_400_000)]).permit.maxDischargeW, 10_000);
});

test('one asset is judged by its own maximum', () => {
  const { permit } = judgeAll(
    [frame()],
    guardConfig({ asset: asset({ maxChargePowerW: 3000, maxDischargePowerW: 4000 }) }),
  );
  assert.equal([permit.maxChargeW, permit.maxDischargeW], [3000, 4000]);
});

test.run();

function next(before: Judgement, values: Values, nowMs: number): Judgement {
  return judge(before.state, frame(values, nowMs), NO_CEILING, guardConfig(), ARMED, nowMs);
}

function chargeAfter(path: readonly (readonly [number, Values])[]): number {
  return judgeAll(path.map(([nowMs, values]) => frame(values, nowMs))).permit.maxChargeW;
}
