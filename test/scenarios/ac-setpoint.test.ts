/** A device that is told AC power, under the whole site: its battery stays within the permit. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readFileSync } from 'node:fs';
import { profileSchema } from '../../contracts/profile.ts';
import { virtualSite } from './virtual-site.ts';

const test = suite('AC setpoints');

test('an order at the limit keeps the battery within its permit, losses of a bad inverter included', async () => {
  for (const efficiency of [0.96, 0.93]) {
    const site = await virtualSite({
      face: 'sunspec-der',
      plant: { efficiency },
      asset: { profile: 'sunspec-704', maxDischargePowerW: 50_000, maxChargePowerW: 50_000 },
    });
    const reply = await site.dispatch(50_000, 300);
    assert.ok(reply.ok && reply.data.status === 'clamped', JSON.stringify(reply));
    await site.run(10_000);
    assert.ok(site.power() <= 50_100 && site.power() > 49_000, `battery ${site.power()} W, efficiency ${efficiency}`);
    assert.ok(site.asset().permit.reasons.includes('AC_LOSSES'));
    await site.ask({ name: 'stop', body: { asset_id: 'bess-1', issuer: 'test' } });
    assert.ok((await site.dispatch(-50_000, 300)).ok);
    await site.run(10_000);
    assert.ok(site.power() < -46_000 && site.power() >= -50_000, `charging at ${site.power()} W`);
  }
});

test('a profile that would tell a hybrid AC power is refused, since its PV would be part of it', () => {
  const shipped: unknown = JSON.parse(readFileSync('profiles/sunspec-704.json', 'utf8'));
  const judged = profileSchema.safeParse({ ...(shipped as object), kind: 'hybrid' });
  assert.equal(
    judged.error?.issues.map(({ path: place }) => place.join('.')),
    ['control.follows'],
  );
});

test.run();
