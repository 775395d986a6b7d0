// deadline: 180 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createHash } from 'node:crypto';
import { ended, realSite } from './real-site.ts';
import type { RealSite } from './real-site.ts';

const sha = (token: string): string => createHash('sha256').update(token).digest('hex');
const OPERATORS = [
  { name: 'ana', role: 'technician', tokenSha256: sha('token-of-ana') },
  { name: 'ben', role: 'engineer', tokenSha256: sha('token-of-ben') },
];
/** Long enough for a busy machine; how long it may take is judged by `npm run campaign -- estop`. */
const PATIENCE_MS = 10_000;

/** Presses the E-stop until both batteries stand still, and says what it took until the first stop write by the plants' own taps. */
async function press(site: RealSite, way: string, how: () => Promise<unknown>): Promise<void> {
  const marks = await Promise.all([0, 1].map(async (at) => (await site.plant.tap(0, at)).entries.length));
  const from = Date.now();
  const answer = how();
  const zeroMs = await site.until(
    'every battery at zero',
    PATIENCE_MS,
    async () => Math.abs(await site.power(0)) < 1 && Math.abs(await site.power(1)) < 1,
  );
  await answer;
  const firstWriteMs = await Promise.all(
    [0, 1].map(
      async (at) => ((await site.plant.tap(marks[at], at)).entries[0]?.wallMs ?? Number.POSITIVE_INFINITY) - from,
    ),
  );
  const first = firstWriteMs.map((ms) => ms.toFixed(0)).join(' and ');
  console.log(`${way}: first stop write ${first} ms, zero ${zeroMs.toFixed(0)} ms after the key was pressed`);
}

async function moving(site: RealSite): Promise<void> {
  await site.post('/api/v1/dispatch', {
    id: `m${Math.random()}`,
    asset_id: 'bess-1',
    w: 30_000,
    duration_s: 600,
    issuer: 'test',
  });
  await site.post('/api/v1/dispatch', {
    id: `m${Math.random()}`,
    asset_id: 'bess-2',
    w: -20_000,
    duration_s: 600,
    issuer: 'test',
  });
  await site.until(
    'both batteries moving',
    PATIENCE_MS,
    async () => Math.abs((await site.power(0)) - 30_000) < 100 && Math.abs((await site.power(1)) + 20_000) < 100,
  );
}

async function rearm(site: RealSite): Promise<void> {
  await site.until(
    'the first reset accepted',
    8000,
    async () =>
      (
        await site.json(
          'reset-estop',
          '--issuer',
          'ana',
          '--token',
          'token-of-ana',
          '--cause',
          'test',
          '--confirmed-safe',
        )
      ).ok,
  );
  const second = await site.json(
    'reset-estop',
    '--issuer',
    'ben',
    '--token',
    'token-of-ben',
    '--cause',
    'test',
    '--confirmed-safe',
  );
  assert.is(second.data?.state, 'armed', JSON.stringify(second));
}

test('the E-stop works over NATS, HTTP and the socket, with and without the broker, and holds against the load', async () => {
  await using site = await realSite({ simulate: ['--load', '60000', '--pv', '10000'], site: { operators: OPERATORS } });
  await site.startRuntime();
  const ways: [string, () => Promise<unknown>][] = [
    ['over NATS', () => site.bessd('estop', '--reason', 'test')],
    ['over HTTP', () => site.post('/api/v1/estop', { reason: 'test', issuer: 'test' })],
  ];
  for (const [way, how] of ways) {
    await moving(site);
    await press(site, way, how);
    const refused = await site.json('dispatch', '--asset', 'bess-1', '--w', '1000', '--duration', '5');
    assert.is(refused.code, 'ESTOP_LATCHED');
    await rearm(site);
  }
  // One person is not enough.
  await site.bessd('estop', '--reason', 'test');
  await site.until(
    'a first reset',
    8000,
    async () =>
      (await site.json('reset-estop', '--issuer', 'ana', '--token', 'token-of-ana', '--cause', 'x', '--confirmed-safe'))
        .ok,
  );
  const again = await site.json(
    'reset-estop',
    '--issuer',
    'ana',
    '--token',
    'token-of-ana',
    '--cause',
    'x',
    '--confirmed-safe',
  );
  assert.is(again.data.state, 'reset_requested');
  const forged = await site.json(
    'reset-estop',
    '--issuer',
    'ben',
    '--token',
    'token-of-ana',
    '--cause',
    'x',
    '--confirmed-safe',
  );
  assert.is(forged.code, 'NOT_AUTHORISED');
});

test('with the broker dead the E-stop goes over the socket, and over HTTP', async () => {
  await using site = await realSite({ site: { operators: OPERATORS, nats: { url: 'nats://127.0.0.1:1' } } });
  await site.startRuntime();
  assert.is((await site.get('/health')).status, 'degraded');
  await moving(site);
  await press(site, 'over the socket', async () =>
    assert.match((await site.bessd('estop', '--reason', 'test')).stdout, /socket/),
  );
  await rearm(site);
  await moving(site);
  await press(site, 'over HTTP', () => site.post('/api/v1/estop', { reason: 'test', issuer: 'test' }));
});

test('after kill -9 and a new start the site is still latched and its first write is a stop', async () => {
  await using site = await realSite({ simulate: ['--load', '60000'], site: { operators: OPERATORS } });
  await site.startRuntime();
  await moving(site);
  await site.bessd('estop', '--reason', 'test');
  await ended(site.runtime, 'SIGKILL');
  const mark = (await site.plant.tap(0, 0)).entries.length;
  await site.startRuntime();
  assert.is((await site.get('/api/v1/status')).data.estop.state, 'latched');
  await site.until('the first write', 5000, async () => (await site.plant.tap(mark, 0)).entries.length > 0);
  assert.equal((await site.plant.tap(mark, 0)).entries[0]?.words, [0, 0, 0, 0]);
  const refused = await site.json('dispatch', '--asset', 'bess-1', '--w', '1000', '--duration', '5');
  assert.is(refused.code, 'ESTOP_LATCHED');
});

test('an E-stop 200 ms into a read that hangs for 8 s stops the battery within 2.5 s', async () => {
  await using site = await realSite({ site: { operators: OPERATORS } });
  await site.startRuntime();
  await moving(site);
  await site.plant.fault({ kind: 'hang', ms: 8000, count: 1 }, 0);
  await site.until('a read hangs', 3000, async () => (await site.plant.state(0)).faults.length === 0);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const mark = (await site.plant.tap(0, 0)).entries.length;
  const from = Date.now();
  const { body } = await site.post('/api/v1/estop', { reason: 'test', issuer: 'test' });
  assert.ok(body.ok);
  const first = (await site.plant.tap(mark, 0)).entries[0];
  assert.ok(first && first.wallMs - from <= 2500, `stopped after ${(first?.wallMs ?? Number.NaN) - from} ms`);
  assert.ok(Math.abs(await site.power(0)) < 1);
});

test.run();
