import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from '../../contracts/parse.ts';
import { profileSchema } from '../../contracts/profile.ts';
import { siteSchema } from '../../contracts/site-config.ts';
import { limitsSchema } from '../../contracts/limits.ts';
import { loadProfile } from '../../io/site-file.ts';
import { planSite } from '../../site-plan.ts';
import huawei from '../../profiles/huawei-sun2000-luna2000.json' with { type: 'json' };
import lfp from '../../profiles/limits/lfp.json' with { type: 'json' };

test('a profile that neither measures a limit nor says that it cannot is refused', () => {
  const silent = { ...huawei, cannot: huawei.cannot.filter((measurand) => measurand !== 'cellVoltageMaxV') };
  const parsed = parse(profileSchema, silent);
  assert.is(parsed.ok, false);
  if (!parsed.ok) assert.match(JSON.stringify(parsed.problems), /cellVoltageMaxV/);
});

test('a site file cannot switch a limit off by leaving out the parts that measure it', () => {
  const asset = {
    id: 'a',
    profile: 'huawei-sun2000-luna2000',
    modbus: { host: '127.0.0.1' },
    capacityWh: 10_000,
    maxChargePowerW: 5000,
    maxDischargePowerW: 5000,
    parts: [],
  };
  const site = siteSchema.parse({ site: { id: 'S' }, assets: [asset] });
  const profiles = new Map([['a', loadProfile('huawei-sun2000-luna2000', '.', 'test')]]);
  assert.throws(
    () => planSite({ site, profiles, limits: limitsSchema.parse(lfp), limitsHash: '', dataDir: '', source: 'test' }),
    /assets\[0\]\.parts: got \[\], expected: parts that measure temperatureC/,
  );
});

test.run();
