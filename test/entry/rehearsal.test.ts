import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rehearse } from '../../entry/rehearsal.ts';
import { limitsSchema } from '../../contracts/limits.ts';
import { siteSchema } from '../../contracts/site-config.ts';
import { loadProfile } from '../../io/site-file.ts';
import lfp from '../../profiles/limits/lfp.json' with { type: 'json' };

test('the rehearsal carries out sixty emergency stops for the profile of the site, in memory, and the guard ends the orders of a hot battery', async () => {
  const profile = loadProfile('huawei-sun2000-luna2000', '.', 'test');
  const asset = {
    id: 'a',
    profile: profile.name,
    modbus: { host: '127.0.0.1', port: 1 },
    capacityWh: 10_000,
    maxChargePowerW: 5000,
    maxDischargePowerW: 5000,
    serial: 'X',
    shadow: true,
  };
  const site = siteSchema.parse({
    site: { id: 'S' },
    assets: [asset],
    readOnly: true,
    grid: { maxExportW: 1000, meter: 'a' },
  });
  const rehearsed = await rehearse({
    site,
    profiles: new Map([['a', profile]]),
    limits: limitsSchema.parse(lfp),
    limitsHash: 'x',
    dataDir: '/nowhere',
    source: 'test',
  });
  assert.equal(rehearsed, { stops: 60, breaches: 40 });
});

test.run();
