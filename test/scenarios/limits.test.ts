import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { virtualSite } from './virtual-site.ts';

/** Registers that hand power out on a Huawei: anything else is a stop or a parameter. */
const FORCED_COMMAND = 47_100;

const ROWS: { title: string; plant: object; w: number; code: string; reason: string }[] = [
  { title: 'state of charge at 5 %', plant: { socPct: 5 }, w: 20_000, code: 'LIMIT', reason: 'SOC_CRITICAL_LOW' },
  { title: 'state of charge at 10 %', plant: { socPct: 9.9 }, w: 20_000, code: 'LIMIT', reason: 'SOC_LOW' },
  { title: 'state of charge at 95 %', plant: { socPct: 95.2 }, w: -20_000, code: 'LIMIT', reason: 'SOC_HIGH' },
  { title: 'a pack at 0 °C', plant: { packTemperaturesC: [0] }, w: -20_000, code: 'LIMIT', reason: 'COLD_NO_CHARGE' },
  {
    title: 'a pack at -20 °C',
    plant: { packTemperaturesC: [-20] },
    w: 20_000,
    code: 'LIMIT',
    reason: 'COLD_NO_DISCHARGE',
  },
  { title: 'a pack at 50 °C', plant: { packTemperaturesC: [50] }, w: 20_000, code: 'LIMIT', reason: 'HOT_STOP' },
  { title: 'a pack at 55 °C', plant: { packTemperaturesC: [55] }, w: 20_000, code: 'TRIPPED', reason: '' },
  { title: 'a grid at 52 Hz', plant: { gridFrequencyHz: 52 }, w: 20_000, code: 'LIMIT', reason: 'GRID_WINDOW' },
  {
    title: 'a grid at 80 % of its voltage',
    plant: { gridVoltageV: 184 },
    w: 20_000,
    code: 'LIMIT',
    reason: 'GRID_WINDOW',
  },
  {
    title: 'a BMS that allows no discharge',
    plant: { maxDischargeW: 0 },
    w: 20_000,
    code: 'LIMIT',
    reason: 'DEVICE_LIMIT',
  },
];

for (const { title, plant, w, code, reason } of ROWS) {
  test(`with ${title} an order is refused with its reason and nothing is written for it`, async () => {
    const site = await virtualSite();
    site.plants[0]?.set(plant);
    await site.run(8000);
    const before = site.writes().length;
    const reply = await site.dispatch(w, 30);
    assert.is(reply.ok, false, JSON.stringify(reply));
    if (!reply.ok) {
      assert.is(reply.code, code);
      assert.match(JSON.stringify(reply), reason);
    }
    await site.run(3000);
    assert.is(
      site
        .writes()
        .slice(before)
        .filter(({ register, words }) => register === FORCED_COMMAND && words[0] !== 0).length,
      0,
    );
  });
}

const CROSSINGS: { title: string; plant: object; w: number }[] = [
  { title: 'the state of charge falls to 9.9 %', plant: { socPct: 9.9 }, w: 20_000 },
  { title: 'the grid leaves its window', plant: { gridFrequencyHz: 52 }, w: 20_000 },
  { title: 'the BMS withdraws its limit', plant: { maxDischargeW: 0 }, w: 20_000 },
  { title: 'the device raises a low-insulation alarm', plant: { alarms: [0, 4, 0] }, w: 20_000 },
  { title: 'the state of charge rises to 95.2 %', plant: { socPct: 95.2 }, w: -20_000 },
];

for (const { title, plant, w } of CROSSINGS) {
  test(`while the battery moves power and ${title}, it is stopped within one poll and one write`, async () => {
    // Outside the bands of hysteresis at the start, near the limit when it matters, with no jump on the way.
    const site = await virtualSite({ socPct: w > 0 ? 12.1 : 92.9 });
    const reply = await site.dispatch(w, 600);
    assert.ok(reply.ok, JSON.stringify(reply));
    await site.run(3000);
    assert.ok(Math.abs(site.power()) > 1000);
    site.plants[0]?.set({ socPct: w > 0 ? 11 : 94 });
    await site.run(3000);
    site.plants[0]?.set(plant);
    const from = site.clock.now();
    const before = site.writes().length;
    // One poll of 1 s, the exchanges of that poll, one write.
    await site.run(2200);
    const stop = site.writes().slice(before)[0];
    assert.ok(stop, 'something was written');
    assert.is(stop?.register, 47_075);
    assert.equal(stop?.words, [0, 0, 0, 0]);
    assert.ok((stop?.monotonicMs ?? Infinity) - from <= 1000 + 800, `after ${(stop?.monotonicMs ?? 0) - from} ms`);
    await site.run(2000);
    assert.is(Math.round(site.power()), 0);
    const ended = site.events('command').find(({ phase }) => phase === 'stopped' || phase === 'failed');
    assert.ok(ended, 'the order is reported as ended');
  });
}

test('a pack that gets hot slowly halves the power at 45 °C, ends it at 50 °C and trips the asset at 55 °C', async () => {
  const site = await virtualSite({ assets: 2 });
  await site.dispatch(80_000, 3600);
  await site.run(5000);
  assert.is(Math.round(site.power()), 80_000);
  site.plants[0]?.set({ packTemperaturesC: [45] });
  await site.run(12_000);
  assert.is(Math.round(site.power()), 50_000);
  site.plants[0]?.set({ packTemperaturesC: [50] });
  await site.run(12_000);
  assert.is(Math.round(site.power()), 0);
  site.plants[0]?.set({ packTemperaturesC: [55] });
  await site.run(12_000);
  assert.is(site.asset().operation, 'tripped');
  assert.is(site.asset('bess-2').operation, 'standby', 'the other asset is not concerned');
  site.plants[0]?.set({ packTemperaturesC: [30] });
  await site.run(12_000);
  assert.is(site.asset().operation, 'tripped', 'a trip latches');
});

test('under 5 % the battery can still be charged, gently', async () => {
  const site = await virtualSite({ socPct: 4 });
  const reply = await site.dispatch(-50_000, 60);
  assert.ok(reply.ok, JSON.stringify(reply));
  assert.is(reply.data.status, 'clamped');
  assert.is(reply.data.applied_w, -20_000, 'a tenth of the capacity per hour');
  await site.run(3000);
  assert.is(Math.round(site.power()), -20_000);
});

test('a battery that nobody ordered to move, and whose idle state is hold, is stopped within one poll', async () => {
  const site = await virtualSite();
  await site.run(5000);
  const before = site.writes().length;
  // Somebody else forces the device with the vendor's app.
  const plant = site.plants[0];
  plant?.device.write(47_077, [1, 34_464], 16, 1);
  plant?.device.write(47_249, [0, 30_000], 16, 1);
  plant?.device.write(47_083, [10], 6, 1);
  plant?.device.write(47_246, [0], 6, 1);
  plant?.device.write(47_100, [2], 6, 1);
  await site.run(2500);
  assert.ok(site.writes().length > before + 5, 'the stop was written');
  assert.is(Math.round(site.power()), 0);
  assert.ok(site.events('foreign_change').length > 0);
});

test('a link that was down in the wait for the grid lets it begin anew: nobody saw that the grid stayed inside', async () => {
  const site = await virtualSite();
  site.plants[0]?.set({ gridFrequencyHz: 52 });
  await site.run(5000);
  site.plants[0]?.set({ gridFrequencyHz: 50 });
  await site.run(200_000);
  site.plants[0]?.faults.apply({ kind: 'refuse', forMs: 30_000 });
  site.plants[0]?.faults.apply({ kind: 'reset' });
  await site.run(250_000);
  const early = await site.dispatch(10_000, 60);
  assert.is(!early.ok && early.code, 'LIMIT', JSON.stringify(early));
  await site.run(100_000);
  const late = await site.dispatch(10_000, 60);
  assert.ok(late.ok, JSON.stringify(late));
});

test.run();
