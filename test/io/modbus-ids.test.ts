/** Every transaction id there is: late replies, and the id that begins again. In memory, on the virtual clock. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Fault } from '../../contracts/faults.ts';
import { ModbusTcpPort } from '../../io/modbus-tcp-port.ts';
import { virtualClock } from '../../supervisor/clock.ts';
import { frameOf, goodReply } from './modbus-peer.ts';

const test = suite('transaction ids');

const IDS = 0x1_0000;

test('65,536 reads use every id once, and then the first one again', async () => {
  const { port, requests, reply } = link();
  const reads = async (count: number): Promise<void> => {
    for (let at = 0; at < count; at += 1) {
      const reading = port.read(1, 1);
      reply(goodReply(requests.at(-1) ?? Buffer.alloc(0), [at & 0xffff]));
      assert.equal(await reading, [at & 0xffff]);
    }
  };
  await reads(IDS + 1);
  const ids = requests.map((request) => request.readUInt16BE(0));
  assert.is(new Set(ids.slice(0, IDS)).size, IDS);
  assert.is(ids[IDS], ids[0]);
});

test('of all 65,536 ids, a read takes the reply with its own and no other', async () => {
  let taken = 0;
  for (let id = 0; id < IDS; id += 1) {
    const { port, requests, reply } = link();
    const reading = outcome(port.read(1, 1));
    reply(frameOf(id, 0, 1, [3, 2, 0, 5]));
    const own = requests[0]?.readUInt16BE(0) === id;
    if (own) taken += 1;
    else port.drop('close');
    const found = await reading;
    assert.ok(own ? Array.isArray(found) : found === 'BAD_FRAME', `${id}: ${String(found)}`);
  }
  // Each of these connections begins at an id of its own choice.
  assert.ok(taken < 20);
});

test('after a time-out no reply is taken any more, whatever its id, also where the ids have begun again', async () => {
  const { port, requests, reply, clock, dropped } = link();
  for (let at = 0; at < IDS; at += 1) {
    const reading = port.read(1, 1);
    reply(goodReply(requests.at(-1) ?? Buffer.alloc(0), [1]));
    await reading;
  }
  const late = outcome(port.read(1, 1));
  const lateReply = goodReply(requests.at(-1) ?? Buffer.alloc(0), [666]);
  clock.advanceSync(1000);
  assert.is(await late, 'TIMEOUT');
  assert.ok(dropped());
  for (let id = 0; id < IDS; id += 1) {
    const next = outcome(port.read(1, 1));
    lateReply.writeUInt16BE(id, 0);
    reply(lateReply);
    assert.is(await next, 'TIMEOUT');
  }
  assert.is(requests.length, IDS + 1, 'and nothing more is sent');
});

test('connections begin at ids of their own, so that the late reply to one is hardly the next of another', () => {
  const first = Array.from({ length: 50 }, () => {
    const { port, requests } = link();
    port.read(1, 1).catch(() => undefined);
    port.drop('close');
    return requests[0]?.readUInt16BE(0);
  });
  assert.ok(new Set(first).size > 40);
});

test.run();

function link(): {
  port: ModbusTcpPort;
  requests: Buffer[];
  reply: (bytes: Buffer) => void;
  clock: ReturnType<typeof virtualClock>;
  dropped: () => boolean;
} {
  const clock = virtualClock();
  const requests: Buffer[] = [];
  const line = { dropped: false };
  const wire = {
    write: (bytes: Buffer) => requests.push(Buffer.from(bytes)),
    destroy: () => (line.dropped = true),
    writableLength: 0,
  };
  const address = { host: '', port: 0, unitId: 1, timeoutMs: 1000, requestGapMs: 0 };
  const port = new ModbusTcpPort(wire, address, clock);
  return { port, requests, reply: (bytes) => port.take(bytes, bytes.length), clock, dropped: () => line.dropped };
}

async function outcome(promise: Promise<readonly number[]>): Promise<unknown> {
  const [result] = await Promise.allSettled([promise]);
  if (result.status === 'fulfilled') return result.value;
  return result.reason instanceof Fault ? result.reason.code : result.reason;
}
