/** Device ports in memory: what a driver sees of a device that is slow, silent, busy or gone, on a virtual clock. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { codeOf } from '../../contracts/faults.ts';
import type { DeviceAddress, DevicePort } from '../../contracts/ports.ts';
import type { SimulatedAsset } from '../../simulator/asset.ts';
import { createAsset } from '../../simulator/asset.ts';
import type { MemoryNetwork, MemoryOptions } from '../../simulator/memory-device.ts';
import { memoryNetwork } from '../../simulator/memory-device.ts';
import type { VirtualClock } from '../../supervisor/clock.ts';
import { virtualClock } from '../../supervisor/clock.ts';

const test = suite('memory device');
const ADDRESS: DeviceAddress = { host: 'inverter', port: 502, unitId: 1, timeoutMs: 1000, requestGapMs: 50 };

test('reads and writes reach the plant', async () => {
  const { clock, asset, port } = await connected();
  const written = port.write(47249, [0, 5000], 16);
  await clock.advance(10);
  await written;
  const read = port.read(47249, 2);
  await clock.advance(100);
  assert.equal(await read, [0, 5000]);
  assert.equal(
    asset.tap.entries().map(({ unitId, functionCode }) => [unitId, functionCode]),
    [[1, 16]],
  );
});

test('requests keep the gap that the device demands', async () => {
  const { clock, asset, port } = await connected();
  for (const command of [0, 1, 2]) {
    const written = port.write(47100, [command], 6);
    await clock.advance(100);
    await written;
  }
  const { entries } = asset.tap;
  assert.equal(
    entries().map(({ words }) => words[0]),
    [0, 1, 2],
  );
  const hasty = port.read(37760, 1);
  await clock.advance(4);
  await hasty;
  const next = port.read(37760, 1);
  const reads = asset.tap.reads();
  await clock.advance(49);
  assert.is(asset.tap.reads(), reads);
  await clock.advance(10);
  await next;
});

test('two requests at once are a defect of the caller', async () => {
  const { clock, port } = await connected();
  const first = port.read(37760, 1);
  const second = port.read(37760, 1).then(
    () => 'answered',
    (error: Error) => error.message,
  );
  await clock.advance(10);
  assert.equal(await first, [500]);
  assert.is(await second, 'two requests at once on one connection');
});

test('a refused request is a fault with its exception, and the port lives on', async () => {
  const { clock, port } = await connected();
  const refused = failure(port.read(1, 1));
  await clock.advance(10);
  assert.equal(await refused, ['DEVICE_EXCEPTION', { exception: 2, register: 1 }]);
  const read = port.read(37760, 1);
  await clock.advance(100);
  assert.equal(await read, [500]);
});

test('silence is a timeout, after which the port is dead', async () => {
  const { clock, asset, port } = await connected();
  asset.faults.apply({ kind: 'silence' });
  const first = failure(port.read(37760, 1));
  await clock.advance(999);
  assert.is(asset.tap.reads(), 0);
  await clock.advance(1);
  assert.is((await first)[0], 'TIMEOUT');
  asset.faults.clear();
  assert.is((await failure(port.read(37760, 1)))[0], 'TIMEOUT');
});

test('one hanging read does not hold up another connection', async () => {
  const { clock, asset, network, port } = await connected();
  asset.faults.apply({ kind: 'hang', ms: 8000 });
  const hanging = failure(port.read(37760, 1));
  await clock.advance(300);
  port.drop('stop');
  assert.is((await hanging)[0], 'DROPPED_FOR_STOP');
  const second = await opened(network, clock);
  const read = second.read(37760, 1);
  await clock.advance(10);
  assert.equal(await read, [500]);
});

test('a write that was sent before the drop still reaches the device', async () => {
  const { clock, asset, port } = await connected();
  const sent = failure(port.write(47100, [1], 6));
  port.drop('close');
  assert.is((await sent)[0], 'CONNECTION_CLOSED');
  await clock.advance(10);
  assert.is(asset.tap.entries().length, 1);
});

test('a write that waits for its gap when the port is dropped does not', async () => {
  const { clock, asset, port } = await connected();
  const first = port.write(47100, [1], 6);
  await clock.advance(10);
  await first;
  const waiting = failure(port.write(47100, [2], 6));
  port.drop('stop');
  await clock.advance(1000);
  assert.is((await waiting)[0], 'DROPPED_FOR_STOP');
  assert.equal(
    asset.tap.entries().map(({ words }) => words[0]),
    [1],
  );
});

test('a device that loses its answer has carried the write out', async () => {
  const { clock, asset, port } = await connected();
  asset.faults.apply({ kind: 'loseAnswer', on: 'write', count: 1 });
  const write = failure(port.write(47100, [1], 6));
  await clock.advance(1000);
  assert.is((await write)[0], 'TIMEOUT');
  assert.equal(
    asset.tap.entries().map(({ register, accepted }) => [register, accepted]),
    [[47100, true]],
  );
});

test('a busy device answers exception 6 as often as was asked for', async () => {
  const { clock, asset, port } = await connected();
  asset.faults.apply({ kind: 'exception', code: 6, count: 2 });
  const answers = [];
  for (let at = 0; at < 3; at += 1) {
    const read = failure(port.read(37760, 1));
    await clock.advance(100);
    answers.push(await read);
  }
  assert.equal(answers.slice(0, 2), [
    ['DEVICE_EXCEPTION', { exception: 6, register: 37760 }],
    ['DEVICE_EXCEPTION', { exception: 6, register: 37760 }],
  ]);
  assert.is(answers[2]?.[0], 'nothing failed');
});

test('a reset rejects what is pending at once', async () => {
  const { clock, asset, network, port } = await connected();
  const pending = failure(port.read(37760, 1));
  asset.faults.apply({ kind: 'reset' });
  assert.is((await pending)[0], 'CONNECTION_CLOSED');
  assert.is(network.connections(), 0);
  await clock.advance(10);
});

test('a refused connection and an address without a device fail to connect', async () => {
  const { clock, asset, network } = await connected();
  asset.faults.apply({ kind: 'refuse', forMs: 5000 });
  assert.is(await refusal(network, clock, ADDRESS), 'CONNECT_FAILED');
  assert.is(await refusal(network, clock, { ...ADDRESS, port: 503 }), 'CONNECT_FAILED');
  await clock.advance(5000);
  await opened(network, clock);
});

test('a device that drops the first request after a connect answers the second', async () => {
  const { clock, asset, network, port } = await connected();
  asset.faults.apply({ kind: 'dropFirst' });
  port.drop('close');
  const first = await opened(network, clock);
  const unheard = failure(first.read(37760, 1));
  await clock.advance(1000);
  assert.is((await unheard)[0], 'TIMEOUT');
});

test('requests that come too soon after each other are not heard where the device wants a gap', async () => {
  const { clock, asset, network } = await connected();
  asset.faults.apply({ kind: 'gap', ms: 50 });
  const hasty = await opened(network, clock, { ...ADDRESS, requestGapMs: 0 });
  const first = hasty.read(37760, 1);
  await clock.advance(4);
  assert.equal(await first, [500]);
  const second = failure(hasty.read(37760, 1));
  await clock.advance(1000);
  assert.is((await second)[0], 'TIMEOUT');
});

test('where only one client is served, a new one evicts the old one', async () => {
  const { clock, network, port } = await connected({ singleClient: true });
  await opened(network, clock);
  assert.is((await failure(port.read(37760, 1)))[0], 'CONNECTION_CLOSED');
  assert.is(network.connections(), 1);
});

test('two devices that swap their cables answer with the other serial number', async () => {
  const { clock, network, port } = await connected();
  port.drop('close');
  network.attach('inverter', 502, createAsset({ clock, settings: { serialNumber: 'OTHER' } }));
  const swapped = await opened(network, clock);
  const read = swapped.read(30015, 3);
  await clock.advance(10);
  assert.equal(await read, [0x4f54, 0x4845, 0x5200]);
});

test('what was on its way when two devices swapped their cables does not reach the other one', async () => {
  const { clock, asset, network, port } = await connected();
  const other = createAsset({ clock, settings: { serialNumber: 'OTHER' } });
  const written = failure(port.write(47075, [0, 7000], 16));
  network.attach('inverter', 502, other);
  await clock.advance(10);
  assert.is((await written)[0], 'CONNECTION_CLOSED');
  assert.equal([asset.tap.writes(), other.tap.writes()], [1, 0]);
});

test('behind a gateway a swap leaves the connection open: the other device answers on it', async () => {
  const { clock, network, port } = await connected();
  network.attach('inverter', 502, createAsset({ clock, socPct: 20 }), { keepConnections: true });
  const read = port.read(37760, 1);
  await clock.advance(10);
  assert.equal(await read, [200]);
});

test('eviction can be switched on while a client is served', async () => {
  const { clock, asset, network, port } = await connected();
  asset.faults.apply({ kind: 'singleClient', forMs: 1000 });
  await opened(network, clock);
  assert.is((await failure(port.read(37760, 1)))[0], 'CONNECTION_CLOSED');
  await clock.advance(1000);
  await opened(network, clock);
  assert.is(network.connections(), 2);
});

test('an opening that is given up fails at once', async () => {
  const { network } = await connected();
  const abort = new AbortController();
  const opening = failure(network.open(ADDRESS, abort.signal));
  abort.abort();
  assert.is((await opening)[0], 'CONNECT_FAILED');
});

test('a reboot cuts the connection, is gone for a while and keeps the limits', async () => {
  const { clock, asset, network, port } = await connected();
  const written = port.write(47075, [0, 7000], 16);
  await clock.advance(10);
  await written;
  asset.reboot(3000);
  assert.is((await failure(port.read(37760, 1)))[0], 'CONNECTION_CLOSED');
  assert.is(await refusal(network, clock, ADDRESS), 'CONNECT_FAILED');
  await clock.advance(3000);
  const back = await opened(network, clock);
  const read = back.read(47075, 2);
  await clock.advance(10);
  assert.equal(await read, [0, 7000]);
});

test.run();

type Site = {
  readonly clock: VirtualClock;
  readonly asset: SimulatedAsset;
  readonly network: MemoryNetwork;
  readonly port: DevicePort;
};

async function connected(options: Partial<MemoryOptions> = {}): Promise<Site> {
  const clock = virtualClock();
  const network = memoryNetwork({ clock, ...options });
  const asset = createAsset({ clock });
  network.attach('inverter', 502, asset);
  return { clock, asset, network, port: await opened(network, clock) };
}

async function opened(network: MemoryNetwork, clock: VirtualClock, address = ADDRESS): Promise<DevicePort> {
  const opening = network.open(address, new AbortController().signal);
  await clock.advance(10);
  return opening;
}

async function refusal(network: MemoryNetwork, clock: VirtualClock, address: DeviceAddress): Promise<string> {
  const failing = failure(network.open(address, new AbortController().signal));
  await clock.advance(10);
  return (await failing)[0];
}

/** The code of the fault with which a promise rejects, and its details. */
function failure(promise: Promise<unknown>): Promise<[string, unknown]> {
  return promise.then(
    () => ['nothing failed', undefined],
    (error: unknown) => [codeOf(error, 'BAD_REQUEST'), (error as { details?: unknown }).details],
  );
}
