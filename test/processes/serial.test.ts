// deadline: 120 s
/** Two inverters that are not on Modbus TCP: one on a serial line, one behind a gateway that passes RTU frames over TCP. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PYTHON } from '../io/pseudo-terminal.ts';
import { realSite } from './real-site.ts';
import { rtuGateway, serialLine } from './serial-gateway.ts';
import huawei from '../../profiles/huawei-sun2000-luna2000.json' with { type: 'json' };

/** A request without an answer ends after a second here, and what follows it on the line waits as long for its echo. */
const TIMEOUT_MS = 1000;
const NOTICED_MS = 20_000;

if (PYTHON === undefined) console.log('SKIPPED: no python3, so no pseudo-terminal to test serial lines on');

onTerminal(
  'over a serial line and over RTU in TCP an order is followed, a stop stops, and a silent line is noticed and left',
  async () => {
    await using stack = new AsyncDisposableStack();
    const profile = impatientProfile(stack);
    await using line = await serialLine();
    await using gateway = await rtuGateway();
    const serial = { path: line.path, baudRate: 115_200 };
    const tcp = { host: '127.0.0.1', port: gateway.port, framing: 'rtu' };
    const assets = [{ serial }, tcp].map((link, at) => ({
      id: `bess-${at + 1}`,
      profile,
      modbus: { ...link, unitId: 1 },
      capacityWh: 200_000,
      maxChargePowerW: 100_000,
      maxDischargePowerW: 100_000,
      unprovenDeadmanMaxW: 100_000,
      idle: 'hold',
      onExit: 'hold',
    }));
    await using site = await realSite({ assets: 2, site: { assets } });
    const ports = [...site.log().matchAll(/^asset \d .* 127\.0\.0\.1:(\d+) /gm)].map(([, port]) => Number(port));
    assert.is(ports.length, 2, site.log());
    [line.plantPort, gateway.plantPort] = ports as [number, number];
    await site.startRuntime();
    const assetAt = async (at: number): Promise<any> => (await site.get('/api/v1/status')).data.assets[at]; // oxlint-disable-line typescript/no-explicit-any -- a reply of another process

    for (const [at, w] of [20_000, -15_000].entries()) {
      const order = await site.json('dispatch', '--asset', `bess-${at + 1}`, '--w', String(w), '--duration', '600');
      assert.ok(order.ok, JSON.stringify(order));
      await site.until(`bess-${at + 1} moves`, 15_000, async () => Math.abs((await site.power(at)) - w) < 100);
    }
    await site.json('stop', '--asset', 'bess-2');
    await site.until('bess-2 stands', 20_000, async () => Math.abs(await site.power(1)) < 1);

    line.silent = true;
    await site.until('the silent line is noticed', NOTICED_MS, async () => {
      const { connection, order } = await assetAt(0);
      return connection !== 'online' && order === null;
    });
    assert.is((await assetAt(1)).connection, 'online', 'the other line is not concerned');
    const refused = await site.json('dispatch', '--asset', 'bess-1', '--w', '5000', '--duration', '60');
    assert.is(refused.ok, false, JSON.stringify(refused));
    line.silent = false;
    await site.until('the device is stopped when the line speaks again', NOTICED_MS, async () => {
      return (await assetAt(0)).connection === 'online' && Math.abs(await site.power(0)) < 1;
    });
    assert.is((await assetAt(0)).order, null, 'and no order is revived');

    const again = await site.json('dispatch', '--asset', 'bess-1', '--w', '10000', '--duration', '600');
    assert.ok(again.ok, JSON.stringify(again));
    gateway.silent = true;
    await site.json('estop', '--reason', 'test');
    await site.until('an E-stop reaches the serial line while the gateway is silent', 20_000, async () => {
      return Math.abs(await site.power(0)) < 1;
    });
    assert.is(await site.power(1), 0);
  },
);

test.run();

/** A test that needs a terminal. */
function onTerminal(title: string, body: () => Promise<void>): void {
  if (PYTHON === undefined) test.skip(title, body);
  else test(title, body);
}

/** The Huawei profile in a file of its own, with a shorter patience so that the test is short. */
function impatientProfile(stack: AsyncDisposableStack): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'bessd-profile-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const { $schema: _, ...profile } = huawei;
  const transport = { ...profile.transport, timeoutMs: TIMEOUT_MS, connectDelayMs: 100 };
  writeFileSync(path.join(folder, `${profile.name}.json`), JSON.stringify({ ...profile, transport }));
  return path.join(folder, `${profile.name}.json`);
}
