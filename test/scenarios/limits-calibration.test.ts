/** The calibration charge: the one way over 95 %, for those who may, for a time, gently, and not in the cold or the heat. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Reply } from '../../contracts/commands.ts';
import { TOKENS, virtualSite } from './virtual-site.ts';
import type { VirtualOptions, VirtualSite } from './virtual-site.ts';

const full = async (options: VirtualOptions = {}): Promise<VirtualSite> => {
  const site = await virtualSite({ socPct: 94.6, ...options });
  await site.run(6000);
  site.plants[0]?.set({ socPct: 96 });
  await site.run(3000);
  return site;
};
const calibrate = (site: VirtualSite, durationS = 3600, tokenSha256: string = TOKENS.ana): Promise<Reply> =>
  site.ask({ name: 'calibrate', body: { asset_id: 'bess-1', duration_s: durationS, issuer: 'ana', tokenSha256 } });

test('over 95 % a charge is refused, and allowed at a tenth of the capacity per hour under calibration', async () => {
  const site = await full();
  assert.is((await site.dispatch(-50_000, 600)).ok, false);
  assert.ok((await calibrate(site)).ok);
  await site.run(2000);
  assert.match(site.asset().permit.reasons.join(), 'CALIBRATION');
  const reply = await site.dispatch(-50_000, 600);
  assert.ok(reply.ok, JSON.stringify(reply));
  await site.run(3000);
  assert.is(Math.round(site.power()), -20_000);
});

test('it ends by itself at its time, and the charge with it', async () => {
  const site = await full();
  await calibrate(site, 60);
  await site.run(2000);
  assert.ok((await site.dispatch(-10_000, 3600)).ok);
  await site.run(50_000);
  assert.is(Math.round(site.power()), -10_000);
  await site.run(15_000);
  assert.is(Math.round(site.power()), 0);
  assert.is((await site.dispatch(-10_000, 60)).ok, false);
});

test('it ends when it is called off, and at an emergency stop', async () => {
  for (const end of [
    (site: VirtualSite): Promise<Reply> => calibrate(site, 0),
    (site: VirtualSite): Promise<Reply> => site.ask({ name: 'estop', body: { reason: 'test', issuer: 'test' } }),
  ]) {
    const site = await full();
    await calibrate(site);
    await site.run(2000);
    assert.ok(site.asset().permit.max_charge_w > 0);
    await end(site);
    await site.run(2000);
    assert.is(site.asset().permit.max_charge_w, 0);
  }
});

test('the other rows stand: 98 %, the cold, the heat, and discharging is not touched', async () => {
  const rows: [Record<string, unknown>, number, string][] = [
    [{ socPct: 97.3 }, 20_000, 'CALIBRATION'],
    [{ packTemperaturesC: [9] }, 0, 'SOC_HIGH'],
    [{ packTemperaturesC: [41] }, 0, 'SOC_HIGH'],
  ];
  for (const [plant, chargeW, reason] of rows) {
    const site = await full();
    await calibrate(site);
    site.plants[0]?.set(plant);
    await site.run(10_000);
    const { permit } = site.asset();
    assert.is(permit.max_charge_w, chargeW, JSON.stringify(plant));
    assert.match(permit.reasons.join(), reason);
    assert.is(permit.max_discharge_w, 100_000);
  }
  const critical = await virtualSite({ socPct: 98.2 });
  await calibrate(critical);
  await critical.run(10_000);
  assert.is(critical.asset().permit.max_charge_w, 0);
});

test('who may not, may not; and a tripped or stopped site may not', async () => {
  const site = await full();
  const code = (reply: Reply): string => (reply.ok ? 'ok' : reply.code);
  assert.is(code(await calibrate(site, 60, TOKENS.eve)), 'NOT_AUTHORISED');
  await site.run(2000);
  assert.is(site.asset().permit.max_charge_w, 0);
  await site.ask({ name: 'estop', body: { reason: 'test', issuer: 'test' } });
  assert.is(code(await calibrate(site)), 'ESTOP_LATCHED');
});

test('below the limit it changes nothing', async () => {
  const site = await virtualSite({ socPct: 80 });
  await site.run(6000);
  const before = site.asset().permit;
  await calibrate(site);
  await site.run(3000);
  assert.equal(site.asset().permit, before);
});

test.run();
