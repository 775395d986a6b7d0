/** Input registers are another space than holding registers: the same number, another value, another function code. */
import { ServerTCP } from 'modbus-serial';
import type { Server } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Fault } from '../../contracts/faults.ts';
import { openModbusTcp } from '../../io/modbus-tcp.ts';
import { encodeRtuRequest, firstReply } from '../../io/modbus-rtu.ts';
import { createAsset } from '../../simulator/asset.ts';
import { memoryNetwork } from '../../simulator/memory-device.ts';
import { systemClock, virtualClock } from '../../supervisor/clock.ts';
import { frameOf, startPeer } from './modbus-peer.ts';

const test = suite('input registers');

test('over TCP they are read with function code 4, from an independent server', async () => {
  const { port: tcpPort, stop } = await serverWithBoth();
  const address = { host: '127.0.0.1', port: tcpPort, unitId: 1, timeoutMs: 2000, requestGapMs: 0 };
  const port = await openModbusTcp(systemClock)(address, new AbortController().signal);
  assert.equal(await port.read(100, 3, 'input'), [1100, 1101, 1102]);
  assert.equal(await port.read(100, 3, 'holding'), [100, 101, 102]);
  assert.equal(await port.read(100, 3), [100, 101, 102]);
  port.drop('close');
  await stop();
});

test('another unit behind the same connection is asked by its own id, and only its answer counts', async () => {
  let answering = 100;
  const peer = await startPeer((request, socket) =>
    socket.write(frameOf(request.readUInt16BE(0), 0, answering, [3, 2, 0, request.readUInt8(6)])),
  );
  const port = await peer.open();
  assert.equal(await port.read(37_498, 1, 'holding', 100), [100]);
  answering = 1;
  assert.equal(await port.read(37_498, 1), [1]);
  const refused = await port.read(37_498, 1, 'holding', 100).catch((error: unknown) => error);
  assert.ok(refused instanceof Fault && refused.code === 'BAD_FRAME');
  await peer.stop();
});

test('over RTU the request carries function code 4, and its reply is as long as it says', () => {
  const request = encodeRtuRequest(1, { functionCode: 4, register: 100, count: 2 });
  assert.equal([...request.subarray(0, 6)], [1, 4, 0, 100, 0, 2]);
  const reply = Buffer.from([1, 4, 4, 0, 1, 0, 2]);
  assert.is(firstReply(reply), 'incomplete', 'its checksum has not come');
});

test('a simulated device has none, and says so', async () => {
  const clock = virtualClock();
  const network = memoryNetwork({ clock });
  network.attach('device', 502, createAsset({ clock }));
  const opening = network.open(
    { host: 'device', port: 502, unitId: 1, timeoutMs: 1000, requestGapMs: 0 },
    new AbortController().signal,
  );
  await clock.advance(10);
  const port = await opening;
  const refused = await port.read(30_000, 1, 'input').catch((error: unknown) => error);
  assert.ok(refused instanceof Fault && refused.code === 'DEVICE_EXCEPTION');
});

test.run();

async function serverWithBoth(): Promise<{ port: number; stop: () => Promise<void> }> {
  const vector = {
    getInputRegister: (register: number) => Promise.resolve(1000 + register),
    getHoldingRegister: (register: number) => Promise.resolve(register),
  };
  const server = new ServerTCP(vector, { host: '127.0.0.1', port: '0' as unknown as number, unitID: 255 });
  const listener = (server as unknown as { readonly _server: Server })._server;
  await new Promise<void>((resolve) => server.once('initialized', resolve));
  const address = listener.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
