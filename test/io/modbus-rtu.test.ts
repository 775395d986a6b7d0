/** Modbus RTU in memory, on the virtual clock: several units on one line, late replies, broken frames. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Fault } from '../../contracts/faults.ts';
import type { DevicePort } from '../../contracts/ports.ts';
import type { LineEvents } from '../../io/modbus-rtu-port.ts';
import { openModbusRtu } from '../../io/modbus-rtu-port.ts';
import { encodeRtuRequest, silenceMs } from '../../io/modbus-rtu.ts';
import { virtualClock } from '../../supervisor/clock.ts';
import type { VirtualClock } from '../../supervisor/clock.ts';
import { rtuSlave, sealed } from './rtu-slave.ts';
import type { Slave, Unit } from './rtu-slave.ts';

const test = suite('Modbus RTU');

const TIMEOUT_MS = 1000;

test('the frame of the standard, its CRC, and the silence between frames', () => {
  // The example of the Modbus over Serial Line guide: unit 2, function 7 has the CRC 41 12.
  assert.equal([...sealed([2, 7])], [2, 7, 0x41, 0x12]);
  const request = encodeRtuRequest(17, { functionCode: 3, register: 0x6b, count: 3 });
  assert.equal([...request], [0x11, 3, 0, 0x6b, 0, 3, 0x76, 0x87]);
  assert.ok(Math.abs(silenceMs(9600) - 4.01) < 0.01);
  assert.is(silenceMs(115_200), 1.75);
});

test('reads, writes and exceptions over one line', async () => {
  const { open, slave, clock } = line({ 1: counting(10) });
  const port = await open(1);
  assert.equal(await run(clock, port.read(5, 2)), [15, 16]);
  await run(clock, port.write(7, [9], 6));
  await run(clock, port.write(7, [9, 8], 16));
  assert.equal(
    slave.heard.map((request) => request[1]),
    [3, 6, 16],
  );
  (slave.units.get(1) as Unit).spoil = () => sealed([1, 0x83, 2]);
  assert.is(await run(clock, codeOf(port.read(5, 1))), 'DEVICE_EXCEPTION');
  (slave.units.get(1) as Unit).spoil = (answer) => answer;
  assert.equal(await run(clock, port.read(5, 1)), [15], 'the connection goes on');
});

test('another unit can be read over the same port; what it owes from before is waited for first', async () => {
  const { open, slave, clock } = line({ 1: counting(10), 100: counting(50) });
  const port = await open(1);
  assert.equal(await run(clock, port.read(5, 1, 'holding', 100)), [55]);
  assert.equal(await run(clock, port.read(5, 1)), [15]);
  (slave.units.get(100) as Unit).spoil = () => undefined;
  assert.is(await run(clock, codeOf(port.read(5, 1, 'holding', 100)), 2 * TIMEOUT_MS), 'TIMEOUT');
  slave.units.set(100, counting(60));
  const anew = await run(clock, open(1));
  assert.equal(await run(clock, anew.read(5, 1, 'holding', 100)), [65]);
  assert.is(slave.heard.at(-2)?.[1], 8, 'an echo before it');
});

test('several units are served in the order in which they asked, one after the other, with silence between', async () => {
  const { open, slave, clock, times } = line({ 1: counting(10), 2: counting(20), 3: counting(30) });
  const ports = await Promise.all([1, 2, 3].map((unit) => open(unit)));
  const lanes = ports.map(async (port) => {
    const found: number[] = [];
    for (let at = 0; at < 20; at += 1) found.push(...(await port.read(at, 1)));
    return found;
  });
  const found = await run(clock, Promise.all(lanes), 2000);
  found.forEach((words, at) =>
    assert.equal(
      words,
      Array.from({ length: 20 }, (_, n) => (at + 1) * 10 + n),
    ),
  );
  assert.equal(
    slave.heard.map(([unit]) => unit),
    Array.from({ length: 60 }, (_, at) => (at % 3) + 1),
  );
  times.slice(1).forEach((at, index) => assert.ok(at - (times[index] ?? 0) >= 4));
});

test('the late reply of one unit is not taken for that of another, nor for its own next one', async () => {
  const { open, slave, clock } = line({ 1: counting(10), 2: counting(20) });
  const first = await open(1);
  const second = await open(2);
  (slave.units.get(1) as Unit).delayMs = TIMEOUT_MS + 50;
  const late = codeOf(first.read(5, 1));
  const other = second.read(5, 1);
  (slave.units.get(2) as Unit).delayMs = 200;
  assert.is(await run(clock, late, TIMEOUT_MS + 10), 'TIMEOUT');
  // The reply of unit 1 comes while unit 2 is asked.
  assert.equal(await run(clock, other, 500), [25]);

  (slave.units.get(1) as Unit).delayMs = 0;
  // Now so late that it comes while the same unit is asked for the same again: only the echo tells them apart.
  const again = await run(clock, open(1), 3000);
  const units = slave.units.get(1) as Unit;
  units.delayMs = TIMEOUT_MS + 500;
  const lost = codeOf(again.read(5, 1));
  await clock.advance(TIMEOUT_MS);
  assert.is(await lost, 'TIMEOUT');
  slave.units.set(1, counting(90));
  const third = await run(clock, open(1), 3000);
  assert.equal(await run(clock, third.read(5, 1), 3000), [95], 'the fresh value, not the late one');
});

test('a unit that owes a reply is asked for an echo first, and one that does not know it says so', async () => {
  for (const noEcho of [false, true]) {
    const { open, slave, clock } = line({ 1: { ...counting(10), noEcho } });
    const port = await open(1);
    const unit = slave.units.get(1) as Unit;
    unit.spoil = () => undefined;
    assert.is(await run(clock, codeOf(port.read(5, 1)), TIMEOUT_MS), 'TIMEOUT');
    unit.spoil = (answer) => answer;
    const again = await run(clock, open(1));
    assert.equal(
      slave.heard.map((request) => request[1]),
      [3, 8],
    );
    assert.equal(await run(clock, again.read(5, 1)), [15]);
  }
});

test('a unit that owes a reply and answers no echo is shut out for 30 s, and the others go on', async () => {
  const { open, slave, clock } = line({ 1: counting(10), 2: counting(20) });
  const port = await open(1);
  const other = await open(2);
  (slave.units.get(1) as Unit).spoil = (answer) => (answer[1] === 8 ? undefined : answer);
  (slave.units.get(1) as Unit).delayMs = TIMEOUT_MS * 2;
  assert.is(await run(clock, codeOf(port.read(5, 1)), TIMEOUT_MS), 'TIMEOUT');
  (slave.units.get(1) as Unit).delayMs = 0;
  for (let at = 0; at < 28; at += 1) {
    assert.is(await run(clock, codeOf(open(1)), TIMEOUT_MS), 'TIMEOUT');
    assert.equal(await run(clock, other.read(5, 1)), [25]);
  }
  await clock.advance(2000);
  const again = await run(clock, open(1));
  assert.equal(await run(clock, again.read(5, 1)), [15]);
});

test('a wrong CRC, a cut frame and noise are no reply: the port ends, and the unit owes one', async () => {
  const spoilt: Readonly<Record<string, (answer: Buffer) => Buffer>> = {
    'a bit turned over': (answer) => Buffer.from(answer.map((byte, at) => (at === 4 ? byte ^ 1 : byte))),
    'a wrong CRC': (answer) => Buffer.from(answer.map((byte, at) => (at === answer.length - 1 ? byte ^ 1 : byte))),
    'a cut frame': (answer) => answer.subarray(0, 4),
    noise: () => Buffer.from([0xff, 0x55, 0xaa, 0xff, 0xff]),
    'another count': () => sealed([1, 3, 4, 0, 1, 0, 2]),
    'the echo of a write': () => sealed([1, 6, 0, 5, 0, 1]),
  };
  for (const [name, spoil] of Object.entries(spoilt)) {
    const { open, slave, clock } = line({ 1: counting(10) });
    const port = await open(1);
    (slave.units.get(1) as Unit).spoil = spoil;
    const code = await run(clock, codeOf(port.read(5, 1)), TIMEOUT_MS);
    assert.ok(code === 'BAD_FRAME' || code === 'TIMEOUT', `${name}: ${String(code)}`);
    assert.ok(['BAD_FRAME', 'TIMEOUT'].includes(String(await codeOf(port.read(5, 1)))), 'it stays dead');
    (slave.units.get(1) as Unit).spoil = (answer) => answer;
    const again = await run(clock, open(1));
    assert.equal(await run(clock, again.read(5, 1)), [15], name);
  }
});

test('a port that is dropped for a stop answers at once; the line waits for what is under way', async () => {
  const { open, slave, clock } = line({ 1: counting(10) });
  const port = await open(1);
  const keep = await open(2);
  (slave.units.get(1) as Unit).delayMs = 500;
  const waiting = codeOf(port.read(5, 1));
  port.drop('stop');
  assert.is(await waiting, 'DROPPED_FOR_STOP');
  (slave.units.get(1) as Unit).delayMs = 0;
  const again = await open(1);
  assert.equal(await run(clock, again.read(6, 1), 600), [16]);
  assert.is(slave.heard.length, 2);
  keep.drop('close');
});

test('the line is opened with its first unit, closed with its last, and its end ends all of them', async () => {
  const { open, clock, opened, events } = line({ 1: counting(10), 2: counting(20) });
  const first = await open(1);
  const second = await open(2);
  assert.is(opened(), 1);
  first.drop('close');
  assert.equal(await run(clock, second.read(5, 1)), [25]);
  second.drop('close');
  await clock.advance(1);
  assert.is(opened(), 0);
  const ports = [await open(1), await open(2)];
  const waiting = ports.map((port) => codeOf(port.read(5, 1)));
  events().ended(new Fault('CONNECTION_CLOSED'));
  assert.equal(await Promise.all(waiting), ['CONNECTION_CLOSED', 'CONNECTION_CLOSED']);
});

test.run();

function counting(base: number): Unit {
  return { words: (register, count) => Array.from({ length: count }, (_, at) => base + register + at) };
}

type Line = {
  readonly open: (unitId: number) => Promise<DevicePort>;
  readonly slave: Slave;
  readonly clock: VirtualClock;
  /** When each request went out, ms. */
  readonly times: number[];
  /** Lines that are open now. */
  readonly opened: () => number;
  readonly events: () => LineEvents;
};

function line(units: Readonly<Record<number, Unit>>): Line {
  const clock = virtualClock();
  const times: number[] = [];
  let current: LineEvents | undefined;
  let opened = 0;
  const slave = rtuSlave(units, (bytes) => current?.take(bytes), clock.setTimeout);
  const openDevice = openModbusRtu(clock, (_address, _signal, events) => {
    current = events;
    opened += 1;
    const write = (bytes: Buffer): void => {
      times.push(clock.now());
      slave.take(Buffer.from(bytes));
    };
    return Promise.resolve({ write, destroy: () => (opened -= 1), silenceMs: 4 });
  });
  const open = (unitId: number): Promise<DevicePort> =>
    openDevice(
      { host: 'line', port: 1, unitId, timeoutMs: TIMEOUT_MS, requestGapMs: 0, framing: 'rtu' },
      new AbortController().signal,
    );
  return {
    open,
    slave,
    clock,
    times,
    opened: () => opened,
    events: () => {
      if (!current) throw new Error('no line was opened');
      return current;
    },
  };
}

/** The clock runs `ms` while the promise is waited for. */
async function run<T>(clock: VirtualClock, promise: Promise<T>, ms = 100): Promise<T> {
  const [value] = await Promise.all([promise, clock.advance(ms)]);
  return value;
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const [result] = await Promise.allSettled([promise]);
  return result.status === 'rejected' ? (result.reason as Fault).code : result.value;
}
