// deadline: 120 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { realSite } from './real-site.ts';

/** Writes that each of the two devices has taken, wherever it stands now. */
async function written(site: Awaited<ReturnType<typeof realSite>>): Promise<readonly number[]> {
  return Promise.all([0, 1].map(async (at) => (await site.plant.tap(0, at)).entries.length));
}

test('two inverters that change places while an order runs: not one write reaches the wrong one, and nothing is revived when they are back', async () => {
  await using site = await realSite();
  await site.startRuntime();
  const order = await site.json('dispatch', '--asset', 'bess-1', '--w', '20000', '--duration', '600');
  assert.ok(order.ok, JSON.stringify(order));
  await site.until('moving', 4000, async () => Math.abs((await site.power()) - 20_000) < 100);

  const before = await written(site);
  await site.plant.request({ do: 'swap', assets: [0, 1] });
  const status = async (): Promise<any> => (await site.get('/api/v1/status')).data; // oxlint-disable-line typescript/no-explicit-any -- a reply of another process
  await site.until('the wrong device is noticed at both places', 10_000, async () => {
    const alarms = (await status()).alarms.filter(({ alarm_id: id }: { alarm_id: string }) => /wrong-device/.test(id));
    return alarms.length === 2;
  });
  const refused = await site.json('dispatch', '--asset', 'bess-2', '--w', '5000', '--duration', '5');
  assert.is(refused.ok, false, JSON.stringify(refused));
  await site.json('estop', '--reason', 'test');
  await new Promise((resolve) => setTimeout(resolve, 3000));
  assert.equal(await written(site), before, 'not even a stop goes to a device that is not ours by its serial');

  await site.plant.request({ do: 'swap', assets: [1, 0] });
  await site.until('stopped by the first write after the return', 15_000, async () => Math.abs(await site.power()) < 1);
  const { entries } = await site.plant.tap(before[0] ?? 0, 0);
  assert.equal(entries[0]?.words, [0, 0, 0, 0]);
  assert.ok(entries.every(({ register, words }) => register !== 47_100 || words[0] === 0));
  assert.equal([(await status()).assets[0].order, (await status()).assets[1].order], [null, null]);
});

test.run();
