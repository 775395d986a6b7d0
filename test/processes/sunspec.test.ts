// deadline: 120 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { realSite } from './real-site.ts';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('a site of a SunSpec inverter, its battery management system and a meter takes orders within its grid limit and stops', async () => {
  const [meter, bms] = [await freePort(), await freePort()];
  const modbus = (port: number): object => ({ host: '127.0.0.1', port });
  await using site = await realSite({
    assets: 1,
    asset: { profile: 'sunspec-704', bms: { profile: 'sunspec-802', modbus: modbus(bms) } },
    site: {
      meters: [{ id: 'pcc', profile: 'sunspec-meter', modbus: modbus(meter) }],
      grid: { meter: 'pcc', maxImportW: 60_000, maxExportW: 5000 },
    },
    simulate: ['--profile', 'sunspec-704', '--meter', String(meter), '--bms', String(bms), '--load', '20000'],
  });
  await site.startRuntime();
  const status = async (): Promise<any> => (await site.get('/api/v1/status')).data; // oxlint-disable-line typescript/no-explicit-any -- a reply of another process
  await site.until('the meter counts', 10_000, async () => (await status()).meters[0].grid_power_w === 20_000);

  // Until meter and inverter have been read a few times the load may be anything between two readings.
  await site.until('the load is known', 20_000, async () => {
    const order = await site.json('dispatch', '--all', '--w', '50000', '--duration', '60');
    assert.ok(order.ok, JSON.stringify(order));
    assert.ok(order.data.applied_w <= 25_000, `20 kW of load and 5 kW of export, not ${order.data.applied_w} W`);
    return order.data.applied_w > 20_000;
  });
  await site.until('delivered', 6000, async () => (await site.plant.state(0)).acW > 20_000);

  const stop = await site.json('estop', '--reason', 'test');
  assert.equal([stop.data.written, stop.data.zero], [['bess-1'], ['bess-1']], JSON.stringify(stop));
  assert.ok(Math.abs((await site.plant.state(0)).acW) < 100);
});

test.run();
