/** What holds for every frame, not only for those that somebody thought of. */
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Measurand } from '../../../contracts/profile.ts';
import type { Sample, TelemetryFrame } from '../../../contracts/telemetry.ts';
import { judge, UNJUDGED } from '../../../machines/guard/guard.ts';
import type { GuardState } from '../../../machines/guard/guard.ts';
import { ARMED, asset, frame, guardConfig, judgeAll, lfp, NO_CAPS, sample } from '../support.ts';

const test = suite('guard, any frame');

const watts = fc.oneof(
  fc.double({ min: 0, max: 20_000, noNaN: true }),
  fc.constantFrom(0, Number.NaN, -1, Number.POSITIVE_INFINITY),
);

/** Values around the rows of the table, so that every row is met often. */
const VALUES = {
  socPct: fc.oneof(fc.double({ min: 0, max: 100, noNaN: true }), fc.constantFrom(5, 10, 12, 15, 17, 90, 93, 95, 98)),
  temperatureC: fc.oneof(
    fc.double({ min: -30, max: 65, noNaN: true }),
    fc.constantFrom(-20, -10, 0, 2, 10, 42, 45, 50, 55),
  ),
  cellVoltageMaxV: fc.double({ min: 3, max: 3.8, noNaN: true }),
  cellVoltageMinV: fc.double({ min: 2.3, max: 3.3, noNaN: true }),
  cellSpreadMv: fc.double({ min: 0, max: 400, noNaN: true }),
  maxChargeNowW: fc.double({ min: 0, max: 15_000, noNaN: true }),
  maxDischargeNowW: fc.double({ min: 0, max: 15_000, noNaN: true }),
  gridVoltageV: fc.double({ min: 180, max: 270, noNaN: true }),
  gridFrequencyHz: fc.double({ min: 47, max: 52, noNaN: true }),
  contactorOpen: fc.constantFrom(0, 0, 0, 1),
  insulationFault: fc.constantFrom(0, 0, 0, 1),
  alarms: fc.constant(0),
  inverterState: fc.constant(512),
} as const satisfies Partial<Record<Measurand, fc.Arbitrary<number>>>;
type Judged = keyof typeof VALUES;
const JUDGED = Object.keys(VALUES) as Judged[];

const staleAt = fc.integer({ min: 1, max: 30_000 });
const samples = (value: fc.Arbitrary<number>): fc.Arbitrary<Sample[]> =>
  fc.array(
    fc.record({ value, staleAtMs: staleAt }).map((given) => sample(given.value, 0, { staleAtMs: given.staleAtMs })),
    { minLength: 1, maxLength: 3 },
  );
const frames = fc
  .record(Object.fromEntries(JUDGED.map((name) => [name, samples(VALUES[name])])))
  .map((readings) => frame(readings));

const BAD: readonly ((good: Sample) => Sample)[] = [
  (good) => ({ ...good, value: Number.NaN }),
  (good) => ({ ...good, value: undefined, quality: 'missing' }),
  (good) => ({ ...good, quality: 'suspect' }),
  (good) => ({ ...good, staleAtMs: 0 }),
];

test('a permit is never above rating, caps, device limits and ceiling, and never negative', () => {
  fc.assert(
    fc.property(frames, watts, watts, watts, watts, (seen, capC, capD, ceilingC, ceilingD) => {
      const caps = { ...NO_CAPS, chargeW: capC, dischargeW: capD };
      const { permit } = judge(
        UNJUDGED,
        seen,
        { chargeW: ceilingC, dischargeW: ceilingD },
        guardConfig({ caps }),
        ARMED,
        0,
      );
      const most = (...limits: number[]): number =>
        Math.max(0, Math.min(10_000, ...limits.map((w) => (Number.isNaN(w) ? 0 : w))));
      assert.ok(permit.maxChargeW >= 0 && permit.maxChargeW <= most(capC, ceilingC, least(seen, 'maxChargeNowW')));
      assert.ok(
        permit.maxDischargeW >= 0 && permit.maxDischargeW <= most(capD, ceilingD, least(seen, 'maxDischargeNowW')),
      );
    }),
    { numRuns: 2000 },
  );
});

test('a value that is missing, NaN, suspect or stale never gives more than the value itself', () => {
  fc.assert(
    fc.property(
      frames,
      fc.constantFrom(...JUDGED),
      fc.nat(2),
      fc.constantFrom(...BAD),
      (seen, measurand, at, spoil) => {
        const list = seen.readings[measurand] ?? [];
        const spoilt = list.map((one, index) => (index === at % list.length ? spoil(one) : one));
        const whole = judgeAll([seen]).permit;
        const holed = judgeAll([{ ...seen, readings: { ...seen.readings, [measurand]: spoilt } }]).permit;
        assert.ok(holed.maxChargeW <= whole.maxChargeW && holed.maxDischargeW <= whole.maxDischargeW);
      },
    ),
    { numRuns: 4000 },
  );
});

test('a permit with power in it expires with the earliest of all its inputs', () => {
  fc.assert(
    fc.property(frames, (seen) => {
      const { permit } = judgeAll([seen]);
      assert.is(
        permit.expiresAtMs,
        Math.min(...Object.values(seen.readings).flatMap((list) => list.map((one) => one.staleAtMs))),
      );
    }),
    { numRuns: 1000 },
  );
});

test('by the limits table a guard that just started is never bolder than the one that saw everything', () => {
  fc.assert(
    fc.property(fc.array(frames, { minLength: 1, maxLength: 8 }), (path) => {
      const seen = path.map((one, at): TelemetryFrame => ({ ...later(one, at * 1000), receivedAtMs: at * 1000 }));
      const old = judgeAll(seen);
      const fresh = judgeAll(seen.slice(-1));
      if (old.state.tripped || doubted(old.permit.reasons.charge)) return;
      assert.ok(fresh.permit.maxChargeW <= old.permit.maxChargeW);
      assert.ok(fresh.permit.maxDischargeW <= old.permit.maxDischargeW);
    }),
    { numRuns: 2000 },
  );
});

test('hysteresis only narrows: no past makes a permit larger than no row engaged does', () => {
  const calm = judgeAll([frame()]).state.engaged;
  const anyPast = fc.constantFrom<GuardState['engaged']>(
    ...Object.keys(calm).map((row) => ({ ...calm, [row]: true })),
    {},
    calm,
  );
  fc.assert(
    fc.property(frames, anyPast, (seen, engaged) => {
      const free = judgeAll([seen], guardConfig(), { ...UNJUDGED, engaged: calm }).permit;
      const bound = judgeAll([seen], guardConfig(), { ...UNJUDGED, engaged }).permit;
      assert.ok(bound.maxChargeW <= free.maxChargeW && bound.maxDischargeW <= free.maxDischargeW);
    }),
    { numRuns: 2000 },
  );
});

test('no power goes into a battery at or below freezing or at 95 %, and none out of one at 10 %', () => {
  fc.assert(
    fc.property(frames, (seen) => {
      const { permit } = judgeAll([seen], guardConfig({ asset: asset(), limits: lfp }));
      const cold = (seen.readings.temperatureC ?? []).some(({ value }) => Number(value) <= 0);
      const full = (seen.readings.socPct ?? []).some(({ value }) => Number(value) >= 95);
      const empty = (seen.readings.socPct ?? []).some(({ value }) => Number(value) <= 10);
      if (cold || full) assert.is(permit.maxChargeW, 0);
      if (empty) assert.is(permit.maxDischargeW, 0);
    }),
    { numRuns: 2000 },
  );
});

test.run();

function least(seen: TelemetryFrame, measurand: Measurand): number {
  return Math.min(...(seen.readings[measurand] ?? []).map(({ value }) => Number(value)));
}

function later(one: TelemetryFrame, nowMs: number): TelemetryFrame {
  const readings = Object.entries(one.readings).map(([name, list]) => [
    name,
    list.map((given) => ({ ...given, receivedAtMs: nowMs, staleAtMs: given.staleAtMs + nowMs })),
  ]);
  return { ...one, readings: Object.fromEntries(readings) };
}

/** Doubts and the grid's 300 s are about what came before; the limits table is not. */
function doubted(reasons: readonly string[]): boolean {
  return ['IMPLAUSIBLE', 'FROZEN', 'GRID_WINDOW'].some((reason) => reasons.includes(reason));
}
