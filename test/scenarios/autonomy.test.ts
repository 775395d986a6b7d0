/** A site that nobody hears of goes on by itself, and says so. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { virtualSite } from './virtual-site.ts';

const UPLINK = { id: 'fleet', kind: 'nats', url: 'nats://127.0.0.1:1' };

test('after five minutes without any uplink the site is autonomous, carries its order on and takes new ones; a delivery ends it', async () => {
  const site = await virtualSite({ site: { uplinks: [UPLINK] } });
  const order = await site.dispatch(20_000, 3600);
  assert.is(order.ok, true);
  await site.run(240_000);
  assert.is(site.site.status().mode, 'online');
  await site.run(61_000);
  assert.is(site.site.status().mode, 'autonomous');
  assert.ok(Math.abs(site.power() - 20_000) < 500, `${site.power()} W`);
  assert.is((await site.dispatch(-10_000, 600)).ok, true);
  const modes = (): unknown[] =>
    site
      .events('transition')
      .filter(({ machine }) => machine === 'site')
      .map(({ to }) => to);
  assert.equal(modes().at(-1), 'autonomous');
  site.site.uplink('fleet', true);
  assert.is(site.site.status().mode, 'online');
  assert.equal(modes().at(-1), 'online');
});

test('the site file says after how long', async () => {
  const site = await virtualSite({ site: { uplinks: [UPLINK], autonomousAfterS: 30 } });
  await site.run(20_000);
  assert.is(site.site.status().mode, 'online');
  await site.run(15_000);
  assert.is(site.site.status().mode, 'autonomous');
});

test.run();
