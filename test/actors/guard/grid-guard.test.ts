/** The guard's part at the grid connection: whose permit is narrowed when, who is told, and what a new guard knows of the meter. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createBoard } from '../../../actors/board.ts';
import { createGridGuard, gridMemory } from '../../../actors/grid-guard.ts';
import type { GridGuard, GridInputs, GridMemory } from '../../../actors/grid-guard.ts';
import type { Permit } from '../../../contracts/permit.ts';
import type { AlarmReport, SiteEvent } from '../../../contracts/reports.ts';
import { virtualClock } from '../../../supervisor/clock.ts';
import { frame, permit, without } from '../../machines/support.ts';

const test = suite('grid guard');

const TERMINAL = { hybrid: false, acSetpoint: true, oneWay: 1 };
const LIMITED = { maxImportW: 50_000, maxExportW: 10_000, meterLostMaxW: 700, meter: 'm' };

type Bench = {
  readonly guard: GridGuard;
  readonly given: Permit[];
  readonly memory: GridMemory;
  readonly states: () => readonly unknown[];
  readonly alarms: () => readonly AlarmReport[];
  /** A frame of the meter. */
  readonly meter: (pccW: number, nowMs: number) => void;
  /** A judged frame of an asset that moves that power, or is ordered another one. */
  readonly asset: (id: string, acW: number, nowMs: number, orderedW?: number) => Permit;
};

function benchOf(grid: Partial<GridInputs['grid']> = LIMITED, memory = gridMemory()): Bench {
  const given: Permit[] = [];
  const events: SiteEvent[] = [];
  const clock = virtualClock();
  const quiet = { load: () => Promise.resolve(undefined), save: () => Promise.resolve() };
  const board = createBoard(clock, (report) => report.type === 'EVENT' && events.push(report.event), quiet);
  const terminals = new Map(['a', 'b'].map((id) => [id, TERMINAL]));
  const inputs: GridInputs = { grid: grid as GridInputs['grid'], terminals, memory };
  const guard = createGridGuard(inputs, board, clock, (one) => given.push(one));
  return {
    guard,
    given,
    memory,
    states: () => events.filter(({ machine }) => machine === 'grid').map(({ kind, to }) => `${kind} ${String(to)}`),
    alarms: board.alarms,
    meter: (pccW, nowMs) => guard.see(frame({ gridPowerW: [pccW] }, nowMs, { assetId: 'm' }), nowMs),
    asset: (assetId, acW, nowMs, orderedW) => {
      const judged = {
        frame: frame({ acPowerW: [acW], batteryPowerW: [acW] }, nowMs, { assetId }),
        permit: permit({ assetId, maxChargeW: 9000, maxDischargeW: 9000, expiresAtMs: nowMs + 8000 }),
        order: orderedW === undefined ? undefined : ({ w: orderedW, reference: 'ac' } as const),
      };
      return guard.narrow(judged, nowMs);
    },
  };
}

const said = (permits: readonly Permit[]): readonly string[] =>
  permits.map(({ assetId, maxChargeW, maxDischargeW }) => `${assetId} ${maxChargeW} ${Math.round(maxDischargeW)}`);

test('a site without limits hands every permit out as it was judged, and follows no meter', () => {
  const bench = benchOf({ meterLostMaxW: 0, meter: 'm' });
  assert.equal(said([bench.asset('a', 0, 0)]), ['a 9000 9000']);
  bench.meter(-90_000, 0);
  assert.equal([bench.memory.meter, bench.memory.shown.size, bench.given.length], [undefined, 0, 1]);
  assert.is(bench.guard.room(0).max, Number.POSITIVE_INFINITY);
  assert.equal(bench.states(), []);
});

test('an asset without a terminal at the connection is handed out as it was judged', () => {
  const bench = benchOf();
  assert.equal(said([bench.asset('z', 0, 0)]), ['z 9000 9000']);
  assert.is(bench.memory.shown.size, 0);
});

test('before the meter has shown itself only what the site file allows then is left', () => {
  const bench = benchOf();
  const { maxDischargeW, reasons } = bench.asset('a', 0, 0, 5000);
  assert.equal([maxDischargeW, reasons.discharge], [700, ['GRID_LIMIT']]);
  assert.equal(bench.guard.room(0), { min: -700, max: 700, meterLost: true });
  assert.equal(bench.states(), [], 'a meter that never was is none that is lost');
  assert.equal(bench.alarms(), []);
});

test('orders that fit are let through, and cut as soon as the meter shows that they do not', () => {
  const bench = benchOf();
  bench.asset('a', 0, 0, 5000);
  bench.meter(0, 100);
  assert.equal(said(bench.given), ['a 9000 700', 'a 9000 9000'], 'with a living meter there is room for it');
  assert.equal(bench.states(), ['transition within']);
  bench.asset('b', 0, 200, 9000);
  // 14 kW ordered, 10 kW allowed: the more strained one first.
  assert.equal(said(bench.given.slice(2)), ['b 9000 5000']);
  assert.equal(bench.states().at(-1), 'transition cutting');
  assert.equal(bench.guard.room(200), { min: -50_000, max: 10_000, meterLost: false });
});

test('a permit that changes with another asset goes out at once, one that does not is not repeated', () => {
  const bench = benchOf();
  bench.meter(0, 0);
  bench.asset('a', 0, 100, 5000);
  bench.asset('b', 0, 100, 5000);
  bench.meter(0, 200);
  bench.given.length = 0;
  bench.asset('b', 0, 300, 9000);
  assert.equal(said(bench.given), ['b 9000 5000'], 'the other one keeps its own');
  bench.asset('b', 0, 400, 9000);
  assert.equal(said(bench.given.slice(1)), ['b 9000 5000'], 'who asks always gets an answer');
  bench.given.length = 0;
  bench.asset('b', 0, 500, 0);
  bench.asset('a', 0, 600, 9000);
  bench.given.length = 0;
  bench.asset('b', 0, 700, 9000);
  assert.equal(said(bench.given).toSorted(), ['a 9000 5000', 'b 9000 5000'], 'now both are cut');
});

test('while the power of an asset is not known it gets nothing, and the site counts as cutting', () => {
  const bench = benchOf();
  bench.meter(0, 0);
  bench.asset('a', 0, 100);
  assert.equal(bench.states(), ['transition within']);
  const blind = without(frame({}, 200), 'acPowerW');
  const given = bench.guard.narrow(
    { frame: blind, permit: permit({ assetId: 'a', maxChargeW: 9000 }), order: undefined },
    200,
  );
  assert.equal([given.maxChargeW, given.maxDischargeW], [0, 0]);
  assert.equal(bench.states(), ['transition within', 'transition cutting']);
});

test('a meter that falls silent is told as an alarm, which returns with it', () => {
  const bench = benchOf();
  bench.asset('a', 0, 0);
  bench.meter(0, 0);
  bench.asset('a', 0, 7999);
  assert.equal(bench.alarms(), []);
  bench.asset('a', 0, 8000, 5000);
  assert.is(bench.given.at(-1)?.maxDischargeW, 700);
  assert.equal(
    bench.alarms().map(({ alarm_id, severity, state }) => [alarm_id, severity, state]),
    [['meter-lost', 'P2', 'active']],
  );
  assert.ok(bench.alarms()[0]?.message.includes('m does not measure'));
  assert.is(bench.states().at(-1), 'transition meter_lost');
  bench.asset('a', 0, 8500, 5000);
  bench.meter(0, 8600);
  bench.meter(0, 9600);
  assert.equal(
    bench.alarms().filter(({ state }) => state === 'active'),
    [],
  );
});

test('frames of other devices than the meter are not taken for it', () => {
  const bench = benchOf();
  bench.guard.see(frame({ gridPowerW: [0] }, 0, { assetId: 'other' }), 0);
  assert.is(bench.memory.meter, undefined);
});

test('the load counts what the assets show, also after the meter was read', () => {
  const bench = benchOf();
  bench.asset('a', 4000, 0);
  bench.meter(-1000, 100);
  // Load 3000 W.
  assert.equal(bench.guard.room(100), { min: -47_000, max: 13_000, meterLost: false });
  assert.is(bench.memory.watch.readings.length, 1);
  bench.asset('a', 4000, 200);
  assert.is(bench.memory.watch.readings.length, 0, 'it has shown itself again');
});

test('a new guard goes on with the meter and the assets of the last one', () => {
  const first = benchOf();
  first.asset('a', 0, 0, 5000);
  first.meter(0, 100);
  const second = benchOf(LIMITED, first.memory);
  assert.equal(second.guard.room(200), first.guard.room(200));
  second.asset('b', 0, 200, 9000);
  assert.equal(said(second.given).toSorted(), ['a 9000 9000', 'b 9000 5000']);
});

test.run();
