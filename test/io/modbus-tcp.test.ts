/** The Modbus TCP transport on real sockets, against a peer that sends whatever the test wants. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Fault } from '../../contracts/faults.ts';
import type { Code } from '../../contracts/faults.ts';
import type { DevicePort } from '../../contracts/ports.ts';
import { openModbusTcp } from '../../io/modbus-tcp.ts';
import { systemClock, virtualClock } from '../../supervisor/clock.ts';
import { frameOf, goodReply, startPeer } from './modbus-peer.ts';
import type { Answer, Peer } from './modbus-peer.ts';

const test = suite('Modbus TCP');

test('a read brings the words, in order, and asks with the frame of the standard', async () => {
  await against(
    (request, socket) => socket.write(goodReply(request, [0x0102, 0xffff])),
    async (port, { requests }) => {
      assert.equal(await port.read(37_760, 2), [0x0102, 0xffff]);
      const bytes = requests[0]?.bytes ?? Buffer.alloc(0);
      assert.equal([...bytes.subarray(2)], [0, 0, 0, 6, 1, 3, 0x93, 0x80, 0, 2]);
    },
  );
});

test('a write of one word and one of several go out as functions 6 and 16', async () => {
  await against(
    (request, socket) => socket.write(goodReply(request)),
    async (port, { requests }) => {
      await port.write(47_100, [2], 6);
      await port.write(47_249, [0, 10_000], 16);
      assert.equal([...(requests[0]?.bytes.subarray(2) ?? [])], [0, 0, 0, 6, 1, 6, 0xb7, 0xfc, 0, 2]);
      assert.equal(
        [...(requests[1]?.bytes.subarray(2) ?? [])],
        [0, 0, 0, 11, 1, 16, 0xb8, 0x91, 0, 2, 4, 0, 0, 0x27, 0x10],
      );
    },
  );
});

test('every request has the next transaction id', async () => {
  await against(
    (request, socket) => socket.write(goodReply(request, [1])),
    async (port, { requests }) => {
      for (let at = 0; at < 50; at += 1) await port.read(at, 1);
      const ids = requests.map(({ bytes }) => bytes.readUInt16BE(0));
      ids.forEach((id, at) => assert.is(id, ((ids[0] ?? 0) + at) & 0xffff));
    },
  );
});

test('a reply that comes byte by byte, or in two halves at any place, is read', async () => {
  const whole = (request: Buffer): Buffer => goodReply(request, [7, 8, 9]);
  await against(
    (request, socket) => {
      [...whole(request)].forEach((byte, at) => setTimeout(() => socket.write(Buffer.from([byte])), at));
    },
    async (port) => assert.equal(await port.read(1, 3), [7, 8, 9]),
  );
  let cut = 1;
  await against(
    (request, socket) => {
      const bytes = whole(request);
      socket.write(bytes.subarray(0, cut));
      setTimeout(() => socket.write(bytes.subarray(cut)), 2);
    },
    async (port) => {
      for (cut = 1; cut < 15; cut += 1) assert.equal(await port.read(1, 3), [7, 8, 9], `cut after ${cut}`);
    },
  );
});

/** Replies that belong to something else; each must end the connection, none may bring a value. */
const WRONG: Readonly<Record<string, (request: Buffer) => Buffer>> = {
  'the transaction before': (r) => frameOf(r.readUInt16BE(0) - 1, 0, 1, [3, 2, 0, 5]),
  'a transaction 256 later': (r) => frameOf(r.readUInt16BE(0) + 256, 0, 1, [3, 2, 0, 5]),
  'another unit': (r) => frameOf(r.readUInt16BE(0), 0, 2, [3, 2, 0, 5]),
  'another function': (r) => frameOf(r.readUInt16BE(0), 0, 1, [4, 2, 0, 5]),
  'a function that was not asked': (r) => frameOf(r.readUInt16BE(0), 0, 1, [6, 0, 1, 0, 5]),
  'another protocol': (r) => frameOf(r.readUInt16BE(0), 1, 1, [3, 2, 0, 5]),
  'more words than asked': (r) => frameOf(r.readUInt16BE(0), 0, 1, [3, 4, 0, 5, 0, 6]),
  'no word': (r) => frameOf(r.readUInt16BE(0), 0, 1, [3, 0]),
  'an odd byte count': (r) => frameOf(r.readUInt16BE(0), 0, 1, [3, 3, 0, 5, 6]),
  'a byte count that its data do not fill': (r) => frameOf(r.readUInt16BE(0), 0, 1, [3, 2, 0]),
  'more data than its byte count': (r) => frameOf(r.readUInt16BE(0), 0, 1, [3, 2, 0, 5, 6]),
  'a length of 0': (r) => frameOf(r.readUInt16BE(0), 0, 1, [3, 2, 0, 5], 0),
  'a length of 2': (r) => frameOf(r.readUInt16BE(0), 0, 1, [3], 2),
  'a length over the longest': (r) => frameOf(r.readUInt16BE(0), 0, 1, [3, 2, 0, 5], 255),
  'a length of 65535': (r) => frameOf(r.readUInt16BE(0), 0, 1, [3, 2, 0, 5], 0xffff),
  'a byte behind the frame': (r) => Buffer.concat([goodReply(r, [5]), Buffer.from([0])]),
  'the same frame twice': (r) => Buffer.concat([goodReply(r, [5]), goodReply(r, [5])]),
  'an exception of another function': (r) => frameOf(r.readUInt16BE(0), 0, 1, [0x86, 2]),
  'an exception that is too long': (r) => frameOf(r.readUInt16BE(0), 0, 1, [0x83, 2, 0]),
};
for (const [title, make] of Object.entries(WRONG)) {
  test(`a reply with ${title} is no reply: the connection ends`, async () => {
    await against(
      (request, socket) => socket.write(make(request)),
      async (port) => {
        await fails(port.read(1, 1), 'BAD_FRAME');
        await fails(port.read(1, 1), 'BAD_FRAME', 'and is dead afterwards');
      },
    );
  });
}

const WRONG_WRITES: Readonly<Record<string, readonly number[]>> = {
  'another register': [6, 0, 9, 0, 5],
  'another value': [6, 0, 1, 0, 6],
  'a missing byte': [6, 0, 1, 0],
  'a read in return': [3, 2, 0, 5],
};
for (const [title, pdu] of Object.entries(WRONG_WRITES)) {
  test(`a write that is acknowledged with ${title} is not acknowledged`, async () => {
    await against(
      (r, socket) => socket.write(frameOf(r.readUInt16BE(0), 0, 1, pdu)),
      (port) => fails(port.write(1, [5], 6), 'BAD_FRAME'),
    );
  });
}

test('a write of several registers is acknowledged only with their number', async () => {
  await against(
    (r, socket) => socket.write(frameOf(r.readUInt16BE(0), 0, 1, [16, 0, 1, 0, 3])),
    (port) => fails(port.write(1, [5, 6], 16), 'BAD_FRAME'),
  );
});

test('an exception is the answer of a living device: the connection goes on', async () => {
  let refuse = true;
  await against(
    (request, socket) =>
      socket.write(
        refuse ? frameOf(request.readUInt16BE(0), 0, 1, [0x80 + request.readUInt8(7), 6]) : goodReply(request, [5]),
      ),
    async (port) => {
      const fault = await fails(port.read(1, 1), 'DEVICE_EXCEPTION');
      assert.equal(fault.details, { exception: 6, register: 1, functionCode: 3 });
      await fails(port.write(1, [1], 6), 'DEVICE_EXCEPTION');
      await fails(port.write(1, [1, 2], 16), 'DEVICE_EXCEPTION');
      refuse = false;
      assert.equal(await port.read(1, 1), [5]);
    },
  );
});

test('a request that no frame can carry is a defect, and nothing of it goes out', async () => {
  await against(
    (request, socket) => socket.write(goodReply(request, [5])),
    async (port, { requests }) => {
      const wrong = [
        port.read(1, 0),
        port.read(1, 126),
        port.read(65_536, 1),
        port.write(1, [-1], 6),
        port.write(1, [1, 2], 6),
        port.write(1, [1.5], 16),
        port.write(1, [Number.NaN], 16),
        port.write(1, [], 16),
        port.write(
          1,
          Array.from({ length: 124 }, () => 0),
          16,
        ),
      ];
      for (const outcome of await Promise.allSettled(wrong))
        assert.ok(outcome.status === 'rejected' && outcome.reason instanceof RangeError);
      assert.equal(await port.read(1, 1), [5]);
      assert.is(requests.length, 1);
    },
  );
});

test('after a time-out the socket is dropped, and the late reply is used by nobody', async () => {
  const peer = await startPeer((request, socket) => setTimeout(() => socket.write(goodReply(request, [666])), 60));
  const port = await peer.open({ timeoutMs: 30 });
  await fails(port.read(1, 1), 'TIMEOUT');
  const second = port.read(1, 1);
  await fails(second, 'TIMEOUT', 'the connection stays dead');
  await until(() => peer.sockets() === 0);
  await peer.stop();
});

test('bytes that come before anybody asked end the connection, also half a frame of them', async () => {
  for (const unasked of [Buffer.from([0]), frameOf(1, 0, 1, [3, 2, 0, 5])]) {
    let sockets: Parameters<Answer>[1] | undefined;
    await against(
      (request, socket) => {
        sockets = socket;
        socket.write(goodReply(request, [5]));
      },
      async (port, peer) => {
        await port.read(1, 1);
        sockets?.write(unasked);
        await until(() => peer.sockets() === 0);
        await fails(port.read(1, 1), 'BAD_FRAME');
      },
    );
  }
});

test('the other side hangs up or resets: whoever waits is told at once, not at the time-out', async () => {
  for (const end of ['end', 'destroy', 'resetAndDestroy'] as const) {
    for (const first of [0, 5]) {
      const peer = await startPeer((request, socket) => {
        if (first > 0) socket.write(goodReply(request, [5]).subarray(0, first));
        setTimeout(() => socket[end](), 5);
      });
      const port = await peer.open({ timeoutMs: 20_000 });
      const startMs = performance.now();
      await fails(port.read(1, 1), 'CONNECTION_CLOSED', end);
      assert.ok(performance.now() - startMs < 2000);
      await fails(port.read(1, 1), 'CONNECTION_CLOSED', end);
      await peer.stop();
    }
  }
});

test('whoever waits learns that the connection was dropped for a stop', async () => {
  await against(
    () => {},
    async (port, peer) => {
      const waiting = port.read(1, 1);
      port.drop('stop');
      await fails(waiting, 'DROPPED_FOR_STOP');
      await fails(port.write(1, [0], 6), 'DROPPED_FOR_STOP');
      port.drop('close');
      await until(() => peer.sockets() === 0);
    },
  );
});

test('no connection where nobody listens, and none to a device that does not answer', async () => {
  const peer = await startPeer();
  const { port } = peer;
  await peer.stop();
  const address = { host: '127.0.0.1', port, unitId: 1, timeoutMs: 1000, requestGapMs: 0 };
  await fails(openModbusTcp(systemClock)(address, new AbortController().signal), 'CONNECT_FAILED');
});

test('a connection that takes too long is given up, by the clock', async () => {
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const clock = virtualClock();
  const opening = openModbusTcp(clock)(
    { host: '127.0.0.1', port, unitId: 1, timeoutMs: 50, requestGapMs: 0 },
    new AbortController().signal,
  );
  clock.advanceSync(50);
  await fails(opening, 'CONNECT_FAILED');
  await new Promise<void>((resolve) => silent.close(() => resolve()));
});

test('who is told to end before or while connecting gets no connection, and leaves none open', async () => {
  const peer = await startPeer();
  await fails(peer.open({ signal: AbortSignal.abort() }), 'CONNECT_FAILED');
  const abort = new AbortController();
  const opening = peer.open({ signal: abort.signal });
  abort.abort();
  await fails(opening, 'CONNECT_FAILED');
  await until(() => peer.sockets() === 0);
  await peer.stop();
});

test('requests keep their gap after each answer, exceptions included', async () => {
  const peer = await startPeer((request, socket) => {
    const refused = request.readUInt16BE(8) === 9;
    socket.write(refused ? frameOf(request.readUInt16BE(0), 0, 1, [0x83, 2]) : goodReply(request, [5]));
  });
  const port = await peer.open({ requestGapMs: 40 });
  for (const register of [1, 9, 1, 1]) await port.read(register, 1).catch(() => undefined);
  const gaps = peer.requests.slice(1).map(({ atMs }, at) => atMs - (peer.requests[at]?.atMs ?? 0));
  for (const gap of gaps) assert.ok(gap >= 38, `${gap} ms`);
  await peer.stop();
});

test('two requests at once are a defect, and the first one is not harmed', async () => {
  const peer = await startPeer((request, socket) => setTimeout(() => socket.write(goodReply(request, [5])), 10));
  for (const requestGapMs of [0, 20]) {
    const port = await peer.open({ requestGapMs });
    await port.read(1, 1);
    const [first, second] = await Promise.allSettled([port.read(1, 1), port.read(2, 1)]);
    assert.equal([first.status, second.status], ['fulfilled', 'rejected']);
    assert.not.ok(second.status === 'rejected' && second.reason instanceof Fault, 'it is no fault of the device');
    assert.equal(await port.read(1, 1), [5]);
  }
  await peer.stop();
});

test.run();

async function against(answer: Answer, body: (port: DevicePort, peer: Peer) => Promise<unknown>): Promise<void> {
  const peer = await startPeer(answer);
  try {
    await body(await peer.open(), peer);
  } finally {
    await peer.stop();
  }
}

async function fails(promise: Promise<unknown>, code: Code, message?: string): Promise<Fault> {
  const [result] = await Promise.allSettled([promise]);
  if (result?.status !== 'rejected')
    throw new Error(`resolved with ${JSON.stringify(result?.value)}, expected ${code}`);
  const fault = result.reason as Fault;
  assert.is(fault.code, code, message);
  return fault;
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 3000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error('it never came true');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
