// deadline: 120 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { ended, realSite } from './real-site.ts';

test('a signed order is obeyed, an unsigned one is not, and after kill -9 the same order gets its old answer', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');
  const operators = [{ name: 'ems', role: 'operator', tokenSha256: 'a'.repeat(64), publicKey: raw }];
  await using site = await realSite({ assets: 1, site: { operators } });
  await site.startRuntime();
  const key = path.join(site.folder, 'ems.pem');
  writeFileSync(key, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  const order = ['dispatch', '--asset', 'bess-1', '--w', '20000', '--duration', '60', '--issuer', 'ems'];
  assert.is((await site.json(...order)).code, 'NOT_AUTHORISED');
  assert.is((await site.json(...order, '--key', key)).ok, true);
  await site.until('moving', 5000, async () => (await site.power()) > 19_000);

  const body = { id: 'unsigned', asset_id: 'bess-1', w: 1000, duration_s: 60, issuer: 'ems' };
  assert.is((await site.post('/api/v1/dispatch', body)).body.code, 'NOT_AUTHORISED');
  assert.is((await site.json('stop')).ok, true, 'a stop needs no signature');
});

test('an order that was answered is not carried out again by a runtime that was killed and started anew', async () => {
  await using site = await realSite({ assets: 1 });
  await site.startRuntime();
  const body = { id: 'once', asset_id: 'bess-1', w: 20_000, duration_s: 600, issuer: 'ems', seq: 5 };
  const first = await site.post('/api/v1/dispatch', body);
  assert.is(first.body.ok, true);
  await ended(site.runtime, 'SIGKILL');
  await site.startRuntime();
  await site.until('stopped', 8000, async () => Math.abs(await site.power()) < 1);
  const again = await site.post('/api/v1/dispatch', body);
  // Killed before the answer itself was on the disk, it is told that the order was ended by the restart.
  assert.ok(again.body.ok || again.body.code === 'RESTARTED', JSON.stringify(again.body));
  assert.is((await site.post('/api/v1/dispatch', { ...body, id: 'other' })).body.code, 'REPLAYED');
  await new Promise((resolve) => setTimeout(resolve, 2000));
  assert.ok(Math.abs(await site.power()) < 1, 'nothing moves');
});

test.run();
