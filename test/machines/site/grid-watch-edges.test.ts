/** The room at the grid connection at its edges: who is waited for, what counts, and every limit to the watt. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TelemetryFrame } from '../../../contracts/telemetry.ts';
import { deadbandW, isLimited, readMeter, seeDevice, UNMETERED } from '../../../machines/site/grid-watch.ts';
import type { GridWatch } from '../../../machines/site/grid-watch.ts';
import { frame, without } from '../support.ts';

const test = suite('grid connection, its edges');
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

test('a meter that shows no power is none: its readings are forgotten, a doubt of it is not', () => {
  const seen = { ...readMeter(UNMETERED, GRID, meter(0, 1000), [device(0, 500)], 1000), doubted: true, contrary: 3 };
  const blind = without(frame({}, 2000), 'gridPowerW');
  assert.equal(readMeter(seen, GRID, blind, [device(0, 1500)], 2000), { ...UNMETERED, doubted: true });
  assert.equal(UNMETERED.readings, []);
});

test('only the last readings wait for devices that do not show themselves', () => {
  let watch = readMeter(UNMETERED, GRID, meter(10_000, 1000), [device(0, 900)], 1000);
  for (let at = 2; at <= 9; at += 1)
    watch = readMeter(watch, GRID, meter(10_000, 1000 * at), [device(0, 1000 * at - 100)], 1000 * at);
  assert.equal(
    watch.readings.map(({ atMs }) => atMs),
    [5000, 6000, 7000, 8000, 9000],
  );
});

test('a frame without AC power, and one before the first reading, say nothing of the load', () => {
  const watch = readMeter(UNMETERED, GRID, meter(10_000, 1000), [device(0, 900)], 1000);
  assert.is(seeDevice(watch, GRID, without(device(0, 2000), 'acPowerW'), 2000), watch);
  assert.is(seeDevice(UNMETERED, GRID, device(0, 2000), 2000), UNMETERED);
});

test('a reading is done with when every device has shown itself at or after it, each by its first such frame', () => {
  const both = (aW: number, bW: number, nowMs: number) => [device(aW, nowMs), device(bW, nowMs, 'b')];
  const first = readMeter(UNMETERED, GRID, meter(10_000, 1000), both(0, 0, 1000), 1000);
  const waits = (watch: GridWatch): number => watch.readings.length;
  const early = seeDevice(first, GRID, device(0, 999), 999);
  assert.equal([waits(early), early.readings[0]?.acAfter.size], [1, 0], 'a frame of before does not count');
  const old = seeDevice(first, GRID, device(0, 900), 1100);
  assert.is(old.readings[0]?.acAfter.size, 0, 'nor one that was measured before and came after');
  const one = seeDevice(early, GRID, device(0, 1000), 1000);
  assert.is(one.readings[0]?.acAfter.size, 1, 'one of that very moment does');
  const again = seeDevice(one, GRID, device(9000, 1500), 1500);
  assert.equal(again.readings, one.readings, 'the first one stays');
  assert.is(waits(seeDevice(again, GRID, device(0, 1600, 'b'), 1600)), 0);
});

test('between its two frames a device counts with the power that leaves less room', () => {
  // The load fell from 10 kW to 2 kW while the battery went from 4 kW to 1 kW; the meter saw it somewhere in between.
  const first = readMeter(UNMETERED, GRID, meter(6000, 1000), [device(4000, 900)], 1000);
  const second = seeDevice(first, GRID, device(4000, 1100), 1100);
  const third = readMeter(second, GRID, meter(-2000, 2000), [device(4000, 1900)], 2000);
  const fourth = seeDevice(third, GRID, device(1000, 2100), 2100);
  assert.equal(bounds(third), bounds(second), 'it waits');
  // Load between -2000 + 1000 and -2000 + 4000.
  assert.equal(bounds(fourth), [-48_000, 22_000]);
  assert.equal(bounds(second), [-40_000, 30_000]);
  // And a load that rises lies between 16_000 + 1000 and 16_000 + 4000.
  const risen = readMeter(second, GRID, meter(16_000, 2000), [device(4000, 1900)], 2000);
  assert.equal(bounds(seeDevice(risen, GRID, device(1000, 2100), 2100)), [-33_000, 37_000]);
});

test('a doubt of the meter ends where there is no load to compare it with any more', () => {
  const first = readMeter(UNMETERED, GRID, meter(0, 1000), [device(0, 900)], 1000);
  const next = readMeter({ ...first, doubted: true, contrary: 2 }, GRID, meter(0, 2000), [device(0, 1900)], 2000);
  assert.equal([next.doubted, next.contrary], [false, 0]);
});

test('room for charging is taken at once, and given back only beyond the deadband', () => {
  const min = (loads: readonly number[]): readonly number[] =>
    followed(loads.map((loadW) => ({ loadW, acW: 0 }))).map((watch) => watch.bounds?.min ?? NaN);
  assert.equal(min([10_000, 10_100, 10_100]), [-40_000, -40_000, -39_900], 'a higher load takes room');
  assert.equal(min([10_000, 9800, 9800]), [-40_000, -40_000, -40_000], 'a lower one by exactly the band gives none');
  assert.equal(min([10_000, 9799, 9799]), [-40_000, -40_000, -40_201]);
  const max = (loads: readonly number[]): readonly number[] =>
    followed(loads.map((loadW) => ({ loadW, acW: 0 }))).map((watch) => watch.bounds?.max ?? NaN);
  assert.equal([max([10_000, 10_200, 10_200]).at(-1), max([10_000, 10_201, 10_201]).at(-1)], [30_000, 30_201]);
});

test('power at the limit of the connection is not beyond it, and a side without a limit is never cut', () => {
  const next = (grid: typeof GRID | Omit<typeof GRID, 'maxImportW'>, pccW: number, acW: number): readonly number[] => {
    const first = readMeter(UNMETERED, grid, meter(0, 1000), [device(0, 900)], 1000);
    return bounds(readMeter(first, grid, meter(pccW, 2000), [device(acW, 1900)], 2000));
  };
  assert.equal(next(GRID, 50_000, 5000), [-50_000, 20_000]);
  assert.equal(next(GRID, 50_001, 5000), [5001, 20_000]);
  assert.equal(next(GRID, -20_000, -5000), [-50_000, 20_000]);
  assert.equal(next(GRID, -20_001, -5000), [-50_000, -5001]);
  const exportOnly = { maxExportW: 20_000, meterLostMaxW: 0 };
  assert.equal(next(exportOnly, 90_000, 0), [Number.NEGATIVE_INFINITY, 20_000]);
  const importOnly = { maxImportW: 50_000, meterLostMaxW: 0 };
  assert.equal(bounds(readMeter(UNMETERED, importOnly, meter(0, 1000), [device(0, 900)], 1000)), [
    -50_000,
    Number.POSITIVE_INFINITY,
  ]);
});

test('as many other devices are another load', () => {
  const first = readMeter(UNMETERED, GRID, meter(10_000, 1000), [device(5000, 900)], 1000);
  const other = readMeter(first, GRID, meter(10_000, 2000), [device(3000, 1900, 'b')], 2000);
  assert.equal(bounds(other), [-37_000, 33_000]);
  const pair = [device(5000, 2900), device(0, 2900, 'c')];
  const mixed = readMeter(
    readMeter(UNMETERED, GRID, meter(10_000, 2500), [...pair], 2500),
    GRID,
    meter(10_000, 3000),
    [device(5000, 2900), device(7000, 2900, 'd')],
    3000,
  );
  assert.equal(bounds(mixed), [-28_000, 42_000]);
});

test('a limit on either side is a limit, and one side alone sets the deadband', () => {
  assert.equal(
    [isLimited({ maxImportW: 1 } as never), isLimited({ maxExportW: 1 } as never), isLimited({} as never)],
    [true, true, false],
  );
  assert.is(deadbandW({ maxImportW: 900_000, meterLostMaxW: 0 }), 9000);
});

test('the balance with the load may be off by 1 kW, or by 10 % of the largest of the three', () => {
  const doubtedBy = (pccW: number, acW: number, loadW: number): boolean => {
    let watch = UNMETERED;
    for (let at = 1; at <= 6; at += 1) {
      const reading = frame({ gridPowerW: [pccW], loadPowerW: [loadW] }, 1000 * at);
      watch = readMeter(watch, GRID, reading, [device(acW, 1000 * at - 500)], 1000 * at);
    }
    return watch.doubted;
  };
  assert.equal([doubtedBy(100, 0, 1100), doubtedBy(100, 0, 1101)], [false, true]);
  assert.equal([doubtedBy(30_000, -10_000, 23_000), doubtedBy(30_000, -10_000, 23_001)], [false, true]);
  assert.equal([doubtedBy(-10_000, 40_000, 26_000), doubtedBy(-10_000, 40_000, 25_999)], [false, true]);
  assert.equal([doubtedBy(20_000, 16_000, 40_000), doubtedBy(20_000, 15_999, 40_000)], [false, true]);
});

test.run();
