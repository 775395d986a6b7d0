/** Registers that the device wants written no more often than its profile says. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Profile } from '../../contracts/profile.ts';
import { profileSchema } from '../../contracts/profile.ts';
import { virtualSite } from './virtual-site.ts';
import type { VirtualSite } from './virtual-site.ts';
import huawei from '../../profiles/huawei-sun2000-luna2000.json' with { type: 'json' };

const TRIGGER = 47_100;
const INTERVAL_MS = 15_000;

test('a new power waits until the register may be written again, and the order before it goes on', async () => {
  const site = await restingSite();
  assert.ok((await site.dispatch(20_000, 600)).ok);
  await site.run(13_500);
  const next = site.dispatch(10_000, 600);
  await site.run(1000);
  assert.is(Math.round(site.power()), 20_000);
  assert.ok((await next).ok);
  await site.run(3000);
  assert.is(Math.round(site.power()), 10_000);
  const [first, second] = triggers(site);
  assert.ok((second ?? 0) - (first ?? 0) >= INTERVAL_MS, `${first} ${second}`);
});

test('an order that would have to wait for long is refused, and moves nothing', async () => {
  const site = await restingSite();
  await site.dispatch(20_000, 600);
  const reply = await site.dispatch(10_000, 600);
  assert.is(!reply.ok && reply.code, 'WRITE_INTERVAL');
  await site.run(20_000);
  assert.is(Math.round(site.power()), 20_000);
});

test('a stop, an E-stop and a permit that is cut wait for no interval', async () => {
  const stopped = await restingSite();
  await stopped.dispatch(20_000, 600);
  await stopped.ask({ name: 'stop', body: { asset_id: 'bess-1', issuer: 'test' } });
  await stopped.run(2000);
  assert.is(Math.round(stopped.power()), 0);

  const estopped = await restingSite();
  await estopped.dispatch(20_000, 600);
  const reply = await estopped.ask({ name: 'estop', body: { reason: 'test', issuer: 'test' } });
  assert.equal(reply.ok && reply.data.zero, ['bess-1']);

  const cut = await restingSite();
  await cut.dispatch(20_000, 600);
  cut.plants[0]?.set({ maxDischargeW: 5000 });
  await cut.run(3000);
  assert.is(Math.round(cut.power()), 0, 'held, since less cannot be written yet');
  await cut.run(INTERVAL_MS + 3000);
  assert.is(Math.round(cut.power()), 5000, 'and what the permit leaves once it can');
});

test('an order is armed again in its rhythm', async () => {
  const site = await restingSite();
  await site.dispatch(20_000, 600);
  await site.run(70_000);
  assert.is(triggers(site).length, 3, 'after 0, 30 and 60 s');
});

test('a profile whose interval is longer than its rhythm of re-arming is refused', () => {
  const judged = profileSchema.safeParse(resting(profileSchema.parse(huawei), 30_001));
  assert.equal(
    judged.error?.issues.map(({ path }) => path.join('.')),
    ['points.forcible_command.writable.leastIntervalMs'],
  );
});

test.run();

/** Held at its start, and ready for an order again. */
async function restingSite(): Promise<VirtualSite> {
  const site = await virtualSite({ profile: (profile) => resting(profile, INTERVAL_MS) });
  await site.run(INTERVAL_MS);
  return site;
}

function resting(profile: Profile, leastIntervalMs: number): Profile {
  const row = profile.points['forcible_command'];
  if (!row?.writable) throw new Error('a writable point');
  const forcible_command = { ...row, writable: { ...row.writable, leastIntervalMs } };
  return { ...profile, points: { ...profile.points, forcible_command } };
}

/** When a power was triggered, ms. */
function triggers(site: VirtualSite): readonly number[] {
  return site
    .writes()
    .flatMap(({ register, words, monotonicMs }) => (register === TRIGGER && words[0] !== 0 ? [monotonicMs] : []));
}
