/** From a requested power to one order per asset: headroom, PV of hybrids, the grid connection, signs. */
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SiteConfig } from '../../../contracts/site-config.ts';
import { allocateToAsset, allocateToSite } from '../../../machines/site/allocation.ts';
import type { AllocationInput } from '../../../machines/site/allocation.ts';
import { pvAcOf, unitOf } from '../../../machines/site/headroom.ts';
import { readMeter, roomNow, UNMETERED } from '../../../machines/site/grid-watch.ts';
import type { GridRoom } from '../../../machines/site/grid-watch.ts';
import type { Seen } from '../../../machines/site/headroom.ts';
import { asset, frame, lfp, permit } from '../support.ts';
import type { Values } from '../support.ts';

const test = suite('allocation');

const GRID: SiteConfig['grid'] = { meterLostMaxW: 0, voltagePct: [85, 110], frequencyHz: [47.5, 51.5] };
const battery = (id: string, values: Values = {}, more: Partial<Seen> = {}): Seen => ({
  asset: asset({ id, efficiency: 0.81 }),
  hybrid: false,
  frame: frame({ acPowerW: [0], batteryPowerW: [0], ...values }),
  permit: permit(),
  ...more,
});
const hybrid = (id: string, pvW: number, values: Values = {}): Seen =>
  battery(id, { acPowerW: [pvW], ...values }, { hybrid: true });
/** The room as the first reading of the meter gives it. */
const gridRoom = (grid: SiteConfig['grid'], all: readonly Seen[], nowMs: number): GridRoom => {
  const meter = all.find(({ asset: { id } }) => id === grid.meter)?.frame;
  const frames = all.map((seen) => ({ ...seen.frame, assetId: seen.asset.id }));
  return roomNow(meter ? readMeter(UNMETERED, grid, meter, frames, nowMs) : UNMETERED, grid, meter, nowMs);
};
const order = (requestedW: number, all: readonly Seen[], grid: Partial<SiteConfig['grid']> = {}): AllocationInput => ({
  requestedW,
  durationS: 600,
  limits: lfp,
  room: gridRoom({ ...GRID, ...grid }, all, 0),
  all,
  nowMs: 0,
});
const site = (requestedW: number, all: readonly Seen[], grid: Partial<SiteConfig['grid']> = {}) =>
  allocateToSite(order(requestedW, all, grid), all);

test('usable energy: from the limit or the reserve up, from the upper limit down, with one way of the efficiency', () => {
  const of = (seen: Seen, direction: 'charge' | 'discharge'): number =>
    Math.round(unitOf(seen, lfp, direction, 0).energyWh);
  assert.is(of(battery('a'), 'discharge'), 0.4 * 10_000 * 0.9);
  assert.is(of(battery('a'), 'charge'), (0.45 * 10_000) / 0.9);
  assert.is(
    of({ ...battery('a'), asset: asset({ reserveSocPct: 30, efficiency: 0.81 }) }, 'discharge'),
    0.2 * 10_000 * 0.9,
  );
  assert.is(of(battery('a', { socPct: [50, 20] }), 'discharge'), 0.1 * 10_000 * 0.9, 'the emptiest unit');
  assert.is(of(battery('a', { socPct: [50, 90] }), 'charge'), Math.round((0.05 * 10_000) / 0.9), 'the fullest unit');
  assert.is(of(battery('a', { sohPct: [50] }), 'discharge'), 0.4 * 10_000 * 0.5 * 0.9);
  assert.is(of(battery('a', { socPct: [] }), 'discharge'), 0, 'an unknown state of charge is nothing to count on');
});

test('room is what permit and inverter leave, and nothing under a lapsed permit', () => {
  const room = (seen: Seen, direction: 'charge' | 'discharge', nowMs = 0): number =>
    Math.round(unitOf(seen, lfp, direction, nowMs).roomW);
  assert.is(room(battery('a'), 'discharge'), 5000);
  assert.is(room(battery('a'), 'discharge', 10_000), 0);
  const sunny: Values = { apparentRatingVa: [5000], reactivePowerVar: [3000] };
  assert.equal([room(hybrid('a', 1000, sunny), 'discharge'), room(hybrid('a', 1000, sunny), 'charge')], [3000, 5000]);
  assert.is(room(hybrid('a', 4500, sunny), 'discharge'), 0, 'PV alone fills the inverter');
});

test('PV of a hybrid is what its AC terminal has beside the battery', () => {
  assert.is(pvAcOf(battery('a', { acPowerW: [3000], batteryPowerW: [1000] }, { hybrid: true }), 0), 2000);
  assert.is(pvAcOf(battery('a', { acPowerW: [3000] }), 0), 0);
  assert.is(pvAcOf(battery('a', { acPowerW: [] }, { hybrid: true }), 0), 0);
});

/** load 2000 W at the meter; import at most 5000, export at most 1000. */
const METER: Partial<SiteConfig['grid']> = { meter: 'a', maxImportW: 5000, maxExportW: 1000 };

test('the grid connection leaves room between its import and its export', () => {
  const meter = battery('a', { gridPowerW: [2000] });
  assert.equal(gridRoom({ ...GRID, ...METER }, [meter], 0), { min: -3000, max: 3000, meterLost: false });
  assert.equal(gridRoom({ ...GRID, meter: 'a', maxImportW: 5000 }, [meter], 0), {
    min: -3000,
    max: Number.POSITIVE_INFINITY,
    meterLost: false,
  });
  assert.equal(gridRoom(GRID, [meter], 0), {
    min: Number.NEGATIVE_INFINITY,
    max: Number.POSITIVE_INFINITY,
    meterLost: false,
  });
});

test('a meter that is lost leaves what the site file says', () => {
  const lost = { min: -700, max: 700, meterLost: true };
  const grid = { ...GRID, ...METER, meterLostMaxW: 700 };
  assert.equal(gridRoom(grid, [battery('a', { gridPowerW: [] })], 0), lost);
  assert.equal(gridRoom(grid, [battery('b', { gridPowerW: [1] })], 0), lost);
  assert.equal(gridRoom(grid, [battery('a', { gridPowerW: [1] })], 60_000), lost);
});

test('a device whose AC power nobody knows counts as load, as the meter sees it', () => {
  const [meter, unseen] = [battery('a', { gridPowerW: [2000], acPowerW: [500] }), battery('b', { acPowerW: [] })];
  assert.equal(gridRoom({ ...GRID, ...METER }, [meter, unseen], 0), { min: -2500, max: 3500, meterLost: false });
});

test('an order over the export or import limit is cut and says so', () => {
  const all = [battery('a', { gridPowerW: [2000] })];
  const out = site(5000, all, METER);
  assert.equal([out.appliedW, out.residualW, out.shares[0]?.reasons], [3000, 2000, ['PCC_LIMIT']]);
  const into = site(-5000, all, METER);
  // The grid has to give the losses as well: 2700 W at the battery are 3000 W of import.
  assert.equal([into.appliedW, into.residualW], [-2700, -2300]);
  const lost = site(5000, [battery('a', { gridPowerW: [] })], METER);
  assert.equal([lost.appliedW, lost.residualW, lost.shares[0]?.reasons], [0, 5000, ['METER_LOST']]);
});

test('the grid may take away from an order, it never turns one round', () => {
  const exporting = [battery('a', { gridPowerW: [-4000] })];
  assert.is(site(2000, exporting, METER).appliedW, 0);
  const importing = [battery('a', { gridPowerW: [9000] })];
  assert.is(site(-2000, importing, METER).appliedW, 0);
  assert.is(allocateToAsset(order(2000, exporting, METER), exporting[0] as Seen, 'ac').appliedW, 0);
});

test('batteries that are not part of the order count at the grid connection', () => {
  const meter = battery('a', { gridPowerW: [2000] });
  const other = battery('b', { acPowerW: [2500] });
  // load 4500, so all together at most 5500; the other one has 2500 of it.
  assert.is(allocateToSite(order(5000, [meter, other], METER), [meter]).appliedW, 3000);
  assert.is(allocateToAsset(order(5000, [meter, other], METER), meter, 'ac').appliedW, 3000);
});

test('an order that another asset was just given counts before the meter can show it', () => {
  const meter = battery('a', { gridPowerW: [2000] });
  const ordered = { ...battery('b'), orderedAcW: 2500 };
  assert.is(allocateToSite(order(5000, [meter, ordered], METER), [meter]).appliedW, 500);
});

test('PV counts first, the batteries cover the rest', () => {
  const all = [hybrid('a', 2000), battery('b')];
  const { shares, appliedW, residualW } = site(5000, all);
  assert.equal(
    shares.map(({ final_w }) => final_w),
    [3500, 1500],
  );
  assert.equal([appliedW, residualW], [5000, 0]);
});

test('an order to one asset at its battery, at its AC terminal, over its permit', () => {
  const one = hybrid('a', 2000);
  const give = (w: number, reference: 'battery' | 'ac'): [number, number] => {
    const { appliedW, residualW } = allocateToAsset(order(w, [one]), one, reference);
    return [appliedW, residualW];
  };
  assert.equal(give(4000, 'battery'), [4000, 0]);
  assert.equal(give(9000, 'battery'), [5000, 4000]);
  assert.equal(give(9000, 'ac'), [7000, 2000]);
  assert.equal(give(-9000, 'battery'), [-5000, -4000]);
  assert.equal(give(-9000, 'ac'), [-3000, -6000]);
  assert.equal(give(0, 'battery'), [0, 0]);
});

const fleets = fc
  .array(
    fc.record({
      pvW: fc.constantFrom(0, 500, 4000),
      isHybrid: fc.boolean(),
      socPct: fc.integer({ min: 0, max: 100 }),
      maxChargeW: fc.nat(5000),
      maxDischargeW: fc.nat(5000),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((rows) =>
    rows.map((row, at): Seen => {
      const seen = row.isHybrid
        ? hybrid(`a${at}`, row.pvW, { socPct: [row.socPct], gridPowerW: [1000] })
        : battery(`a${at}`, { socPct: [row.socPct], gridPowerW: [1000] });
      return { ...seen, permit: permit({ maxChargeW: row.maxChargeW, maxDischargeW: row.maxDischargeW }) };
    }),
  );
const watts = fc.integer({ min: -20_000, max: 20_000 });

test('what is applied is the sum of the shares, the residual the signed rest, and every battery stays in its permit', () => {
  fc.assert(
    fc.property(fleets, watts, fc.constantFrom({}, { ...METER, meter: 'a0' }), (all, w, grid) => {
      const { shares, appliedW, residualW } = site(w, all, grid);
      assert.ok(Math.abs(shares.reduce((sum, { final_w }) => sum + final_w, 0) - appliedW) <= 1e-6);
      assert.ok(Math.abs(w - appliedW - residualW) <= 1e-6);
      shares.forEach(({ final_w }, at) => {
        const seen = all[at] as Seen;
        const batteryW = final_w - pvAcOf(seen, 0);
        assert.ok(batteryW <= seen.permit.maxDischargeW + 1e-6 && batteryW >= -seen.permit.maxChargeW - 1e-6);
      });
    }),
    { numRuns: 3000 },
  );
});

test('without PV an order never turns round and never grows, for the site and for one asset', () => {
  fc.assert(
    fc.property(fleets, watts, fc.constantFrom({}, { ...METER, meter: 'a0' }), (fleet, w, grid) => {
      const all = fleet.map((seen): Seen => ({ ...seen, hybrid: false }));
      const [first] = all as [Seen, ...Seen[]];
      for (const { appliedW } of [
        site(w, all, grid),
        allocateToAsset(order(w, all, grid), first, 'ac'),
        allocateToAsset(order(w, all, grid), first, 'battery'),
      ]) {
        assert.ok(appliedW * w >= 0 && Math.abs(appliedW) <= Math.abs(w) + 1e-6);
      }
    }),
    { numRuns: 3000 },
  );
});

test('an order to the battery of a hybrid never turns round, however much PV there is', () => {
  fc.assert(
    fc.property(fleets, watts, fc.constantFrom({}, { ...METER, meter: 'a0' }), (all, w, grid) => {
      const { appliedW } = allocateToAsset(order(w, all, grid), all[0] as Seen, 'battery');
      assert.ok(appliedW * w >= 0 && Math.abs(appliedW) <= Math.abs(w) + 1e-6);
    }),
    { numRuns: 3000 },
  );
});

test.run();
