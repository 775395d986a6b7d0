/** The energy sum to the watt-hour: when it begins anew, what it adds, and the edge at which it is off or frozen. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { countEnergy, NOTHING_COUNTED } from '../../../machines/guard/energy-balance.ts';
import type { Counted, EnergyLook } from '../../../machines/guard/energy-balance.ts';

const test = suite('energy balance');

const BATTERY = { capacityWh: 10_000, maxChargePowerW: 10_000, maxDischargePowerW: 5000 };
const AT_MS = 1_000_000;
/** An hour's worth of a sum under way: 6 kW, anchored at 50 %. */
const SUM: Counted = {
  atMs: AT_MS,
  powerW: 6000,
  anchorPct: 50,
  anchorAtMs: AT_MS - 60_000,
  netWh: 100,
  grossWh: 200,
  lastPct: 49,
  sinceChangeWh: 40,
};
const count = (before: Counted, look: Partial<EnergyLook> = {}) =>
  countEnergy(before, { nowMs: AT_MS + 10_000, powerW: 0, socPct: [49], jumped: false, ...look }, BATTERY);

test('the mean of two powers flows between them, net and gross, and since the charge last moved', () => {
  const { counted, off, frozen } = count(SUM, { nowMs: AT_MS + 6000, powerW: 3000 });
  assert.equal(counted, {
    ...SUM,
    atMs: AT_MS + 6000,
    powerW: 3000,
    netWh: 107.5,
    grossWh: 207.5,
    sinceChangeWh: 47.5,
  });
  assert.equal([off, frozen], [false, false]);
  const back = count({ ...SUM, powerW: -6000 }, { nowMs: AT_MS + 6000, powerW: -6000 }).counted;
  assert.equal([back.netWh, back.grossWh, back.sinceChangeWh], [90, 210, 30]);
});

test('a charge that moves begins what flows since then anew, and only that', () => {
  const { counted } = count(SUM, { socPct: [48.9] });
  assert.equal([counted.sinceChangeWh, counted.lastPct, counted.anchorPct], [0, 48.9, 50]);
});

test('the mean of the units counts, and a unit that is missing leaves the sum as it is', () => {
  assert.is(count(SUM, { socPct: [40, 60, 47] }).counted.lastPct, 49);
  for (const socPct of [[], [undefined], [49, undefined]])
    assert.equal(count(SUM, { socPct }), { counted: SUM, off: false, frozen: false });
});

test('the same moment twice adds nothing, and what is frozen stays so', () => {
  assert.equal(count(SUM, { nowMs: AT_MS, socPct: [20] }), { counted: SUM, off: false, frozen: false });
  const frozen = { ...SUM, sinceChangeWh: -301 };
  assert.equal(count(frozen, { nowMs: AT_MS }), { counted: frozen, off: false, frozen: true });
  assert.equal(count(frozen, { socPct: [] }), { counted: frozen, off: false, frozen: true });
});

test('a charge that is off by exactly what is tolerated is believed', () => {
  // Nothing flowed, and a battery without a rating has no offset, so that 3 % are left.
  const unrated = { ...BATTERY, maxChargePowerW: 0, maxDischargePowerW: 0 };
  const still = { ...SUM, powerW: 0, netWh: 0, grossWh: 0 };
  const off = (pct: number): boolean =>
    countEnergy(still, { nowMs: AT_MS + 10_000, powerW: 0, socPct: [pct], jumped: false }, unrated).off;
  assert.equal([off(53), off(53.01), off(47), off(46.99)], [false, true, false, true]);
});

const ANEW: readonly (readonly [title: string, before: Partial<Counted>, look: Partial<EnergyLook>, anew: boolean])[] =
  [
    ['30 s after the last sample it goes on', {}, { nowMs: AT_MS + 30_000 }, false],
    ['a moment later nobody knows what flowed', {}, { nowMs: AT_MS + 30_001 }, true],
    ['two hours after its beginning it goes on', { anchorAtMs: AT_MS + 10_000 - 7_200_000 }, {}, false],
    ['a moment later it is too old', { anchorAtMs: AT_MS + 9999 - 7_200_000 }, {}, true],
    ['late in the day it goes on all the same', { anchorAtMs: AT_MS - 60_000, atMs: AT_MS }, {}, false],
    ['a jump begins anew', {}, { jumped: true }, true],
    ['a power that is not known now', {}, { powerW: undefined }, true],
    ['a power that was not known before', { powerW: undefined }, {}, true],
    ['no anchor yet', { anchorPct: undefined }, {}, true],
  ];
for (const [title, before, look, anew] of ANEW)
  test(`a sum begins anew: ${title}`, () => {
    const { counted, off } = count({ ...SUM, ...before }, look);
    const nowMs = look.nowMs ?? AT_MS + 10_000;
    assert.is(off, false);
    assert.is(counted.anchorAtMs === nowMs, anew);
    if (anew)
      assert.equal(counted, {
        atMs: nowMs,
        powerW: 'powerW' in look ? look.powerW : 0,
        anchorPct: 49,
        anchorAtMs: nowMs,
        netWh: 0,
        grossWh: 0,
        lastPct: 49,
        sinceChangeWh: 40,
      });
  });

test('late on the clock a sum is as old as it is, not as the clock says', () => {
  const late = 50_000_000;
  const { counted } = count({ ...SUM, atMs: late, anchorAtMs: late }, { nowMs: late + 10_000 });
  assert.is(counted.anchorAtMs, late);
});

test('a sum that begins anew with another charge has nothing that flowed since', () => {
  assert.is(count(SUM, { jumped: true, socPct: [48] }).counted.sinceChangeWh, 0);
});

test('the charge may be off by 3 % and 2 % of the larger rating for the time, not by more', () => {
  const idle = { ...SUM, powerW: 0, netWh: 0, grossWh: 0, anchorAtMs: AT_MS };
  const of = (pct: number) => count(idle, { socPct: [pct] });
  // 2 % of 10 kW for 10 s are 0.56 Wh: 0.0056 % of 10 kWh.
  for (const pct of [53.005, 46.995]) assert.is(of(pct).off, false, `${pct}`);
  for (const pct of [53.006, 46.994]) assert.is(of(pct).off, true, `${pct}`);
  assert.is(of(53.006).counted.anchorPct, 53.006, 'and it begins anew from there');
});

test('a charge that does not move is frozen once more than 3 % of the capacity flowed', () => {
  const of = (sinceChangeWh: number): boolean => count({ ...SUM, powerW: 0, sinceChangeWh }).frozen;
  assert.equal([of(300), of(300.1), of(-300), of(-300.1)], [false, true, false, true]);
});

test('nothing was counted before the first frame', () => {
  const { counted, off } = count(NOTHING_COUNTED, { powerW: 100 });
  assert.equal([counted.anchorPct, counted.anchorAtMs, counted.netWh, off], [49, AT_MS + 10_000, 0, false]);
});

test.run();
