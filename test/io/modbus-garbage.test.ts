/** Random bytes instead of replies, and an independent Modbus server: what never passes, and what always does. */
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Fault } from '../../contracts/faults.ts';
import { decodeReply, encodeRequest, frameLength } from '../../io/modbus-frame.ts';
import type { Request } from '../../io/modbus-pdu.ts';
import { openModbusTcp } from '../../io/modbus-tcp.ts';
import { createAsset } from '../../simulator/asset.ts';
import { startIndependentServer } from './independent-server.ts';
import { systemClock } from '../../supervisor/clock.ts';
import { goodReply, startPeer } from './modbus-peer.ts';

const test = suite('Modbus TCP, any bytes');

/** The same every time: a failure here must be a failure tomorrow. */
const random = seeded(20_260_101);
const FRAMES = 10_000;

test('10,000 frames of garbage over sockets: none brings a value, none hangs', async () => {
  const peer = await startPeer((request, socket) => {
    socket.write(garbage(request));
    // Mostly it hangs up after them, so that half a frame does not have to wait for its time-out.
    if (random() < 0.97) socket.end();
  });
  let faults = 0;
  const lane = async (count: number): Promise<void> => {
    for (let at = 0; at < count; at += 1) {
      const port = await peer.open({ timeoutMs: 500 });
      const [result] = await Promise.allSettled([port.read(1, 2)]);
      assert.is(result.status, 'rejected', JSON.stringify(result));
      assert.ok(result.status === 'rejected' && result.reason instanceof Fault);
      port.drop('close');
      faults += 1;
    }
  };
  try {
    await Promise.all(Array.from({ length: 25 }, () => lane(FRAMES / 25)));
    assert.is(faults, FRAMES);
  } finally {
    await peer.stop();
  }
});

const words = fc.array(fc.nat(0xffff), { minLength: 1, maxLength: 60 });
const requests: fc.Arbitrary<Request> = fc.oneof(
  fc.record({
    functionCode: fc.constant(3 as const),
    register: fc.nat(0xffff),
    count: fc.integer({ min: 1, max: 125 }),
  }),
  fc.record({
    functionCode: fc.constant(6 as const),
    register: fc.nat(0xffff),
    words: words.map((list) => list.slice(0, 1)),
  }),
  fc.record({ functionCode: fc.constant(16 as const), register: fc.nat(0xffff), words }),
);
const ids = fc.record({ transaction: fc.nat(0xffff), unitId: fc.nat(0xff) });

test('bytes by chance are a fault or an incomplete frame, never anything else', () => {
  fc.assert(
    fc.property(
      requests,
      ids,
      fc.uint8Array({ minLength: 0, maxLength: 300 }),
      (request, { transaction, unitId }, bytes) => {
        const found = outcome(request, transaction, unitId, Buffer.from(bytes));
        assert.ok(found === 'incomplete' || found === 'BAD_FRAME', String(found));
      },
    ),
    { numRuns: 20_000 },
  );
});

test('a good reply with one bit turned over in its header, function or count is never taken', () => {
  fc.assert(
    fc.property(requests, ids, fc.nat(), (request, { transaction, unitId }, bit) => {
      const reply = replyTo(request, transaction, unitId);
      assert.ok(Array.isArray(outcome(request, transaction, unitId, reply)), 'as it is, it is good');
      // Data words carry no check of their own; everything before them does. Of a write all is echoed.
      const checked = (request.functionCode === 3 ? 9 : 12) * 8;
      const at = bit % checked;
      reply.writeUInt8(reply.readUInt8(at >> 3) ^ (1 << (at & 7)), at >> 3);
      const found = outcome(request, transaction, unitId, reply);
      assert.ok(found === 'BAD_FRAME' || found === 'incomplete', `bit ${at}: ${String(found)}`);
    }),
    { numRuns: 20_000 },
  );
});

test('a good reply that is cut short is incomplete, whatever is missing', () => {
  fc.assert(
    fc.property(requests, ids, fc.nat(), (request, { transaction, unitId }, cut) => {
      const reply = replyTo(request, transaction, unitId);
      assert.is(outcome(request, transaction, unitId, reply.subarray(0, cut % reply.length)), 'incomplete');
    }),
    { numRuns: 5000 },
  );
});

test('an independent server understands functions 3, 6 and 16, and its answers and exceptions are understood', async () => {
  const asset = createAsset({ clock: systemClock });
  const server = await startIndependentServer(asset);
  const port = await openModbusTcp(systemClock)(
    { host: '127.0.0.1', port: server.port, unitId: 1, timeoutMs: 2000, requestGapMs: 0 },
    new AbortController().signal,
  );
  try {
    assert.equal(await port.read(37_760, 1), [500]);
    await port.write(47_083, [2], 6);
    await port.write(47_249, [0, 4321], 16);
    await port.write(47_075, [0, 1234, 0, 2345], 16);
    assert.equal(await port.read(47_249, 2), [0, 4321]);
    assert.equal(await port.read(47_075, 4), [0, 1234, 0, 2345]);
    assert.equal(
      asset.tap.entries().map(({ register, functionCode, words: written }) => [register, functionCode, ...written]),
      [
        [47_083, 6, 2],
        [47_249, 16, 0, 4321],
        [47_075, 16, 0, 1234, 0, 2345],
      ],
    );
    assert.is(await exceptionOf(port.read(1, 1)), 2);
    assert.is(await exceptionOf(port.write(37_760, [1], 6)), 2);
    assert.is(await exceptionOf(port.write(47_075, [9, 0], 16)), 3);
    assert.is((await port.read(37_100, 38)).length, 38);
    for (let at = 0; at < 500; at += 1) assert.equal(await port.read(37_760, 1), [500]);
  } finally {
    port.drop('close');
    await server.stop();
  }
});

test.run();

/** Wholly random, or near a good reply with something wrong, so that the checks behind the header are met as well. */
function garbage(request: Buffer): Buffer {
  if (random() < 0.3)
    return Buffer.from(Array.from({ length: 1 + Math.floor(random() * 40) }, () => Math.floor(random() * 256)));
  const reply = goodReply(request, [1, 2]);
  const at = Math.floor(random() * 9);
  reply.writeUInt8((reply.readUInt8(at) + 1 + Math.floor(random() * 255)) & 0xff, at);
  return random() < 0.2 ? reply.subarray(0, Math.floor(random() * reply.length)) : reply;
}

function replyTo(request: Request, transaction: number, unitId: number): Buffer {
  const sent = encodeRequest(transaction, unitId, request);
  const reply = goodReply(sent, request.functionCode === 3 ? Array.from({ length: request.count }, (_, at) => at) : []);
  reply.writeUInt8(unitId, 6);
  return reply;
}

/** The words, the code of the fault, or that more bytes are awaited. */
function outcome(request: Request, transaction: number, unitId: number, bytes: Buffer): readonly number[] | string {
  try {
    const length = frameLength(bytes);
    if (length === undefined || bytes.length < length) return 'incomplete';
    if (bytes.length > length) return 'BAD_FRAME';
    return decodeReply(bytes, transaction, unitId, request);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return error.code;
  }
}

async function exceptionOf(promise: Promise<unknown>): Promise<unknown> {
  const [result] = await Promise.allSettled([promise]);
  return result.status === 'rejected' ? (result.reason as Fault).details?.['exception'] : undefined;
}

/** Mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
