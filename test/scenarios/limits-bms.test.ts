/** A battery management system of its own beside the inverter: the worst of both counts, and its absence blocks. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { plugBms, siteWithBms, unplugBms } from './instruments/devices.ts';
import type { BmsValues } from './instruments/devices.ts';
import { TOKENS } from './virtual-site.ts';

const SHARED: { title: string; values: Partial<BmsValues>; w: number; reason: string }[] = [
  { title: 'a lower state of charge', values: { socPct: 9 }, w: 20_000, reason: 'SOC_LOW' },
  { title: 'a higher state of charge', values: { socPct: 96 }, w: -20_000, reason: 'SOC_HIGH' },
  { title: 'a colder sensor', values: { coldestC: -1 }, w: -20_000, reason: 'COLD_NO_CHARGE' },
  { title: 'a hotter sensor', values: { hottestC: 51 }, w: 20_000, reason: 'HOT_STOP' },
  { title: 'a smaller limit', values: { maxDischargeW: 0 }, w: 20_000, reason: 'DEVICE_LIMIT' },
  { title: 'a cell that is nearly full', values: { cellMaxV: 3.66 }, w: -20_000, reason: 'CELL_HIGH' },
  { title: 'an open contactor', values: { contactorOpen: true }, w: 20_000, reason: 'CONTACTOR_OPEN' },
];

for (const { title, values, w, reason } of SHARED) {
  test(`${title} at the management system counts although the inverter shows none of it`, async () => {
    const joined = await siteWithBms();
    // Not in one jump, which nobody would believe.
    if (values.socPct !== undefined)
      for (let at = 1; at <= 50; at += 1) {
        joined.values.socPct = 50 + ((values.socPct - 50) * at) / 50;
        await joined.site.run(1000);
      }
    Object.assign(joined.values, values);
    await joined.site.run(6000);
    const reply = await joined.site.dispatch(w, 60);
    assert.is(reply.ok, false, JSON.stringify(reply));
    assert.match(joined.site.asset().permit.reasons.join(), reason);
  });
}

test('an alarm of the management system that stops is a fault of the asset', async () => {
  const { site, values } = await siteWithBms();
  values.alarms = 1;
  await site.run(3000);
  assert.is(site.asset().operation, 'fault');
  assert.match(site.asset().trip?.cause ?? '', 'cell_fire_gas');
});

test('a contactor that opens under an order ends it for good: its closing starts nothing before a person resets', async () => {
  const { site, values } = await siteWithBms();
  assert.ok((await site.dispatch(20_000, 600)).ok);
  await site.run(3000);
  values.contactorOpen = true;
  await site.run(4000);
  assert.is(site.asset().operation, 'fault');
  assert.match(site.asset().trip?.cause ?? '', 'contactor');
  values.contactorOpen = false;
  await site.run(5000);
  assert.is(site.asset().operation, 'fault');
  assert.is(Math.round(site.power()), 0);
  const body = { asset_id: 'bess-1', issuer: 'ana', tokenSha256: TOKENS.ana, cause: 'closed again' };
  assert.ok((await site.ask({ name: 'reset_trip', body })).ok);
  await site.run(5000);
  assert.is(Math.round(site.power()), 0, 'a reset starts nothing');
  assert.ok((await site.dispatch(20_000, 60)).ok);
});

test('a battery that opens its contactor at rest is blocked while it is open, and no more', async () => {
  const { site, values } = await siteWithBms();
  values.contactorOpen = true;
  await site.run(4000);
  assert.is(site.asset().operation, 'standby');
  assert.match(site.asset().permit.reasons.join(), 'CONTACTOR_OPEN');
  values.contactorOpen = false;
  await site.run(4000);
  assert.ok((await site.dispatch(20_000, 60)).ok);
});

test('an insulation fault stops the battery, and once it is gone nothing starts again before a person resets it', async () => {
  const { site, values } = await siteWithBms();
  assert.ok((await site.dispatch(20_000, 600)).ok);
  await site.run(3000);
  values.insulation = 2;
  await site.run(4000);
  assert.is(site.asset().operation, 'fault');
  assert.is(Math.round(site.power()), 0);
  assert.match(site.asset().trip?.cause ?? '', 'an insulation fault');
  const reset = () =>
    site.ask({
      name: 'reset_trip',
      body: { asset_id: 'bess-1', issuer: 'ana', tokenSha256: TOKENS.ana, cause: 'cable dried' },
    });
  assert.is((await reset()).ok, false, 'while it stands');
  values.insulation = 1;
  await site.run(5000);
  assert.is(site.asset().operation, 'fault');
  assert.is((await site.dispatch(20_000, 60)).ok, false);
  const answer = await reset();
  assert.ok(answer.ok, JSON.stringify(answer));
  assert.ok((await site.dispatch(20_000, 60)).ok);
});

test('a management system that cannot be reached blocks both directions, says so, and frees them when it is back', async () => {
  const joined = await siteWithBms();
  const { site } = joined;
  assert.ok((await site.dispatch(20_000, 600)).ok);
  await site.run(3000);
  assert.is(Math.round(site.power()), 20_000);
  unplugBms(joined);
  await site.run(12_000);
  assert.is(Math.round(site.power()), 0);
  const { permit, bms } = site.asset();
  assert.equal([permit.max_charge_w, permit.max_discharge_w], [0, 0]);
  assert.match(permit.reasons.join(), 'BMS_MISSING');
  assert.is(bms?.device_id, 'bess-1-bms');
  assert.ok(bms?.connection !== 'online' && bms?.missing.includes('socPct'));
  assert.ok(site.site.status().alarms.some(({ alarm_id }) => alarm_id === 'bess-1-bms.link-down'));
  plugBms(joined);
  await site.run(10_000);
  assert.ok((await site.dispatch(20_000, 60)).ok);
});

test('a site starts without the management system, moves nothing, and shows which device is missing', async () => {
  const joined = await siteWithBms();
  unplugBms(joined);
  await joined.site.crashAndRestart();
  await joined.site.run(5000);
  assert.is(joined.site.asset().connection, 'online');
  const reply = await joined.site.dispatch(20_000, 60);
  assert.is(reply.ok, false);
  assert.is(joined.site.asset().bms?.missing.length, 9);
});

test('nothing is ever written to a management system that is only read, an E-stop included', async () => {
  const { site, device } = await siteWithBms();
  await site.dispatch(20_000, 600);
  await site.run(3000);
  await site.ask({ name: 'estop', body: { reason: 'test', issuer: 'test' } });
  await site.run(3000);
  assert.is(device.tap.writes(), 0);
});

test('rows that the inverter cannot judge are judged by the management system, and are not named as off', async () => {
  const { site } = await siteWithBms();
  const off = site.asset().caps.map(({ what }) => what);
  assert.not.ok(off.some((what) => what.includes('cellVoltageMaxV')));
  assert.ok(off.some((what) => what.includes('cellSpreadMv')));
});

test.run();
