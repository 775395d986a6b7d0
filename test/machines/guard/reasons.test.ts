/** Which reasons each row of the limits table and each input of the guard gives, per direction; calibration; proven dead-men. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Sample, TelemetryFrame } from '../../../contracts/telemetry.ts';
import { capsOf, deadmanOf } from '../../../machines/guard/caps.ts';
import { judge, UNJUDGED } from '../../../machines/guard/guard.ts';
import type { Circumstances, GuardConfig, GuardState } from '../../../machines/guard/guard.ts';
import { joinBms } from '../../../machines/guard/join.ts';
import { ARMED, asset, frame, guardConfig, huawei, lfp, NO_CAPS, NO_CEILING } from '../support.ts';
import type { Values } from '../support.ts';

const test = suite('guard, its reasons');

const told = (
  one: TelemetryFrame,
  config: Partial<GuardConfig> = {},
  more: Circumstances = {},
  start: GuardState = UNJUDGED,
) => judge(start, one, NO_CEILING, guardConfig(config), ARMED, one.receivedAtMs, more);
const reasonsOf = (values: Values, config?: Partial<GuardConfig>): readonly [string, string] => {
  const { charge, discharge } = told(frame(values), config).permit.reasons;
  return [charge.join(' '), discharge.join(' ')];
};

const ROWS: readonly (readonly [values: Values, charge: string, discharge: string])[] = [
  [{}, '', ''],
  [{ socPct: [4] }, 'SOC_CRITICAL_LOW', 'SOC_CRITICAL_LOW SOC_LOW'],
  [{ socPct: [12] }, '', 'SOC_LOW'],
  [{ socPct: [13] }, '', 'SOC_LOW_DERATE'],
  [{ socPct: [92] }, 'SOC_TAPER', ''],
  [{ socPct: [90] }, '', ''],
  [{ socPct: [97] }, 'SOC_TAPER SOC_HIGH SOC_CRITICAL_HIGH', ''],
  [{ temperatureC: [0] }, 'COLD_NO_CHARGE COLD_CHARGE_TAPER', ''],
  [{ temperatureC: [5] }, 'COLD_CHARGE_TAPER', ''],
  [{ temperatureC: [10] }, '', ''],
  [{ temperatureC: [-12] }, 'COLD_NO_CHARGE COLD_CHARGE_TAPER', 'COLD_DERATE'],
  [{ temperatureC: [-21] }, 'COLD_NO_CHARGE COLD_CHARGE_TAPER', 'COLD_DERATE COLD_NO_DISCHARGE'],
  [{ temperatureC: [44] }, 'HOT_DERATE', 'HOT_DERATE'],
  [{ temperatureC: [51] }, 'HOT_DERATE HOT_STOP', 'HOT_DERATE HOT_STOP'],
  [{ temperatureC: [55] }, 'HOT_DERATE HOT_STOP TRIPPED', 'HOT_DERATE HOT_STOP TRIPPED'],
  [{ cellSpreadMv: [190] }, 'CELL_SPREAD_DERATE', 'CELL_SPREAD_DERATE'],
  [{ cellSpreadMv: [300] }, 'CELL_SPREAD_DERATE CELL_SPREAD_STOP', 'CELL_SPREAD_DERATE CELL_SPREAD_STOP'],
  [{ cellVoltageMaxV: [3.65] }, 'CELL_HIGH', ''],
  [{ cellVoltageMinV: [2.5] }, '', 'CELL_LOW'],
  [{ socPct: [] }, 'MISSING', 'MISSING'],
  [{ temperatureC: [] }, 'MISSING', 'MISSING'],
  [{ cellSpreadMv: [] }, 'MISSING', 'MISSING'],
  [{ cellVoltageMaxV: [] }, 'MISSING', ''],
  [{ cellVoltageMinV: [] }, '', 'MISSING'],
  [{ gridVoltageV: [] }, 'MISSING', 'MISSING'],
  [{ gridFrequencyHz: [] }, 'MISSING', 'MISSING'],
  [{ contactorOpen: [] }, 'MISSING', 'MISSING'],
  [{ alarms: [] }, 'MISSING', 'MISSING'],
  [{ contactorOpen: [1] }, 'CONTACTOR_OPEN', 'CONTACTOR_OPEN'],
  [{ insulationFault: [0, 1] }, 'INSULATION_FAULT', 'INSULATION_FAULT'],
  [{ maxChargeNowW: [900] }, 'DEVICE_LIMIT', ''],
  [{ maxDischargeNowW: [900] }, '', 'DEVICE_LIMIT'],
  [{ maxChargeNowW: [] }, 'DEVICE_LIMIT', ''],
  [{ maxChargeNowW: [10_000], maxDischargeNowW: [10_000] }, '', ''],
  [{ gridVoltageV: [253] }, '', ''],
  [{ gridVoltageV: [253.1] }, 'GRID_WINDOW', 'GRID_WINDOW'],
  [{ gridVoltageV: [195.4] }, 'GRID_WINDOW', 'GRID_WINDOW'],
  [{ gridFrequencyHz: [51.6] }, 'GRID_WINDOW', 'GRID_WINDOW'],
];
for (const [values, charge, discharge] of ROWS)
  test(`${JSON.stringify(values)} gives charge: ${charge || 'nothing'}, discharge: ${discharge || 'nothing'}`, () =>
    assert.equal(reasonsOf(values), [charge, discharge]));

test('the reserve of the site, the cap of a dead-man and the E-stop are named as such', () => {
  const reserved = { asset: asset({ reserveSocPct: 30 }) };
  assert.equal(reasonsOf({ socPct: [29] }, reserved), ['', 'SOC_RESERVE']);
  assert.equal(reasonsOf({ socPct: [32] }, reserved), ['', 'SOC_RESERVE'], 'held until 2 % above it');
  assert.equal(reasonsOf({ socPct: [32.1] }, reserved), ['', '']);
  assert.equal(reasonsOf({}, { caps: { ...NO_CAPS, chargeW: 10_000, dischargeW: 9000 } }), ['', 'DEADMAN_CAP']);
  const latched = judge(UNJUDGED, frame(), NO_CEILING, guardConfig(), { epoch: 7, latched: true }, 0);
  assert.equal(latched.permit.reasons, { charge: ['ESTOP_LATCHED'], discharge: ['ESTOP_LATCHED'] });
});

test('every row has its own hysteresis', () => {
  const { engaged } = told(frame(), { asset: asset({ reserveSocPct: 30 }) }).state;
  assert.equal(Object.keys(engaged), [
    'SOC_CRITICAL_LOW',
    'SOC_LOW',
    'SOC_RESERVE',
    'SOC_LOW_DERATE',
    'SOC_HIGH',
    'SOC_CRITICAL_HIGH',
    'COLD_NO_CHARGE',
    'COLD_DERATE',
    'COLD_NO_DISCHARGE',
    'HOT_DERATE',
    'HOT_STOP',
    'HOT_TRIP',
    'CELL_SPREAD_DERATE',
    'CELL_SPREAD_STOP',
    'CELL_HIGH',
    'CELL_LOW',
  ]);
  const without = told(frame(), { asset: asset({ reserveSocPct: 0 }) }).state.engaged;
  assert.is('SOC_RESERVE' in without, false, 'a site without a reserve has no such row');
});

test('a cell trips only while it is outside its bounds, not while its row waits for the release', () => {
  const of = (values: Values): boolean => {
    const { state } = told(frame(values, 1000));
    return state.cellOutsideSinceMs !== undefined;
  };
  assert.equal([of({ cellVoltageMaxV: [3.65] }), of({ cellVoltageMaxV: [3.64] })], [true, false]);
  assert.equal([of({ cellVoltageMinV: [2.5] }), of({ cellVoltageMinV: [2.51] })], [true, false]);
});

test('what a silent management system should measure is named, and only where something is missing', () => {
  const silent = { silent: ['socPct'] } as const;
  const missing = told(frame({ cellVoltageMaxV: [] }), {}, silent).permit.reasons;
  assert.equal(missing, { charge: ['MISSING', 'BMS_MISSING'], discharge: [] });
  assert.equal(told(frame(), {}, silent).permit.reasons, { charge: [], discharge: [] });
  assert.equal(told(frame({ cellVoltageMaxV: [] })).permit.reasons, { charge: ['MISSING'], discharge: [] });
});

test('alarms of both count where a battery has a management system of its own', () => {
  const alarm = (name: string): TelemetryFrame['alarms'][number] => ({ name, effect: 'stop' }) as never;
  const plan = { id: 'a-bms', offers: new Set(['socPct'] as const) };
  const own = frame({}, 0, { alarms: [alarm('own')] });
  const of = (bms: TelemetryFrame | undefined) => joinBms(own, bms, plan, 0).frame.alarms.map(({ name }) => name);
  assert.equal([of(frame({}, 0, { alarms: [alarm('theirs')] })), of(undefined)], [['own', 'theirs'], ['own']]);
});

test('of power that flows the inverter alone is believed, where it says anything', () => {
  const plan = { id: 'a-bms', offers: new Set(['batteryPowerW'] as const) };
  const joined = joinBms(frame({ batteryPowerW: [5000] }), frame({ batteryPowerW: [4000] }), plan, 0).frame;
  assert.equal(
    joined.readings.batteryPowerW?.map(({ value }: Sample) => value),
    [5000],
  );
});

const CALIBRATION: readonly (readonly [title: string, values: Values, chargeW: number, reason: string])[] = [
  ['at 10 °C', { temperatureC: [10] }, 1000, 'SOC_TAPER CALIBRATION'],
  ['at 40 °C', { temperatureC: [40] }, 1000, 'SOC_TAPER CALIBRATION'],
  ['colder', { temperatureC: [25, 9.9] }, 0, 'SOC_TAPER SOC_HIGH'],
  ['warmer', { temperatureC: [25, 40.1] }, 0, 'SOC_TAPER SOC_HIGH'],
  ['without a temperature', { temperatureC: [] }, 0, 'SOC_TAPER MISSING SOC_HIGH'],
  ['critically full', { socPct: [98] }, 0, 'SOC_TAPER CALIBRATION SOC_CRITICAL_HIGH'],
];
for (const [title, values, chargeW, reason] of CALIBRATION)
  test(`an authorised calibration charge ${title}: ${chargeW} W`, () => {
    const full = told(frame({ socPct: [94] })).state;
    const { permit } = told(
      frame({ socPct: [95], ...values }, 1000),
      {},
      { calibrating: true },
      { ...full, seen: UNJUDGED.seen, engaged: { ...full.engaged, SOC_CRITICAL_HIGH: false } },
    );
    assert.equal([permit.maxChargeW, permit.reasons.charge.join(' ')], [chargeW, reason]);
  });

test('nobody calibrates a battery whose dead-man failed, or without being asked', () => {
  const full = { ...UNJUDGED, engaged: { SOC_CRITICAL_HIGH: false } };
  const of = (state: 'proven' | 'failed', calibrating: boolean): number =>
    told(
      frame({ socPct: [95] }),
      { caps: { ...NO_CAPS, deadman: { ...NO_CAPS.deadman, state } } },
      { calibrating },
      full,
    ).permit.maxChargeW;
  assert.equal([of('proven', true), of('failed', true), of('proven', false)], [1000, 0, 0]);
});

test('a drill counts before what the profile declares: proven with its time, failed as no dead-man', () => {
  assert.equal(deadmanOf(huawei, { state: 'proven', timeMs: 90_000 }), { state: 'proven', timeMs: 90_000 });
  assert.equal(deadmanOf(huawei, { state: 'failed', timeMs: 90_000 }), { state: 'failed', timeMs: 3_600_000 });
  const large = asset({ capacityWh: 1e6, maxChargePowerW: 100_000, maxDischargePowerW: 80_000 });
  const caps = capsOf(large, huawei, lfp, 8800, { proof: { state: 'proven', timeMs: 60_000 } });
  assert.is(caps.deadman.maxW, 80_000, 'a proven dead-man takes nothing from the rating');
  assert.ok(caps.why.every(({ what }) => what.startsWith('no limits on')));
});

test('a cap that takes nothing from either rating is not told, one that takes from the larger is', () => {
  const large = asset({ capacityWh: 1e9, maxChargePowerW: 100_000, maxDischargePowerW: 80_000 });
  const of = (unprovenDeadmanMaxW: number): number =>
    capsOf({ ...large, unprovenDeadmanMaxW }, huawei, lfp, 8800).why.filter(({ what }) => what.startsWith('power'))
      .length;
  assert.equal([of(100_000), of(99_999), of(80_000)], [0, 1, 1]);
});

test.run();
