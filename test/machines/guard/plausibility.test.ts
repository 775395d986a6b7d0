/** Values that cannot be true: a charge that does not go with the energy, values that stand still, a series that settles. */
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TelemetryFrame } from '../../../contracts/telemetry.ts';
import { NOTHING_SEEN, plausible } from '../../../machines/guard/plausibility.ts';
import type { Seen } from '../../../machines/guard/plausibility.ts';
import { asset, frame, sample } from '../support.ts';

const test = suite('plausibility');
const BATTERY = asset({ capacityWh: 10_000, maxChargePowerW: 10_000, maxDischargePowerW: 10_000 });

type Row = { readonly soc?: number | readonly number[] | undefined; readonly w: number; readonly orderedW?: number };

/** One frame every ten seconds; the other values move, so that only the row in question is judged. */
function run(rows: readonly Row[], stepMs = 10_000): readonly (readonly string[])[] {
  let seen: Seen = NOTHING_SEEN;
  return rows.map(({ soc, w, orderedW = 0 }, at) => {
    const nowMs = at * stepMs;
    const socs = soc === undefined ? [] : typeof soc === 'number' ? [soc] : soc;
    const one = frame({ socPct: socs, batteryPowerW: [w], voltageV: [sample(400 + at / 1000, nowMs)] }, nowMs);
    const result = plausible(seen, one, BATTERY, orderedW);
    seen = result.seen;
    return result.doubts;
  });
}
const doubted = (rows: readonly Row[], reason: string, stepMs?: number): number =>
  run(rows, stepMs).findIndex((doubts) => doubts.includes(reason));

/** 6 kW out of 10 kWh: 1 % a minute. */
const discharging = (minutes: number, factor: number, from = 80): Row[] =>
  Array.from({ length: minutes * 6 }, (_, at) => ({ soc: from - (factor * at) / 6, w: 6000 }));

test('a state of charge that falls as the energy says is believed for hours', () => {
  assert.is(doubted(discharging(60, 1), 'IMPLAUSIBLE'), -1);
});

test('capacity, losses and the meter may be off by a fifth', () => {
  for (const factor of [0.82, 1.18]) assert.is(doubted(discharging(60, factor), 'IMPLAUSIBLE'), -1, `${factor}`);
});

test('a state of charge that goes the other way, or hardly at all, is found out', () => {
  const rising = doubted(discharging(60, -0.5), 'IMPLAUSIBLE');
  assert.ok(rising > 0 && rising < 6 * 4, `after ${rising / 6} min`);
  const lazy = doubted(discharging(60, 0.3), 'IMPLAUSIBLE');
  assert.ok(lazy > 0 && lazy < 6 * 10, `after ${lazy / 6} min`);
});

test('a state of charge that drifts while nothing flows is found out', () => {
  const drifting = Array.from({ length: 360 }, (_, at) => ({ soc: 50 + at / 24, w: 0 }));
  const at = doubted(drifting, 'IMPLAUSIBLE');
  assert.ok(at > 0 && at < 200, `after ${at / 6} min`);
});

test('a balance that was off is not believed again for a minute', () => {
  const off = run([...discharging(4, -0.5), ...discharging(3, 1, 60)]);
  const first = off.findIndex((doubts) => doubts.includes('IMPLAUSIBLE'));
  assert.ok(off.slice(first, first + 6).every((doubts) => doubts.length > 0));
  assert.equal(off.at(-1), []);
});

test('a state of charge that stands still while more than 3 % of the capacity flows is frozen', () => {
  const still = Array.from({ length: 40 }, () => ({ soc: 50, w: 6000 }));
  // 3 % after three minutes.
  assert.is(doubted(still, 'FROZEN'), 19);
  const there = Array.from({ length: 400 }, (_, at) => ({ soc: 50, w: at % 2 === 0 ? 6000 : -6000 }));
  assert.is(doubted(there, 'FROZEN'), -1, 'what flows out and in again moves nothing');
});

test('a frozen state of charge counts again once it moves and has shown a series', () => {
  const still = Array.from({ length: 25 }, () => ({ soc: 50, w: 6000 }));
  const moving = [49.5, 49.4, 49.3, 49.2].map((soc) => ({ soc, w: 0 }));
  const doubts = run([...still, ...moving]).slice(25);
  assert.equal(doubts, [['IMPLAUSIBLE'], ['IMPLAUSIBLE'], [], []]);
});

test('each unit may jump by itself, and is noticed', () => {
  assert.equal(
    run(
      [
        { soc: [50, 50], w: 0 },
        { soc: [50, 30], w: 0 },
      ],
      1000,
    ).at(-1),
    ['IMPLAUSIBLE'],
  );
});

test('a gap in the telemetry begins a new sum: nobody knows what flowed', () => {
  const rows = [
    { soc: 80, w: 6000 },
    { soc: 70, w: 6000 },
  ];
  assert.equal(run(rows, 600_000).at(-1), []);
});

test('a power that shows the same digits for a minute although another one was ordered is frozen', () => {
  const obeyed = (w: number): Row[] => Array.from({ length: 20 }, (_, at) => ({ soc: 50 - at / 1000, w, orderedW: w }));
  const ignored: Row[] = Array.from({ length: 8 }, (_, at) => ({ soc: 49.9 - at / 1000, w: 3000, orderedW: 8000 }));
  assert.is(doubted([...obeyed(3000), ...ignored], 'FROZEN'), 26);
  const slow: Row[] = ignored.map((row, at) => ({ ...row, w: 3000 + at }));
  assert.is(doubted([...obeyed(3000), ...slow], 'FROZEN'), -1, 'what moves by a watt is measured');
  assert.is(doubted([...obeyed(3000), ...obeyed(3000)], 'FROZEN'), -1, 'what is where it should be need not move');
});

test('a frozen power counts again once it has moved and a series was shown', () => {
  const obeyed: Row[] = Array.from({ length: 3 }, () => ({ soc: 50, w: 3000, orderedW: 3000 }));
  const ignored: Row[] = Array.from({ length: 8 }, () => ({ soc: 50, w: 3000, orderedW: 8000 }));
  const moved: Row[] = Array.from({ length: 4 }, (_, at) => ({ soc: 50, w: 3100 + at, orderedW: 0 }));
  assert.equal(run([...obeyed, ...ignored, ...moved]).slice(-4), [['IMPLAUSIBLE'], ['IMPLAUSIBLE'], [], []]);
});

test('one implausible sample anywhere is doubted, and so are the two after it, whatever they say', () => {
  const rows = fc.array(fc.record({ soc: fc.integer({ min: 0, max: 100 }), w: fc.constantFrom(-6000, 0, 6000) }), {
    minLength: 4,
    maxLength: 30,
  });
  fc.assert(
    fc.property(rows, fc.nat(29), (all, at) => {
      const place = 1 + (at % (all.length - 3));
      const spoilt = (all[place - 1]?.soc ?? 0) > 50 ? 0 : 100;
      const doubts = run(all.map((row, index) => (index === place ? { ...row, soc: spoilt } : row)));
      assert.ok(doubts.slice(place, place + 3).every((some) => some.length > 0));
    }),
    { numRuns: 1000 },
  );
});

test('a missing state of charge settles nothing and takes no doubt away', () => {
  const socs = [[50], [20], [], [], [], [], []];
  let seen: Seen = NOTHING_SEEN;
  const frames = socs.map((socPct, at): TelemetryFrame => frame({ socPct, batteryPowerW: [0] }, at * 1000));
  const last = frames.map((one) => {
    const result = plausible(seen, one, BATTERY);
    seen = result.seen;
    return result.doubts;
  });
  assert.ok(last.slice(1).every((doubts) => doubts.includes('IMPLAUSIBLE')));
});

test.run();
