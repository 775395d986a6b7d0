/** The room at the grid connection, from one meter reading to the next, and the cut of orders that break it. */
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TelemetryFrame } from '../../../contracts/telemetry.ts';
import { cutToGrid } from '../../../machines/site/grid-cut.ts';
import type { GridUnit } from '../../../machines/site/grid-cut.ts';
import { gridUnitOf, narrowToCut } from '../../../machines/site/grid-unit.ts';
import type { Shown } from '../../../machines/site/grid-unit.ts';
import { deadbandW, readMeter, roomNow, seeDevice, UNMETERED } from '../../../machines/site/grid-watch.ts';
import type { GridWatch } from '../../../machines/site/grid-watch.ts';
import { frame, permit } from '../support.ts';

const test = suite('grid connection');
const GRID = { maxImportW: 50_000, maxExportW: 20_000, meterLostMaxW: 0 };

const meter = (pccW: number, nowMs: number): TelemetryFrame => frame({ gridPowerW: [pccW] }, nowMs);
const device = (acW: number, nowMs: number, id = 'a'): TelemetryFrame =>
  frame({ acPowerW: [acW], batteryPowerW: [acW] }, nowMs, { assetId: id });

/** A plant polled once a second: the device at the full second, the meter half a second after it. */
function followed(steps: readonly { readonly loadW: number; readonly acW: number }[]): readonly GridWatch[] {
  let watch = UNMETERED;
  return steps.map(({ loadW, acW }, at) => {
    const nowMs = 1000 * (at + 1);
    watch = seeDevice(watch, GRID, device(acW, nowMs), nowMs);
    return (watch = readMeter(watch, GRID, meter(loadW - acW, nowMs + 500), [device(acW, nowMs)], nowMs + 500));
  });
}
const bounds = (watch: GridWatch | undefined): readonly number[] => [
  watch?.bounds?.min ?? NaN,
  watch?.bounds?.max ?? NaN,
];

test('the first reading gives the room: load less import, load plus export', () => {
  assert.equal(bounds(followed([{ loadW: 10_000, acW: 4000 }])[0]), [-40_000, 30_000]);
});

test('a load that falls so that the export breaks its limit cuts the room at that very reading', () => {
  const [, after] = followed([
    { loadW: 10_000, acW: 30_000 },
    { loadW: 2000, acW: 30_000 },
  ]);
  assert.is(after?.bounds?.max, 22_000);
});

test('what a reading has cut is not given back by an older one, whose device shows itself only now', () => {
  const first = readMeter(UNMETERED, GRID, meter(-5000, 1000), [device(55_000, 500)], 1000);
  const second = readMeter(first, GRID, meter(-35_000, 2000), [device(55_000, 500)], 2000);
  assert.is(second.bounds?.max, 40_000);
  const third = seeDevice(second, GRID, device(55_000, 1500), 2500);
  assert.is(third.bounds?.max, 40_000);
  const fourth = seeDevice(third, GRID, device(55_000, 2200), 3200);
  assert.is(fourth.bounds?.max, 40_000);
});

test('a load that rises so that the import breaks its limit cuts the room for charging at that very reading', () => {
  const [, after] = followed([
    { loadW: 10_000, acW: -40_000 },
    { loadW: 25_000, acW: -40_000 },
  ]);
  assert.is(after?.bounds?.min, -25_000);
});

test('a load that wavers within the deadband makes the room follow it down, never up', () => {
  const steps = [10_000, 10_090, 9950, 10_050, 10_090].map((loadW) => ({ loadW, acW: 0 }));
  const seen = followed([...steps, ...steps]).map((watch) => watch.bounds?.max ?? NaN);
  assert.ok(seen.every((max, at) => at === 0 || max <= (seen[at - 1] ?? 0)));
  assert.is(seen.at(-1), 29_950);
});

test('a load that really rises gives its room back one reading later', () => {
  const seen = followed([10_000, 2000, 2000, 12_000, 12_000].map((loadW) => ({ loadW, acW: 0 })));
  assert.equal(
    seen.map((watch) => watch.bounds?.max),
    [30_000, 30_000, 22_000, 22_000, 32_000],
  );
});

test('a battery that starts between its own reading and that of the meter is no fallen load', () => {
  // The meter sees 25 kW of it already, the device says 0.
  const first = readMeter(UNMETERED, GRID, meter(10_000, 1000), [device(0, 500)], 1000);
  const second = readMeter(first, GRID, meter(-15_000, 2000), [device(0, 1500)], 2000);
  const third = seeDevice(second, GRID, device(25_000, 2500), 2500);
  assert.equal([bounds(second), bounds(third)], [bounds(first), bounds(first)]);
});

test('a device that is read later than the meter, every time, is waited for', () => {
  let watch = readMeter(UNMETERED, GRID, meter(10_000, 1000), [device(0, 900)], 1000);
  for (const nowMs of [2000, 3000, 4000]) {
    watch = readMeter(watch, GRID, meter(2000, nowMs), [device(0, nowMs - 1000 + 1)], nowMs);
    watch = seeDevice(watch, GRID, device(0, nowMs + 1), nowMs + 1);
  }
  assert.is(watch.bounds?.max, 22_000);
});

test('a device that comes or goes makes another load of it', () => {
  const one = readMeter(UNMETERED, GRID, meter(10_000, 1000), [device(5000, 900)], 1000);
  const both = readMeter(one, GRID, meter(10_000, 2000), [device(5000, 1900), device(3000, 1900, 'b')], 2000);
  assert.equal(
    [bounds(one), bounds(both)],
    [
      [-35_000, 35_000],
      [-32_000, 38_000],
    ],
  );
});

test('a meter reading that is judged twice counts once', () => {
  const first = readMeter(UNMETERED, GRID, meter(0, 1000), [device(0, 500)], 1000);
  assert.is(readMeter(first, GRID, meter(0, 1000), [device(9000, 1200)], 1300), first);
});

test('a lost meter leaves what the site file says, from the moment on at which its value is stale', () => {
  const reading = meter(0, 0);
  const watch = readMeter(UNMETERED, GRID, reading, [device(0, 0)], 0);
  const grid = { ...GRID, meterLostMaxW: 700 };
  assert.is(roomNow(watch, grid, reading, 7999).meterLost, false);
  assert.equal(roomNow(watch, grid, reading, 8000), { min: -700, max: 700, meterLost: true });
  assert.equal(roomNow(UNMETERED, { meterLostMaxW: 0 }, undefined, 0), {
    min: Number.NEGATIVE_INFINITY,
    max: Number.POSITIVE_INFINITY,
    meterLost: false,
  });
});

test('a meter that does not go with the load and the assets is no meter, until it does so again for a while', () => {
  let watch = UNMETERED;
  const lost = (loadW: number, at: number): boolean => {
    const nowMs = 1000 * at;
    const reading = frame({ gridPowerW: [10_000], loadPowerW: [loadW] }, nowMs);
    watch = readMeter(watch, GRID, reading, [device(2000, nowMs - 500)], nowMs);
    return roomNow(watch, GRID, reading, nowMs).meterLost;
  };
  const rows = [12_000, 12_900, 20_000, 20_000, 20_000, 20_000, 20_000, 12_000, 12_000, 12_000, 12_000, 12_000];
  assert.equal(rows.map(lost), [false, false, false, false, false, false, true, true, true, true, true, false]);
});

test('without a measured load there is nothing to compare the meter with', () => {
  let watch = UNMETERED;
  for (let at = 1; at < 9; at += 1)
    watch = readMeter(watch, GRID, meter(10_000, 1000 * at), [device(90_000, 1000 * at - 500)], 1000 * at);
  assert.is(watch.doubted, false);
});

test('the deadband is 1 % of the smaller limit, at least 200 W', () => {
  assert.is(deadbandW(GRID), 200);
  assert.is(deadbandW({ maxImportW: 900_000, maxExportW: 500_000, meterLostMaxW: 0 }), 5000);
});

const unit = (id: string, batteryAcW: number, roomW: number, pvW = 0): GridUnit => ({
  id,
  pvW,
  batteryAcW,
  chargeW: roomW,
  dischargeW: roomW,
});
const room = (min: number, max: number): Parameters<typeof cutToGrid>[1] => ({ min, max, meterLost: false });

test('orders within the room are left alone', () => {
  assert.is(cutToGrid([unit('a', 5000, 10_000), unit('b', -2000, 10_000)], room(-10_000, 3000)).size, 0);
});

test('the most strained is cut first, and alone where that is enough', () => {
  const cuts = cutToGrid([unit('full', 9000, 10_000), unit('half', 10_000, 20_000)], room(-50_000, 17_000));
  assert.equal([...cuts], [['full', { direction: 'discharge', maxW: 7000 }]]);
  const both = cutToGrid([unit('full', 9000, 10_000), unit('half', 10_000, 20_000)], room(-50_000, 6000));
  assert.equal(
    [...both].map(([id, { maxW }]) => [id, Math.round(maxW)]),
    [
      ['full', 2000],
      ['half', 4000],
    ],
  );
});

test('PV alone over the limit takes all from the battery, and turns nothing round', () => {
  assert.equal(
    [...cutToGrid([unit('a', 3000, 5000, 9000)], room(-9000, 8000))],
    [['a', { direction: 'discharge', maxW: 0 }]],
  );
});

const units = fc
  .array(
    fc.record({
      wantedW: fc.integer({ min: -50_000, max: 50_000 }),
      roomW: fc.integer({ min: 0, max: 50_000 }),
      pvW: fc.constantFrom(0, 0, 3000),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((rows) => rows.map(({ wantedW, roomW, pvW }, at) => unit(`u${at}`, wantedW, roomW, pvW)));

test('after the cut the orders together never exceed the room, as far as cutting batteries can bring it about', () => {
  fc.assert(
    fc.property(units, fc.integer({ min: -80_000, max: 0 }), fc.nat(80_000), (all, min, max) => {
      const cuts = cutToGrid(all, room(min, max));
      const left = all.map(({ id, batteryAcW }) => {
        const cut = cuts.get(id);
        if (!cut) return batteryAcW;
        return cut.direction === 'discharge' ? Math.min(batteryAcW, cut.maxW) : Math.max(batteryAcW, -cut.maxW);
      });
      const pv = all.reduce((sum, one) => sum + one.pvW, 0);
      const total = pv + left.reduce((sum, w) => sum + w, 0);
      const floorW = pv + all.reduce((sum, { batteryAcW }) => sum + Math.min(0, batteryAcW), 0);
      const ceilingW = pv + all.reduce((sum, { batteryAcW }) => sum + Math.max(0, batteryAcW), 0);
      assert.ok(total <= Math.max(max, floorW) + 1e-3, `${total} over ${max}`);
      assert.ok(total >= Math.min(min, ceilingW) - 1e-3, `${total} under ${min}`);
      // Not more than needed, never the other way round, never a widening.
      left.forEach((w, at) =>
        assert.ok(w * (all[at]?.batteryAcW ?? 0) >= 0 && Math.abs(w) <= Math.abs(all[at]?.batteryAcW ?? 0)),
      );
      if (cuts.size > 0 && ceilingW > max && max > floorW) assert.ok(total >= max - 1e-3 || total >= min - 1e-3);
    }),
    { numRuns: 5000 },
  );
});

const shown = (acW: number, batteryW: number, more: Partial<Shown> = {}): Shown => ({
  terminal: { hybrid: false, acSetpoint: false, oneWay: 0.9 },
  frame: frame({ acPowerW: [acW], batteryPowerW: [batteryW] }),
  permit: permit(),
  order: undefined,
  ...more,
});

test('charging takes the losses from the grid as well, as stated or as measured, whichever is more', () => {
  const order = { w: -4500, reference: 'ac' } as const;
  assert.is(gridUnitOf(shown(0, 0, { order }), 0)?.batteryAcW, -5000);
  assert.is(gridUnitOf(shown(-4800, -4000, { order }), 0)?.batteryAcW, -5400);
  assert.is(Math.round(narrowToCut(shown(0, 0), { direction: 'charge', maxW: 1000 }, 0).maxChargeW), 900);
});

test('an order counts as far as its permit lets it, what moves without one as measured', () => {
  assert.is(gridUnitOf(shown(0, 0, { order: { w: 9000, reference: 'ac' } }), 0)?.batteryAcW, 5000);
  assert.is(gridUnitOf(shown(1200, 1250), 0)?.batteryAcW, 1200);
  assert.is(gridUnitOf({ ...shown(0, 0), frame: frame({ acPowerW: [] }) }, 0), undefined);
});

test('a cut narrows its own direction, names the reason, and never widens', () => {
  const given = narrowToCut(shown(0, 0), { direction: 'discharge', maxW: 1000 }, 0);
  assert.equal([given.maxChargeW, given.maxDischargeW], [5000, 1000]);
  assert.equal(given.reasons.discharge, ['GRID_LIMIT']);
  assert.is(narrowToCut(shown(0, 0), { direction: 'discharge', maxW: 9000 }, 0).maxDischargeW, 5000);
});

test.run();
