// deadline: 150 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { realSite } from './real-site.ts';
import type { RealSite } from './real-site.ts';

/** Slow points (temperatures) are read on every fifth poll. */
const SEEN_MS = 9000;

type Change = Parameters<RealSite['plant']['set']>[0];

const ROWS: { title: string; plant: Change; back: Change; w: number; code: string; reason: RegExp }[] = [
  {
    title: 'a pack at -20 °C gives nothing',
    plant: { packTemperaturesC: [-20] },
    back: { packTemperaturesC: [25] },
    w: 20_000,
    code: 'LIMIT',
    reason: /COLD_NO_DISCHARGE/,
  },
  {
    title: 'a pack at 0 °C takes no charge',
    plant: { packTemperaturesC: [0] },
    back: { packTemperaturesC: [25] },
    w: -20_000,
    code: 'LIMIT',
    reason: /COLD_NO_CHARGE/,
  },
  {
    title: 'a pack at 50 °C moves nothing',
    plant: { packTemperaturesC: [50] },
    back: { packTemperaturesC: [25] },
    w: 20_000,
    code: 'LIMIT',
    reason: /HOT_STOP/,
  },
  {
    title: 'a BMS that allows no discharge gets none',
    plant: { maxDischargeW: 0 },
    back: { maxDischargeW: 100_000 },
    w: 20_000,
    code: 'LIMIT',
    reason: /DEVICE_LIMIT/,
  },
  {
    title: 'a battery at 96 % takes no charge',
    plant: { socPct: 96 },
    back: { socPct: 50 },
    w: -20_000,
    code: 'LIMIT',
    reason: /SOC_HIGH/,
  },
  {
    title: 'a battery at 9.5 % gives nothing',
    plant: { socPct: 9.5 },
    back: { socPct: 50 },
    w: 20_000,
    code: 'LIMIT',
    reason: /SOC_LOW/,
  },
  {
    title: 'a grid at 52 Hz gets nothing',
    plant: { gridFrequencyHz: 52 },
    back: { gridFrequencyHz: 50 },
    w: 20_000,
    code: 'LIMIT',
    reason: /GRID_WINDOW/,
  },
  {
    title: 'a pack at 55 °C trips the asset',
    plant: { packTemperaturesC: [55] },
    back: { packTemperaturesC: [25], gridFrequencyHz: 50 },
    w: 20_000,
    code: 'TRIPPED',
    reason: /TRIPPED/,
  },
];

test('a plant at each limit: orders are refused with the reason, over real Modbus and a real broker', async () => {
  await using site = await realSite({ assets: 1 });
  await site.startRuntime();
  for (const { title, plant, back, w, code, reason } of ROWS) {
    await site.plant.set(plant, 0);
    await site.until(title, SEEN_MS, async () =>
      reason.test(JSON.stringify((await site.get('/api/v1/status')).data.assets[0].permit.reasons)),
    );
    const reply = await site.json('dispatch', '--asset', 'bess-1', '--w', String(w), '--duration', '30');
    assert.is(reply.ok, false, title);
    assert.is(reply.code, code, `${title}: ${JSON.stringify(reply)}`);
    assert.match(JSON.stringify(reply), reason);
    await site.plant.set(back, 0);
    await site.until(
      `${title}: over`,
      15_000,
      async () =>
        back.gridFrequencyHz !== undefined ||
        (await site.get('/api/v1/status')).data.assets[0].permit.reasons.every((one: string) => one === 'DEADMAN_CAP'),
    );
  }
  const forced = (await site.plant.tap(0, 0)).entries.filter(
    ({ register, words }) => register === 47_100 && words[0] !== 0,
  );
  assert.is(forced.length, 0, 'nothing was ever forced');
});

test('a plant that crosses a limit while it discharges is stopped within one poll and one write; under 5 % it can still be charged', async () => {
  await using site = await realSite({ assets: 1 });
  await site.startRuntime();
  const reply = await site.json('dispatch', '--asset', 'bess-1', '--w', '20000', '--duration', '120');
  assert.is(reply.ok, true, JSON.stringify(reply));
  await site.until('20 kW', 4000, async () => Math.abs((await site.power()) - 20_000) < 100);
  const mark = (await site.plant.tap(0, 0)).entries.length;
  const from = Date.now();
  await site.plant.set({ maxDischargeW: 0 }, 0);
  await site.until('a stop was written', 4000, async () => (await site.plant.tap(mark, 0)).entries.length > 0);
  const [stop] = (await site.plant.tap(mark, 0)).entries;
  assert.equal([stop?.register, stop?.words], [47_075, [0, 0, 0, 0]]);
  const tookMs = (stop?.wallMs ?? Number.POSITIVE_INFINITY) - from;
  console.log(`stopped ${tookMs} ms after the limit moved (poll 1000 ms, its requests and their gaps about 600 ms)`);
  assert.ok(tookMs <= 1000 + 900, `stopped after ${tookMs} ms`);
  await site.plant.set({ maxDischargeW: 100_000, socPct: 4 }, 0);
  await site.until(
    'the low state of charge is believed',
    12_000,
    async () =>
      /SOC_CRITICAL_LOW/.test(JSON.stringify((await site.get('/api/v1/status')).data.assets[0].permit.reasons)) &&
      (await site.get('/api/v1/status')).data.assets[0].permit.max_charge_w > 0,
  );
  const charge = await site.json('dispatch', '--asset', 'bess-1', '--w', '-50000', '--duration', '10');
  assert.is(charge.ok, true, JSON.stringify(charge));
  assert.is(charge.data.applied_w, -20_000, 'a tenth of the capacity per hour');
});

test.run();
