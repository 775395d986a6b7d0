// deadline: 240 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { execFileSync } from 'node:child_process';
import { ended, realSite } from './real-site.ts';
import type { RealSite } from './real-site.ts';

function brokerPid(site: RealSite): number {
  const children = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(site.runtime.pid)], { encoding: 'utf8' });
  const line = children.split('\n').find((row) => row.includes('nats-server'));
  if (!line) throw new Error(`no broker among the children of the runtime: ${children}`);
  return Number(line.trim().split(' ')[0]);
}

test('a killed broker is restarted by its supervisor, control never notices, and commands work again', async () => {
  await using site = await realSite();
  await site.startRuntime();
  if ((await site.get('/api/v1/status')).data.broker.kind !== 'child') {
    console.log('SKIPPED: no nats-server on this machine, so no broker to kill');
    return;
  }
  await site.json('dispatch', '--asset', 'bess-1', '--w', '20000', '--duration', '60');
  const first = brokerPid(site);
  process.kill(first, 'SIGKILL');
  const cycles = async (): Promise<number> =>
    Number(/bess_cycles_total\{[^}]*\} (\d+)/.exec(String(await site.get('/metrics')))?.[1] ?? 0);
  const before = await cycles();
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.ok((await cycles()) >= before + 2, 'polling goes on');
  assert.ok(Math.abs((await site.power()) - 20_000) < 100, 'the order goes on');
  await site.until(
    'connected to a new broker',
    15_000,
    async () => (await site.get('/api/v1/status')).data.broker.connected && brokerPid(site) !== first,
  );
  const reply = await site.json('dispatch', '--asset', 'bess-2', '--w', '-10000', '--duration', '5');
  assert.is(reply.ok, true, JSON.stringify(reply));
});

test('a plant that goes away degrades health without a restart, and is online within 10 s of its return with no order revived', async () => {
  await using site = await realSite();
  await site.startRuntime();
  await site.json('dispatch', '--asset', 'bess-1', '--w', '20000', '--duration', '600');
  await site.stopPlant();
  await site.until('health degraded', 8000, async () => (await site.get('/health')).status === 'degraded');
  await new Promise((resolve) => setTimeout(resolve, 6000));
  assert.is(site.runtime.exitCode, null);
  const restarts = (node: { restarts: number; children?: never[] }): number =>
    node.restarts + (node.children ?? []).reduce((sum, child) => sum + restarts(child), 0);
  assert.is(restarts((await site.get('/api/v1/status')).data.supervisor), 0, 'nothing crashed');
  await site.startPlant();
  const took = await site.until('online again', 10_000, async () =>
    (await site.get('/api/v1/status')).data.assets.every(
      ({ connection }: { connection: string }) => connection === 'online',
    ),
  );
  console.log(`online ${took.toFixed(0)} ms after the return of the plant`);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const tap = await site.plant.tap(0, 0);
  assert.ok(
    tap.entries.every(({ register, words }) => register !== 47_100 || words[0] === 0),
    'nothing was forced again',
  );
  assert.is((await site.get('/api/v1/status')).data.assets[0].order, null);
});

test('a battery that still delivers after a kill of the runtime is stopped within one poll of the new start', async () => {
  await using site = await realSite({ simulate: ['--load', '30000'] });
  await site.startRuntime();
  await site.json('dispatch', '--asset', 'bess-1', '--w', '50000', '--duration', '600');
  await site.until('moving', 4000, async () => (await site.power()) > 49_000);
  await ended(site.runtime, 'SIGKILL');
  assert.ok((await site.power()) > 49_000, 'the device goes on by itself');
  const mark = (await site.plant.tap(0, 0)).entries.length;
  await site.startRuntime();
  await site.until('at zero', 4000, async () => Math.abs(await site.power()) < 1);
  assert.equal((await site.plant.tap(mark, 0)).entries[0]?.words, [0, 0, 0, 0]);
});

test('with a data directory that cannot be written control runs and obeys the E-stop, but moves no power over unsaved originals', async () => {
  await using site = await realSite({ dataDir: '/etc/hostname/cannot-be-a-folder' });
  await site.startRuntime();
  const health = await site.get('/health');
  assert.is.not(health.status, 'error');
  const refused = await site.json('dispatch', '--asset', 'bess-1', '--w', '1000', '--duration', '5');
  assert.is(refused.ok, false, JSON.stringify(refused));
  const stop = await site.json('estop', '--reason', 'test');
  assert.is(stop.data.latched, 'memory');
  assert.ok(stop.data.written.includes('bess-1') && stop.data.written.includes('bess-2'), JSON.stringify(stop));
});

test('SIGTERM stops everything in order, with the device in its exit state, and exit code 0', async () => {
  await using site = await realSite({ asset: { onExit: 'release' }, simulate: ['--load', '30000'] });
  await site.startRuntime();
  await site.json('dispatch', '--asset', 'bess-1', '--w', '-20000', '--duration', '600');
  const code = await ended(site.runtime, 'SIGTERM');
  assert.is(code, 0, site.log().slice(-2000));
  await site.until('self-consumption again', 3000, async () => (await site.power()) > 20_000);
});

test('a site file with a mistake names path, value and expectation, exits 2 and starts nothing', async () => {
  await using site = await realSite();
  const { writeFileSync } = await import('node:fs');
  const file = `${site.folder}/bad.yaml`;
  const cases: [string, RegExp][] = [
    [
      'site: { id: S1 }\nassets:\n  - { id: a, profile: huawei-sun2000-luna2000, modbus: { host: 127.0.0.1 }, capacityWh: -5, maxChargePowerW: 1, maxDischargePowerW: 1 }\n',
      /assets\[0\]\.capacityWh: got -5, expected/,
    ],
    ['site: { id: S1 }\nassets: []\nsurprise: 1\n', /surprise/],
    [
      'site: { id: S1 }\nassets:\n  - { id: a, profile: no-such, modbus: { host: 127.0.0.1 }, capacityWh: 5, maxChargePowerW: 1, maxDischargePowerW: 1 }\n',
      /no-such/,
    ],
    [
      'site: { id: S1 }\nassets:\n  - { id: a, profile: huawei-sun2000-luna2000, modbus: { host: 127.0.0.1 }, capacityWh: 5, maxChargePowerW: 1, maxDischargePowerW: 1 }\nhttp: { host: 0.0.0.0 }\n',
      /http\.host: got "0\.0\.0\.0"/,
    ],
    [
      'site: { id: S1 }\nassets:\n  - { id: a, profile: huawei-sun2000-luna2000, modbus: { host: 127.0.0.1 }, capacityWh: 5, maxChargePowerW: 1, maxDischargePowerW: 1 }\nestop: { reset: two_person }\n',
      /operators/,
    ],
    [
      'site: { id: S1 }\nassets:\n  - { id: a, profile: huawei-sun2000-luna2000, modbus: { host: 127.0.0.1 }, capacityWh: 5, maxChargePowerW: 1, maxDischargePowerW: 1 }\npollIntervalMs: 20000\n',
      /pollIntervalMs: got 20000/,
    ],
    [
      'site: { id: S1 }\nassets:\n  - { id: a, profile: huawei-sun2000-luna2000, modbus: { host: 127.0.0.1 }, capacityWh: 5, maxChargePowerW: 1, maxDischargePowerW: 1 }\n  - { id: b, profile: huawei-sun2000-luna2000, modbus: { host: 127.0.0.1 }, capacityWh: 5, maxChargePowerW: 1, maxDischargePowerW: 1 }\n',
      /assets\[1\]\.modbus.*a device of its own/,
    ],
    ['site: [\n', /YAML/],
  ];
  for (const [text, names] of cases) {
    writeFileSync(file, text);
    const { code, stderr } = await site.bessd('run', '--config', file);
    assert.is(code, 2, stderr);
    assert.match(stderr, names);
  }
  const missing = await site.bessd('run', '--config', '/nowhere/site.yaml');
  assert.is(missing.code, 2);
});

test.run();
