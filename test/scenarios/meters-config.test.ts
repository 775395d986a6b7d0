/** What a site file may say of meters and battery management systems, and what is refused before anything starts. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { loadSite } from '../../io/site-file.ts';
import { planSite } from '../../site-plan.ts';
import { BMS, METER } from './instruments/devices.ts';

const HERE = path.resolve('test/scenarios/instruments');
const meter = { ...METER, profile: path.join(HERE, 'pcc-meter.json') };
const bms = { ...BMS, profile: path.join(HERE, 'bms.json') };
const asset = {
  id: 'bess-1',
  profile: 'huawei-sun2000-luna2000',
  modbus: { host: '127.0.0.1', port: 5020 },
  capacityWh: 200_000,
  maxChargePowerW: 100_000,
  maxDischargePowerW: 100_000,
};

function plan(site: Record<string, unknown>): ReturnType<typeof planSite> {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'bessd-site-')), 'site.yaml');
  writeFileSync(file, stringify({ site: { id: 'SITE-1' }, assets: [asset], ...site }));
  return planSite(loadSite(file, {}));
}

test('a meter and a management system are devices of their own, which may be written by nobody', () => {
  const { assets, instruments } = plan({
    assets: [{ ...asset, bms }],
    meters: [meter],
    grid: { meter: 'meter-1', maxImportW: 1000 },
  });
  assert.equal(
    instruments.map(({ asset: { id, readOnly }, role, profile }) => [id, readOnly, role.kind, profile.control]),
    [
      ['meter-1', true, 'meter', undefined],
      ['bess-1-bms', true, 'bms', undefined],
    ],
  );
  assert.is(assets[0]?.guard.bms?.id, 'bess-1-bms');
});

test('the cap of an unattended battery counts the slower of inverter and management system', () => {
  const slow = plan({ assets: [{ ...asset, bms }] }).assets[0]?.guard.caps;
  const alone = plan({}).assets[0]?.guard.caps;
  assert.ok((slow?.dischargeW ?? 0) <= (alone?.dischargeW ?? 0));
});

const REFUSED: { title: string; site: Record<string, unknown>; names: string }[] = [
  { title: 'a meter with the id of an asset', site: { meters: [{ ...meter, id: 'bess-1' }] }, names: 'meters[0]' },
  {
    title: 'a meter with the id that a management system has',
    site: { assets: [{ ...asset, bms }], meters: [{ ...meter, id: 'bess-1-bms' }] },
    names: 'stands twice',
  },
  {
    title: 'a meter at the address of an asset',
    site: { meters: [{ ...meter, modbus: asset.modbus }] },
    names: 'meters[0].modbus',
  },
  {
    title: 'a management system at the address of its inverter',
    site: { assets: [{ ...asset, bms: { ...bms, modbus: asset.modbus } }] },
    names: 'assets[0].bms.modbus',
  },
  { title: 'a grid meter that nobody has', site: { grid: { meter: 'meter-9' } }, names: 'grid.meter' },
  {
    title: 'a grid meter that does not measure the grid',
    site: { meters: [{ ...meter, id: 'm', profile: bms.profile }], grid: { meter: 'm' } },
    names: 'measures gridPowerW',
  },
  { title: 'a limit of the grid connection without a meter', site: { grid: { maxImportW: 1 } }, names: 'grid.meter' },
  { title: 'a meter with a key that nobody knows', site: { meters: [{ ...meter, colour: 'red' }] }, names: 'colour' },
  {
    title: 'a profile of a meter that is not there',
    site: { meters: [{ ...meter, profile: 'nowhere' }] },
    names: 'meters[0].profile',
  },
];

for (const { title, site, names } of REFUSED) {
  test(`${title} is refused, and the message says where`, () => {
    assert.throws(
      () => plan(site),
      (error: Error) => error.message.includes(names),
    );
  });
}

test.run();
