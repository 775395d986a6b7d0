/** Modbus RTU over real lines: a serial port (a pseudo-terminal here), and a gateway that passes RTU frames over TCP. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import ModbusSerial from 'modbus-serial';
import type { Fault } from '../../contracts/faults.ts';
import type { DeviceAddress, DevicePort } from '../../contracts/ports.ts';
import { openModbus } from '../../io/modbus-open.ts';
import { systemClock } from '../../supervisor/clock.ts';
import { PYTHON, terminalTo } from './pseudo-terminal.ts';
import type { Terminal } from './pseudo-terminal.ts';
import { rtuSlave } from './rtu-slave.ts';
import type { Slave, Unit } from './rtu-slave.ts';

const test = suite('Modbus RTU on real lines');

if (PYTHON === undefined) console.log('SKIPPED: no python3, so no pseudo-terminal to test serial lines on');

const NOWHERE = { host: '', port: 0, timeoutMs: 1000, requestGapMs: 0 };

onTerminal('several units on a serial line: reads, writes, a time-out, and its late reply', async () => {
  await using line = await terminal({ 1: counting(10), 2: counting(20) });
  const open = opener({ ...NOWHERE, timeoutMs: 300, serial: serialAt(line.path) });
  const first = await open(1);
  const second = await open(2);
  for (let at = 0; at < 20; at += 1) {
    const words = await Promise.all([first.read(at, 2), second.read(at, 60)]);
    assert.equal(words, [[10 + at, 11 + at], Array.from({ length: 60 }, (_, n) => 20 + at + n)]);
  }
  await first.write(7, [1, 2, 3], 16);
  (line.slave.units.get(1) as Unit).delayMs = 400;
  assert.is(await codeOf(first.read(5, 1)), 'TIMEOUT');
  line.slave.units.set(1, counting(90));
  assert.equal(await second.read(5, 1), [25]);
  const again = await open(1);
  assert.equal(await again.read(5, 1), [95]);
  again.drop('close');
  second.drop('close');
  const anew = await open(2);
  assert.equal(await anew.read(5, 1), [25], 'the line can be opened again');
  anew.drop('close');
});

onTerminal('an independent client hears what our own does, from the same line', async () => {
  await using line = await terminal({ 1: counting(10) });
  const client = new ModbusSerial.default();
  await client.connectRTUBuffered(line.path, { baudRate: 9600 });
  client.setID(1);
  client.setTimeout(1000);
  const { data } = await client.readHoldingRegisters(5, 3);
  await new Promise<void>((resolve) => client.close(() => resolve()));
  const port = await opener({ ...NOWHERE, serial: serialAt(line.path) })(1);
  assert.equal(await port.read(5, 3), data);
  port.drop('close');
  assert.ok(line.slave.heard[0]?.equals(line.slave.heard[1] ?? Buffer.alloc(0)), 'byte for byte the same request');
});

onTerminal('a serial line that goes away ends its ports; one that is not there opens none', async () => {
  const line = await terminal({ 1: counting(10) });
  const open = opener({ ...NOWHERE, timeoutMs: 5000, serial: serialAt(line.path) });
  const port = await open(1);
  (line.slave.units.get(1) as Unit).spoil = () => undefined;
  const waiting = codeOf(port.read(5, 1));
  while (line.slave.heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  await line[Symbol.asyncDispose]();
  assert.is(await waiting, 'CONNECTION_CLOSED');
  assert.is(await codeOf(open(1)), 'CONNECT_FAILED');
  assert.is(await codeOf(opener({ ...NOWHERE, serial: serialAt('/dev/no-such-line') })(1)), 'CONNECT_FAILED');
});

test('RTU over TCP: two units behind one gateway, which takes one connection', async () => {
  const sockets = new Set<Socket>();
  let connections = 0;
  const slave: Slave = rtuSlave(
    { 1: counting(10), 2: counting(20) },
    (bytes) => sockets.forEach((socket) => socket.write(bytes)),
    setTimeout,
  );
  const gateway = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('data', slave.take);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  const { port } = gateway.address() as AddressInfo;
  const open = opener({ ...NOWHERE, host: '127.0.0.1', port, timeoutMs: 300, framing: 'rtu' });
  const first = await open(1);
  const second = await open(2);
  assert.equal(await Promise.all([first.read(5, 1), second.read(5, 2)]), [[15], [25, 26]]);
  assert.is(connections, 1);
  const waiting = codeOf(first.read(5, 1));
  (slave.units.get(1) as Unit).spoil = () => undefined;
  for (const socket of sockets) socket.destroy();
  assert.is(await waiting, 'CONNECTION_CLOSED');
  assert.is(await codeOf(second.read(5, 1)), 'CONNECTION_CLOSED');
  gateway.close();
  assert.is(await codeOf(open(1)), 'CONNECT_FAILED');
});

test.run();

/** A test that needs a terminal. */
function onTerminal(title: string, body: () => Promise<void>): void {
  if (PYTHON === undefined) test.skip(title, body);
  else test(title, body);
}

function opener(address: Omit<DeviceAddress, 'unitId'>): (unitId: number) => Promise<DevicePort> {
  const openDevice = openModbus(systemClock);
  return (unitId) => openDevice({ ...address, unitId }, new AbortController().signal);
}

function counting(base: number): Unit {
  return { words: (register, count) => Array.from({ length: count }, (_, at) => base + register + at) };
}

function serialAt(place: string): NonNullable<DeviceAddress['serial']> {
  return { path: place, baudRate: 9600, parity: 'none', stopBits: 1 };
}

async function terminal(units: Readonly<Record<number, Unit>>): Promise<Terminal & { readonly slave: Slave }> {
  const slave = rtuSlave(units, (bytes) => line.say(bytes), setTimeout);
  const line = await terminalTo(slave.take);
  return { ...line, slave };
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const [result] = await Promise.allSettled([promise]);
  return result.status === 'rejected' ? (result.reason as Fault).code : result.value;
}
