import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rehearse } from '../../entry/rehearsal.ts';
import { limitsSchema } from '../../contracts/limits.ts';
import { siteSchema } from '../../contracts/site-config.ts';
import { loadProfile } from '../../io/site-file.ts';
import lfp from '../../profiles/limits/lfp.json' with { type: 'json' };

for (const name of ['sunspec-704', 'sunspec-124', 'fronius-gen24', 'solaredge-storedge', 'sunspec-802']) {
  test(`${name}: the rehearsal carries out its sixty stops without the device that the profile binds to`, async () => {
    const asset = {
      id: 'a',
      profile: name,
      modbus: { host: '127.0.0.1', port: 1 },
      capacityWh: 10_000,
      maxChargePowerW: 5000,
      maxDischargePowerW: 5000,
    };
    const { stops } = await rehearse({
      site: siteSchema.parse({ site: { id: 'S' }, assets: [asset] }),
      profiles: new Map([['a', loadProfile(name, '.', 'test')]]),
      limits: limitsSchema.parse(lfp),
      limitsHash: 'x',
      dataDir: '/nowhere',
      source: 'test',
    });
    assert.is(stops, 60);
  });
}

test.run();
