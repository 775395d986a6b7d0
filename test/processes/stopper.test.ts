// deadline: 240 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ended, realSite } from './real-site.ts';
import type { RealSite } from './real-site.ts';

const FULL_W = 100_000;
const WITHIN_MS = 8000;
const DEAF = ['--plant', '{"deaf": true}', '--load', '150000'];
const FULL = { unprovenDeadmanMaxW: FULL_W };

async function discharging(site: RealSite): Promise<void> {
  const { body } = await site.post('/api/v1/dispatch', {
    id: 'full',
    asset_id: 'bess-1',
    w: FULL_W,
    duration_s: 600,
    issuer: 'test',
  });
  assert.is(body.ok, true, JSON.stringify(body));
  await site.until('full discharge', 8000, async () => (await site.power()) > 0.99 * FULL_W);
  // The stopper knows the device with the feed after the first poll.
  await sleep(1500);
}

/** Waits for zero; the time from `silentAt` to the first and the last stop write, by the tap of the plant. */
async function stopped(site: RealSite, silentAt: number, mark: number): Promise<{ firstMs: number; zeroMs: number }> {
  await site.until('stopped by the stopper', 12_000, async () => Math.abs(await site.power()) < 1);
  const zeroMs = Date.now() - silentAt;
  const { entries } = await site.plant.tap(mark, 0);
  return { firstMs: (entries[0]?.wallMs ?? Number.POSITIVE_INFINITY) - silentAt, zeroMs };
}

const isForced = ({ register, words }: { register: number; words: readonly number[] }): boolean =>
  register === 47_100 && words[0] !== 0;

function stopperPid(site: RealSite): number {
  return (JSON.parse(readFileSync(path.join(site.folder, 'data', 'stopper.json'), 'utf8')) as { pid: number }).pid;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // no such process
  }
}

test('a runtime that hangs at full discharge is stopped for within 8 s; when it goes on, the stopper yields and no order is revived', async () => {
  await using site = await realSite({ assets: 1, simulate: DEAF, asset: FULL });
  await site.startRuntime();
  await discharging(site);
  const mark = (await site.plant.tap(0, 0)).entries.length;
  const silentAt = Date.now();
  site.runtime.kill('SIGSTOP');
  const { firstMs, zeroMs } = await stopped(site, silentAt, mark);
  console.log(`SIGSTOP: first stop write after ${firstMs} ms, zero after ${zeroMs} ms`);
  assert.ok(firstMs > 4000, `not before the runtime counts as silent: ${firstMs} ms`);
  assert.ok(zeroMs <= WITHIN_MS, `zero after ${zeroMs} ms`);
  await sleep(2500);
  const { entries } = await site.plant.tap(mark, 0);
  assert.ok(entries.length >= 5, 'the trigger is repeated while the silence lasts');

  const resumed = (await site.plant.tap(0, 0)).entries.length;
  site.runtime.kill('SIGCONT');
  await site.until('online again', 10_000, async () => {
    const { data } = await site.get('/api/v1/status');
    return data.assets[0].connection === 'online' && data.assets[0].order === null;
  });
  await site.until('what was done is told', 5000, async () =>
    (await site.get('/api/v1/alarms')).data.active.some(
      ({ alarm_id }: { alarm_id: string }) => alarm_id === 'stopper-acted',
    ),
  );
  await sleep(2500);
  const after = (await site.plant.tap(resumed, 0)).entries;
  assert.ok(!after.some(isForced), 'nothing is forced again');
  assert.ok(Math.abs(await site.power()) < 1);
  const quiet = (await site.plant.tap(0, 0)).entries.length;
  await sleep(2500);
  assert.is((await site.plant.tap(0, 0)).entries.length, quiet, 'the stopper writes no more');
  const again = await site.post('/api/v1/dispatch', {
    id: 'n',
    asset_id: 'bess-1',
    w: 20_000,
    duration_s: 60,
    issuer: 'test',
  });
  assert.is(again.body.ok, true, 'a new order is obeyed');
});

test('a hang that ends just after the stop, while the permit would still live, revives no order either', async () => {
  await using site = await realSite({ assets: 1, simulate: DEAF, asset: FULL });
  await site.startRuntime();
  await discharging(site);
  const mark = (await site.plant.tap(0, 0)).entries.length;
  const silentAt = Date.now();
  site.runtime.kill('SIGSTOP');
  await site.until('the first stop write', 9000, async () =>
    (await site.plant.tap(mark, 0)).entries.some(({ register, words }) => register === 47_100 && words[0] === 0),
  );
  site.runtime.kill('SIGCONT');
  console.log(`hung for ${Date.now() - silentAt} ms`);
  await site.until(
    'the order is over',
    8000,
    async () => (await site.get('/api/v1/status')).data.assets[0].order === null,
  );
  await sleep(3000);
  assert.not((await site.plant.tap(mark, 0)).entries.some(isForced));
  assert.ok(Math.abs(await site.power()) < 1);
});

test('kill -9 of the runtime at full discharge, on a device with a deaf dead-man: zero within 8 s, and a new runtime takes over', async () => {
  await using site = await realSite({ assets: 1, simulate: DEAF, asset: FULL });
  await site.startRuntime();
  await discharging(site);
  const first = stopperPid(site);
  const mark = (await site.plant.tap(0, 0)).entries.length;
  const silentAt = Date.now();
  await ended(site.runtime, 'SIGKILL');
  const { firstMs, zeroMs } = await stopped(site, silentAt, mark);
  console.log(`SIGKILL: first stop write after ${firstMs} ms, zero after ${zeroMs} ms`);
  assert.ok(zeroMs <= WITHIN_MS, `zero after ${zeroMs} ms`);
  assert.ok(isAlive(first), 'it holds until somebody takes over');
  await site.startRuntime();
  await site.until('the old stopper has gone', 5000, () => !isAlive(first) && stopperPid(site) !== first);
  await site.until('the new runtime tells what the old stopper did', 8000, async () =>
    (await site.get('/api/v1/alarms')).data.active.some(
      ({ alarm_id }: { alarm_id: string }) => alarm_id === 'stopper-acted',
    ),
  );
  const reply = await site.post('/api/v1/dispatch', {
    id: 'n',
    asset_id: 'bess-1',
    w: 20_000,
    duration_s: 60,
    issuer: 'test',
  });
  assert.is(reply.body.ok, true, JSON.stringify(reply.body));
});

test('a runtime that ends in order leaves its devices released, its stopper writes nothing and ends too', async () => {
  await using site = await realSite({ assets: 1, simulate: ['--load', '30000'], asset: { onExit: 'release' } });
  await site.startRuntime();
  await site.post('/api/v1/dispatch', { id: 'o', asset_id: 'bess-1', w: 20_000, duration_s: 600, issuer: 'test' });
  await site.until('discharging', 8000, async () => (await site.power()) > 19_000);
  await sleep(1500);
  const stopper = stopperPid(site);
  assert.ok(isAlive(stopper));
  assert.is(await ended(site.runtime, 'SIGTERM'), 0);
  assert.not(isAlive(stopper));
  const mark = (await site.plant.tap(0, 0)).entries.length;
  await sleep(7000);
  assert.is((await site.plant.tap(0, 0)).entries.length, mark, 'nobody writes after the end');
  assert.ok((await site.power()) > 1000, 'the vendor has control again');
});

test('the death of the stopper is an alarm, control goes on, and another one takes its place', async () => {
  await using site = await realSite({ assets: 1 });
  await site.startRuntime();
  await site.post('/api/v1/dispatch', { id: 'o', asset_id: 'bess-1', w: 20_000, duration_s: 600, issuer: 'test' });
  await site.until('discharging', 8000, async () => (await site.power()) > 19_000);
  const first = stopperPid(site);
  process.kill(first, 'SIGKILL');
  await site.until('the alarm', 5000, async () =>
    (await site.get('/api/v1/alarms')).data.recent.some(
      ({ alarm_id }: { alarm_id: string }) => alarm_id === 'stopper-down',
    ),
  );
  await site.until('another one', 10_000, () => isAlive(stopperPid(site)) && stopperPid(site) !== first);
  await site.until('the alarm has returned', 5000, async () =>
    (await site.get('/api/v1/alarms')).data.active.every(
      ({ alarm_id }: { alarm_id: string }) => alarm_id !== 'stopper-down',
    ),
  );
  assert.ok((await site.power()) > 19_000, 'the order goes on');
});

test.run();
