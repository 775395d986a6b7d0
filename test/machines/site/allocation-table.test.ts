/** Allocation to the watt: what each asset gets, what is left, and the reason that is named, with every bound on its edge. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Permit } from '../../../contracts/permit.ts';
import { allocateToAsset, allocateToSite } from '../../../machines/site/allocation.ts';
import type { Allocation, AllocationInput } from '../../../machines/site/allocation.ts';
import { cutToGrid } from '../../../machines/site/grid-cut.ts';
import type { GridUnit } from '../../../machines/site/grid-cut.ts';
import type { GridRoom } from '../../../machines/site/grid-watch.ts';
import { acPerBatteryW, committedAcW, pvAcOf } from '../../../machines/site/headroom.ts';
import type { Seen } from '../../../machines/site/headroom.ts';
import { asset, frame, lfp, permit, without } from '../support.ts';
import type { Values } from '../support.ts';

const test = suite('allocation, to the watt');

const NARROWED = { charge: ['SOC_HIGH'], discharge: ['SOC_LOW'] } as const satisfies Permit['reasons'];
const seen = (id: string, values: Values = {}, more: Partial<Seen> = {}): Seen => ({
  asset: asset({ id, efficiency: 0.81 }),
  hybrid: false,
  frame: frame({ acPowerW: [0], batteryPowerW: [0], ...values }),
  permit: permit({ maxChargeW: 4000, maxDischargeW: 5000 }),
  ...more,
});
const sunny = (id: string, pvW: number, more: Partial<Seen> = {}): Seen =>
  seen(id, { acPowerW: [pvW] }, { hybrid: true, ...more });
const room = (min = -1e6, max = 1e6, meterLost = false): GridRoom => ({ min, max, meterLost });
const order = (
  requestedW: number,
  all: readonly Seen[],
  of = room(),
  resting?: readonly string[],
): AllocationInput => ({
  requestedW,
  durationS: 600,
  limits: lfp,
  room: of,
  all,
  nowMs: 0,
  ...(resting ? { resting: new Set(resting) } : {}),
});

type One = readonly [
  title: string,
  w: number,
  target: Seen,
  room: GridRoom,
  appliedW: number,
  reasons: readonly string[],
];
const ONE: readonly One[] = [
  ['what is possible is given, for no reason', 3000, seen('a'), room(), 3000, []],
  ['and so is charging', -3000, seen('a'), room(), -3000, []],
  ['exactly the permit is possible', 5000, seen('a'), room(), 5000, []],
  ['over the permit with no other reason it is the rating', 5001, seen('a'), room(), 5000, ['RATING']],
  [
    'charging has the permit and the reasons of charging',
    -9000,
    seen('a', {}, { permit: permit({ maxChargeW: 2000, reasons: NARROWED }) }),
    room(),
    -2000,
    ['SOC_HIGH'],
  ],
  [
    'discharging those of discharging',
    9000,
    seen('a', {}, { permit: permit({ maxDischargeW: 2000, reasons: NARROWED }) }),
    room(),
    2000,
    ['SOC_LOW'],
  ],
  ['the grid connection bounds discharging', 3000, seen('a'), room(-1000, 2000), 2000, ['PCC_LIMIT']],
  ['and charging, with the losses on top', -3000, seen('a'), room(-1000, 2000), -900, ['PCC_LIMIT']],
  [
    'the losses are inside where the setpoint is one of AC',
    -3000,
    seen('a', {}, { acSetpoint: true }),
    room(-1000, 2000),
    -1000,
    ['PCC_LIMIT'],
  ],
  ['a connection that needs discharging makes no order larger', 500, seen('a'), room(1000, 2000), 500, []],
  ['nor does one that needs charging', -300, seen('a'), room(-1000, -500), -300, []],
  ['nor turns one round', -500, seen('a'), room(1000, 2000), 0, ['PCC_LIMIT']],
  ['and opens nothing that the export forbids', 3000, seen('a'), room(1000, 800), 800, ['PCC_LIMIT']],
  ['also where the export leaves nothing at all', 3000, seen('a'), room(1000, -200), 0, ['PCC_LIMIT']],
  ['a meter that is lost is named instead', 3000, seen('a'), room(0, 0, true), 0, ['METER_LOST']],
  [
    'PV of the same hybrid has its part of the connection',
    3000,
    sunny('a', 400),
    room(-1000, 2000),
    1600,
    ['PCC_LIMIT'],
  ],
  ['and makes room for charging', -3000, sunny('a', 400), room(-1000, 2000), -1260, ['PCC_LIMIT']],
];
for (const [title, w, target, bounds, appliedW, reasons] of ONE)
  test(`one asset, ${w} W: ${title}`, () =>
    assert.equal(allocateToAsset(order(w, [target], bounds), target, 'battery'), {
      appliedW,
      residualW: w - appliedW,
      reference: 'battery',
      shares: [{ asset_id: 'a', raw_w: w, final_w: appliedW, reasons }],
    }));

const OTHERS: readonly (readonly [title: string, other: Seen, most: number, least: number])[] = [
  ['idle', seen('b'), 2000, -900],
  ['discharging', seen('b', { acPowerW: [500] }), 1500, -1350],
  [
    'on its way from discharging to charging: whichever is worse',
    seen('b', { acPowerW: [500] }, { orderedAcW: -700 }),
    1500,
    -270,
  ],
  ['on its way up', seen('b', { acPowerW: [500] }, { orderedAcW: 800 }), 1200, -1350],
  ['unseen: the meter sees it', seen('b', { acPowerW: [] }), 2000, -900],
];
for (const [title, other, most, least] of OTHERS)
  test(`what another battery has of the grid connection is left to it: ${title}`, () => {
    const target = seen('a');
    const of = (w: number): number =>
      allocateToAsset(order(w, [target, other], room(-1000, 2000)), target, 'battery').appliedW;
    assert.equal([of(4000), of(-4000)].map(Math.round), [most, least]);
  });

test('what another one may have of the export already is given to nobody else, however much is imported', () => {
  // The load is 1 kW over the import limit; the other battery is on its way to all that may be exported.
  const target = seen('a');
  const all = [target, seen('b', {}, { orderedAcW: 61_000 })];
  assert.is(allocateToAsset(order(5000, all, room(1000, 61_000)), target, 'battery').appliedW, 0);
  assert.is(allocateToSite(order(5000, all, room(1000, 61_000)), [target]).appliedW, 0);
});

test('an order for the AC terminal of a hybrid counts its PV in', () => {
  const target = sunny('a', 1000);
  const { appliedW, shares } = allocateToAsset(order(3000, [target]), target, 'ac');
  assert.equal([appliedW, shares[0]?.final_w, shares[0]?.raw_w, shares[0]?.reasons], [3000, 3000, 3000, []]);
});

test('PV that cannot be taken in makes no order to charge, or to stand still, one to discharge', () => {
  const target = sunny('a', 1000, { permit: permit({ maxChargeW: 0 }) });
  for (const w of [0, -500]) {
    const { appliedW, residualW } = allocateToAsset(order(w, [target]), target, 'ac');
    assert.equal([appliedW, residualW], [0, w]);
  }
});

const finals = ({ shares }: Allocation): readonly number[] => shares.map(({ final_w }) => final_w);
const site = (w: number, all: readonly Seen[], of = room(), resting?: readonly string[]): Allocation =>
  allocateToSite(order(w, all, of, resting), all);

test('a site order is shared at the AC terminals, to whole watts that add up, for no reason', () => {
  assert.equal(site(201, [seen('a'), seen('b')]), {
    appliedW: 201,
    residualW: 0,
    reference: 'ac',
    shares: [
      { asset_id: 'a', raw_w: 100.5, final_w: 101, reasons: [] },
      { asset_id: 'b', raw_w: 100.5, final_w: 100, reasons: [] },
    ],
  });
});

test('each share has the sign of the order and its own PV in it', () => {
  const { shares, appliedW } = site(-2000, [sunny('a', 1000), seen('b')]);
  assert.equal(
    shares.map(({ raw_w, final_w }) => [raw_w, final_w]),
    [
      [-500, -500],
      [-1500, -1500],
    ],
  );
  assert.is(appliedW, -2000);
});

test('who has too little room says why, and the others take the rest', () => {
  const narrow = seen('a', {}, { permit: permit({ maxDischargeW: 300, maxChargeW: 200, reasons: NARROWED }) });
  const out = site(1000, [narrow, seen('b')]);
  assert.equal(
    [finals(out), out.shares.map(({ reasons }) => reasons)],
    [
      [300, 700],
      [['SOC_LOW'], []],
    ],
  );
  const into = site(-1000, [narrow, seen('b')]);
  assert.equal(
    [finals(into), into.shares.map(({ reasons }) => reasons)],
    [
      [-200, -800],
      [['SOC_HIGH'], []],
    ],
  );
});

test('too little energy and too little power are named as what they are', () => {
  const nearlyEmpty = (id: string): Seen => seen(id, { socPct: [10.1] });
  assert.equal(
    site(1000, [nearlyEmpty('a'), nearlyEmpty('b')]).shares.map(({ reasons }) => reasons),
    [['ENERGY'], ['ENERGY']],
  );
  const coarse = { ...seen('a', { socPct: [20] }), asset: asset({ id: 'a', efficiency: 0.81, minPowerW: 500 }) };
  assert.equal(
    site(1000, [coarse, seen('b')]).shares.map(({ reasons }) => reasons),
    [['MIN_POWER'], []],
  );
});

test('who rests is woken only when the others cannot do it alone', () => {
  const both = [seen('a'), seen('b')];
  assert.equal(finals(site(1000, both, room(), ['a'])), [0, 1000]);
  assert.equal(finals(site(5000, both, room(), ['a'])), [0, 5000]);
  assert.equal(finals(site(6000, both, room(), ['a'])), [3000, 3000]);
});

test('the grid connection bounds all together, and is named with every share', () => {
  const bounded = site(3000, [seen('a'), seen('b')], room(-1000, 2000));
  assert.equal([finals(bounded), bounded.residualW], [[1000, 1000], 1000]);
  assert.ok(bounded.shares.every(({ reasons }) => reasons.join() === 'PCC_LIMIT'));
  assert.ok(site(3000, [seen('a')], room(0, 0, true)).shares.every(({ reasons }) => reasons.join() === 'METER_LOST'));
});

test('charging beside PV, the connection bears the PV and its limit together', () => {
  // 2500 W of import and 1000 W of PV are 3500 W at the AC terminal, 3150 W in the battery.
  assert.equal(finals(site(-3000, [sunny('a', 1000)], room(-2500, 1e6))), [-2150]);
});

test('the losses are reckoned with the battery that has most', () => {
  const good = { ...seen('b'), asset: asset({ id: 'b', efficiency: 1 }) };
  assert.is(site(-3000, [seen('a'), good], room(-1000, 1e6)).appliedW, -900);
});

test('PV of a hybrid is never more than its panels give, and nothing where one of the powers is not known', () => {
  const values: Values = { acPowerW: [3000], batteryPowerW: [1000] };
  const of = (more: Values): number => pvAcOf(seen('a', { ...values, ...more }, { hybrid: true }), 0);
  assert.equal(
    [of({}), of({ pvPowerW: [1500] }), of({ pvPowerW: [2500] }), of({ pvPowerW: [-5] })],
    [2000, 1500, 2000, 0],
  );
  assert.equal([of({ batteryPowerW: [] }), of({ acPowerW: [] }), of({ batteryPowerW: [3500] })], [0, 0, 0]);
  const unmeasured = {
    ...seen('a', {}, { hybrid: true }),
    frame: without(frame({ acPowerW: [3000] }), 'batteryPowerW'),
  };
  assert.is(pvAcOf(unmeasured, 0), 0);
});

test('what others have is the worse of measured and ordered, in each direction, and nothing of whom nobody sees', () => {
  const of = (w: number, orderedAcW?: number): Seen => seen('b', { acPowerW: [w] }, { orderedAcW });
  assert.equal(committedAcW([of(500), of(-200, 300), of(100, -400)], 0), { min: -100, max: 900 });
  assert.equal(committedAcW([seen('b', { acPowerW: [] })], 0), { min: 0, max: 0 });
  assert.equal(committedAcW([], 0), { min: 0, max: 0 });
});

test('only charging takes its losses from the grid as well', () => {
  const near = (found: number): number => Math.round(found * 1000);
  assert.equal(
    [1000, 0, -1000].map((w) => near(acPerBatteryW(seen('a'), w))),
    [1000, 1000, 1111],
  );
  assert.is(acPerBatteryW(seen('a', {}, { acSetpoint: true }), -1000), 1);
});

const grid = (id: string, batteryAcW: number, chargeW: number, dischargeW: number, pvW = 0): GridUnit => ({
  id,
  batteryAcW,
  chargeW,
  dischargeW,
  pvW,
});
const HALF_AND_FULL = [grid('half', -4000, 8000, 1), grid('full', -2000, 2000, 1)];

test('who charges most of what he may is cut first, until all have the same part', () => {
  const cut = (min: number): unknown => [...cutToGrid(HALF_AND_FULL, room(min, 1e6))];
  assert.equal(cut(-6000), []);
  assert.equal(cut(-5500), [['full', { direction: 'charge', maxW: 1500 }]]);
  assert.equal(cut(-5000), [['full', { direction: 'charge', maxW: 1000 }]], 'who has just as large a part is not cut');
  assert.equal(cut(-4500), [
    ['full', { direction: 'charge', maxW: 900 }],
    ['half', { direction: 'charge', maxW: 3600 }],
  ]);
  assert.equal(cut(0), [
    ['full', { direction: 'charge', maxW: 0 }],
    ['half', { direction: 'charge', maxW: 0 }],
  ]);
});

test('nobody is cut for the direction that he does not go', () => {
  const units = [grid('out', 3000, 1, 6000), grid('into', -1000, 2000, 1)];
  assert.equal([...cutToGrid(units, room(-1e6, 1000))], [['out', { direction: 'discharge', maxW: 2000 }]]);
  assert.equal(
    [...cutToGrid([grid('into', -3000, 6000, 1), grid('out', 1000, 1, 2000)], room(-1000, 1e6))],
    [['into', { direction: 'charge', maxW: 2000 }]],
  );
});

test('power where there is no permit is cut before all other', () => {
  const units = [grid('allowed', 5000, 1, 5000), grid('not', 100, 1, 0)];
  assert.equal(
    [...cutToGrid(units, room(-1e6, 5050))].map(([id]) => id),
    ['not'],
  );
});

test.run();
