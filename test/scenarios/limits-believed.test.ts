/** What is believed on a whole site: energy and charge that go together, values that stand still, a SunSpec bank as management system. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createAsset } from '../../simulator/asset.ts';
import { virtualSite } from './virtual-site.ts';
import type { VirtualSite } from './virtual-site.ts';

const doubts = (site: VirtualSite): readonly string[] =>
  site.asset().permit.reasons.filter((reason) => reason === 'FROZEN' || reason === 'IMPLAUSIBLE');

test('hours of charging and discharging, orders that are cut by a limit, and rest are all believed', async () => {
  const site = await virtualSite({ socPct: 60 });
  for (const w of [80_000, -60_000, 10_000, 0, -90_000]) {
    await site.dispatch(w, 720);
    for (let minute = 0; minute < 12; minute += 1) {
      await site.run(60_000);
      assert.equal(doubts(site), [], `${w} W, minute ${minute}`);
    }
  }
  site.plants[0]?.set({ packTemperaturesC: [46] });
  await site.run(12_000);
  for (const w of [80_000, 95_000, 70_000]) {
    assert.ok((await site.dispatch(w, 600)).ok);
    await site.run(120_000);
    assert.is(Math.round(site.power()), 50_000, 'cut to the half');
    assert.equal(doubts(site), []);
  }
});

test('a device whose measurements stand still while it moves power is stopped, and believed again when they move', async () => {
  const site = await virtualSite({ plant: { capacityWh: 20_000 }, asset: { capacityWh: 20_000 } });
  assert.ok((await site.dispatch(15_000, 3600)).ok);
  await site.run(10_000);
  site.plants[0]?.set({ frozen: true });
  await site.run(120_000);
  assert.is(Math.round(site.power()), 0);
  assert.ok(doubts(site).length > 0);
  site.plants[0]?.set({ frozen: false });
  await site.run(10_000);
  assert.equal(doubts(site), []);
});

test('a SunSpec battery bank joins an inverter as its management system, with the profile that is shipped', async () => {
  const site = await virtualSite({
    asset: { bms: { profile: 'sunspec-802', modbus: { host: '127.0.0.1', port: 5200 } } },
  });
  const bank = createAsset({ clock: site.clock, face: 'bms', socPct: 50, settings: { serialNumber: 'B1' } });
  site.network.attach('127.0.0.1', 5200, bank);
  await site.run(8000);
  const { bms, caps } = site.asset();
  assert.equal([bms?.connection, bms?.missing], ['online', []]);
  assert.not.ok(
    caps.some(({ what }) => what.includes('cellVoltage')),
    'cell voltages are judged now',
  );
  assert.ok((await site.dispatch(20_000, 600)).ok);
  await site.run(3000);
  bank.set({ alarmBits: 0, batteryEvents: 2 });
  await site.run(3000);
  assert.is(Math.round(site.power()), 0, 'an over-temperature alarm of the bank stops the asset');
  assert.is(site.asset().operation, 'fault');
  assert.is(bank.tap.writes(), 0);
});

test.run();
