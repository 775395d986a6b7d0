/** The guard on its edges: bases per direction, the grid's window, what is not there, and a contactor that opens under an order. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createActor } from 'xstate';
import type { TelemetryFrame } from '../../../contracts/telemetry.ts';
import { NO_POWER } from '../../../machines/guard/caps.ts';
import { guardMachine } from '../../../machines/guard/guard.machine.ts';
import { judge, UNJUDGED } from '../../../machines/guard/guard.ts';
import type { Circumstances, GuardConfig, GuardState, Judgement } from '../../../machines/guard/guard.ts';
import { joinBms } from '../../../machines/guard/join.ts';
import { virtualClock } from '../../../supervisor/clock.ts';
import { ARMED, asset, frame, guardConfig, lfp, NO_CEILING, sample, without } from '../support.ts';

const test = suite('guard, its edges');

const told = (
  one: TelemetryFrame,
  config: Partial<GuardConfig> = {},
  more: Circumstances = {},
  start: GuardState = UNJUDGED,
): Judgement => judge(start, one, NO_CEILING, guardConfig(config), ARMED, one.receivedAtMs, more);
const reasonsOf = ({ permit: { reasons } }: Judgement): readonly [string, string] => [
  reasons.charge.join(' '),
  reasons.discharge.join(' '),
];

test('a factor is one of the rating of its own direction', () => {
  const lopsided = { asset: asset({ maxChargePowerW: 4000, maxDischargePowerW: 8000 }) };
  const { permit } = told(frame({ temperatureC: [44] }), lopsided);
  assert.equal([permit.maxChargeW, permit.maxDischargeW], [2000, 4000]);
});

test('a row that takes no more than another is not named', () => {
  const both = told(frame({ socPct: [13], cellSpreadMv: [190] }));
  assert.equal(reasonsOf(both), ['CELL_SPREAD_DERATE', 'SOC_LOW_DERATE']);
});

test('a calibration charge is named also where another row narrows more', () => {
  const start = { ...UNJUDGED, engaged: { SOC_CRITICAL_HIGH: false } };
  const small = { asset: asset({ maxChargePowerW: 4000 }) };
  const { permit } = told(frame({ socPct: [95] }), small, { calibrating: true }, start);
  assert.equal([Math.round(permit.maxChargeW), permit.reasons.charge], [800, ['SOC_TAPER', 'CALIBRATION']]);
});

test('the taper in the cold begins where the limits file says', () => {
  const temperature = { ...lfp.temperature, noChargeC: 2, noChargeReleaseC: 4, chargeTaperEndC: 12 };
  assert.is(told(frame({ temperatureC: [7] }), { limits: { ...lfp, temperature } }).permit.maxChargeW, 5000);
});

test('the window of the grid includes its edges', () => {
  const of = (volts: number): readonly [string, string] =>
    reasonsOf(told(frame({ gridVoltageV: [volts] }), { nominalVoltageV: 200, voltagePct: [75, 125] }));
  assert.equal(
    [of(150), of(250)],
    [
      ['', ''],
      ['', ''],
    ],
  );
  for (const volts of [149.9, 250.1]) assert.equal(of(volts), ['GRID_WINDOW', 'GRID_WINDOW']);
});

test('after the grid was outside, the time inside is waited for under the same name', () => {
  const { state } = told(frame({ gridFrequencyHz: [52] }));
  assert.equal(reasonsOf(told(frame({}, 1000), {}, {}, state)), ['GRID_WINDOW', 'GRID_WINDOW']);
});

test('a grid that nobody saw for a moment, and that was never outside, needs no waiting', () => {
  for (const unseen of [frame({ gridVoltageV: [] }), frame({}, 0, { offGrid: true })]) {
    const { state } = told(unseen);
    assert.equal(reasonsOf(told(frame({}, 1000), {}, {}, state)), ['', '']);
  }
});

test('the grid was unseen as soon as one of its values came after the last ones were stale', () => {
  const waits = { ...UNJUDGED, gridInsideSinceMs: 0, gridSeenUntilMs: 400_000 };
  const of = (one: TelemetryFrame): string => reasonsOf(told(one, {}, {}, waits))[0];
  const seen = frame({ gridVoltageV: [sample(230, 399_999)], gridFrequencyHz: [sample(50, 399_999)] }, 400_000);
  assert.is(of(seen), '', '300 s inside are over');
  const late = { gridVoltageV: [sample(230, 400_000)], gridFrequencyHz: [sample(50, 399_999)] };
  assert.is(of(frame(late, 400_000)), 'GRID_WINDOW');
  assert.is(of(without(frame({}, 400_000), 'gridFrequencyHz')), 'GRID_WINDOW', 'a device that shows no frequency');
  assert.is(of(without(frame({}, 400_000), 'gridVoltageV')), 'GRID_WINDOW', 'a device that shows no voltage');
});

test('what the device family does not have shortens no permit', () => {
  const one = without(frame(), 'contactorOpen', 'gridVoltageV', 'maxChargeNowW');
  const { permit } = told(one);
  assert.equal([permit.expiresAtMs, permit.maxChargeW], [8000, 10_000]);
});

test('a limit of the device that comes beside its frame is named as one', () => {
  const ceiling = { chargeW: 900, dischargeW: 10_000 };
  const judged = judge(UNJUDGED, frame(), ceiling, guardConfig(), ARMED, 0);
  assert.equal(reasonsOf(judged), ['DEVICE_LIMIT', '']);
});

test('a contactor that is open under an order is a fault, one that is open at rest is none', () => {
  const of = (open: number, orderedW: number): boolean =>
    told(frame({ contactorOpen: [open] }), {}, { orderedW }).fault !== undefined;
  assert.equal([of(1, 3000), of(1, -3000), of(1, 0), of(0, 3000)], [true, true, false, false]);
  assert.equal(reasonsOf(told(frame({ contactorOpen: [1] }), {}, { orderedW: 3000 })), [
    'CONTACTOR_OPEN',
    'CONTACTOR_OPEN',
  ]);
});

test('an insulation monitor that says nothing reports no fault, and blocks', () => {
  const judged = told(frame({ insulationFault: [sample(0, 0, { value: undefined, quality: 'missing' })] }));
  assert.is(judged.fault, undefined);
  assert.equal(reasonsOf(judged), ['MISSING', 'MISSING']);
});

test('a management system whose value is missing or stale is silent on it', () => {
  const plan = { id: 'a-bms', offers: new Set(['socPct', 'temperatureC'] as const) };
  const of = (bms: TelemetryFrame, nowMs = 0): readonly string[] => joinBms(frame({}, nowMs), bms, plan, nowMs).silent;
  assert.equal(of(frame()), []);
  assert.equal(of(frame({ socPct: [] })), ['socPct']);
  assert.equal(of(frame(), 8000), ['socPct', 'temperatureC']);
});

const JOINED = [
  'socPct',
  'sohPct',
  'temperatureC',
  'cellVoltageMaxV',
  'cellVoltageMinV',
  'cellSpreadMv',
  'maxChargeNowW',
  'maxDischargeNowW',
  'contactorOpen',
  'insulationFault',
  'alarms',
  'batteryPowerW',
  'voltageV',
  'currentA',
] as const;
for (const measurand of JOINED)
  test(`${measurand} of a management system counts, and blocks where it is missing`, () => {
    const plan = { id: 'a-bms', offers: new Set([measurand]) };
    const own = without(frame(), measurand);
    const of = (bms: TelemetryFrame | undefined) => joinBms(own, bms, plan, 0).frame.readings[measurand];
    assert.equal(
      of(frame({ [measurand]: [7] }))?.map(({ value }) => value),
      [7],
    );
    assert.equal(of(undefined), [
      {
        value: undefined,
        quality: 'missing',
        receivedAtMs: Number.NEGATIVE_INFINITY,
        staleAtMs: Number.NEGATIVE_INFINITY,
      },
    ]);
  });

test('a device that is only read has no power, and says that it has no dead-man', () => {
  assert.equal(NO_POWER, {
    chargeW: 0,
    dischargeW: 0,
    deadman: { state: 'failed', timeMs: 3_600_000, maxW: 0 },
    why: [],
  });
});

test('before its first judgement a device is taken for latched; every state that lets something happen says so', () => {
  const actor = createActor(guardMachine, { clock: virtualClock() }).start();
  const { context } = actor.getSnapshot();
  assert.equal(context.judged, { type: 'JUDGED', charge: false, discharge: false, latched: true, lifeMs: 0 });
  for (const [charge, discharge, latched, permits] of [
    [true, true, false, true],
    [true, false, false, true],
    [false, true, false, true],
    [false, false, false, false],
    [true, true, true, false],
  ] as const) {
    actor.send({ type: 'JUDGED', charge, discharge, latched, lifeMs: 1000 });
    assert.is(actor.getSnapshot().hasTag('permits'), permits);
  }
  actor.stop();
});

test('where one of the two powers is not known, the losses of an AC setpoint are those that are stated', () => {
  const config = { asset: asset({ efficiency: 0.81 }), acSetpoint: true };
  const of = (one: TelemetryFrame): number => Math.round(told(one, config).permit.maxDischargeW);
  const powers = { acPowerW: [3500], batteryPowerW: [5000] };
  assert.is(of(frame(powers)), 8000, 'half of the permit is enough to see the losses');
  assert.equal([of(frame({ ...powers, acPowerW: [] })), of(frame({ ...powers, batteryPowerW: [] }))], [9000, 9000]);
  assert.is(of(without(frame(powers), 'acPowerW')), 9000);
});

test.run();
