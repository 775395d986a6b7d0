// deadline: 120 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { realSite } from './real-site.ts';

test('a dispatch over the broker moves the battery within 3 s, and its end leaves it holding zero against 40 kW of load', async () => {
  await using site = await realSite({ simulate: ['--load', '40000', '--pv', '5000'] });
  await site.startRuntime();
  assert.is((await site.get('/health')).status, 'healthy');
  const socBefore = (await site.plant.state(0)).storedWh;

  const reply = await site.json('dispatch', '--asset', 'bess-1', '--w', '20000', '--duration', '6');
  assert.is(reply.ok, true, JSON.stringify(reply));
  assert.is(reply.data.status, 'accepted');
  await site.until('20 kW at the battery', 3000, async () => Math.abs((await site.power()) - 20_000) < 100);
  await site.until('back in its idle state', 12_000, async () => Math.abs(await site.power()) < 1);
  assert.ok((await site.plant.state(0)).storedWh < socBefore, 'discharging took energy out');
  assert.is((await site.plant.state(0)).controls.workingMode, 2, 'the working mode is still self-consumption');

  const all = await site.json('dispatch', '--all', '--w', '-30001', '--duration', '4');
  assert.is(all.ok, true, JSON.stringify(all));
  const sum = all.data.assets.reduce((total: number, { final_w }: { final_w: number }) => total + final_w, 0);
  assert.ok(Math.abs(sum - all.data.applied_w) < 1e-6 && Math.abs(all.data.applied_w + 30_001) < 1e-6);

  const telemetry = await site.get('/api/v1/telemetry?asset=bess-1&point=soc');
  assert.ok(JSON.stringify(telemetry).includes('soc'), 'the record has the state of charge');
  const metrics = String(await site.get('/metrics'));
  assert.match(metrics, /bess_soc_percent\{[^}]*asset_id="bess-1"[^}]*\} \d/);
  assert.match(metrics, /bess_estop_latched\{[^}]*\} 0/);
  assert.is((await site.get('/openapi.json')).openapi.slice(0, 2), '3.');
});

test('bad input of every kind is refused with path, value and expectation, and moves nothing', async () => {
  await using site = await realSite();
  await site.startRuntime();
  const writes = async (): Promise<number> =>
    (await site.plant.tap(0, 0)).entries.filter(({ register, words }) => register === 47_100 && words[0] !== 0).length;
  const good = { id: 'x', asset_id: 'bess-1', w: 1000, duration_s: 10, issuer: 'test' };
  const bad: [unknown, RegExp][] = [
    [{ ...good, w: '1000' }, /w/],
    [{ ...good, w: null }, /w/],
    [{ ...good, duration_s: -1 }, /duration_s/],
    [{ ...good, duration_s: 1e9 }, /duration_s/],
    [{ ...good, surprise: 1 }, /surprise/],
    [{ ...good, w: undefined }, /w/],
    [{ ...good, asset_id: undefined }, /asset_id/],
    ['{"id":"x","asset_id":"bess-1","w":Infinity,"duration_s":10,"issuer":"t"}', /JSON/i],
    ['[]', /./],
    ['', /./],
  ];
  for (const [body, names] of bad) {
    const { status, body: reply } = await site.post('/api/v1/dispatch', body);
    assert.is(reply.ok, false, JSON.stringify(body));
    assert.is(reply.code, 'BAD_REQUEST');
    assert.ok(status >= 400 && status < 500, `${status}`);
    assert.match(JSON.stringify(reply), names);
  }
  const foreign = await site.post('/api/v1/dispatch', good, { origin: 'http://evil.example' });
  assert.is(foreign.status, 403);
  assert.is(await writes(), 0);
  const usage = await site.bessd('dispatch', '--asset', 'bess-1', '--w', 'much', '--duration', '5');
  assert.is(usage.code, 2);
  assert.match(usage.stderr, /--w/);
  const unknown = await site.bessd('dispatch', '--asset', 'bess-9', '--w', '5', '--duration', '5');
  assert.is(unknown.code, 1);
});

test.run();
