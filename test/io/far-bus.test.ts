import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Reply } from '../../contracts/commands.ts';
import { openMemoryBus } from '../../io/bus-memory.ts';
import type { MemoryBus } from '../../io/bus-memory.ts';
import type { BusState } from '../../io/bus.ts';
import { AT_ONCE, createFarEnd } from '../../io/far-bus-end.ts';
import { createFarBus } from '../../io/far-bus.ts';
import type { FarBus, FarBusOptions, FromBusThread } from '../../io/far-bus.ts';

const STOP = 'bess.S.cmd.stop';
const DONE: Reply = { ok: true, data: 'done' };

test('of ten thousand requests at once only so many get through, and every other one is refused with its reason', async () => {
  const { far, heard, broker } = joined();
  const released = Promise.withResolvers<Reply>();
  far.open(options()).serve(STOP, () => released.promise);
  const replies = Array.from({ length: 10_000 }, () => broker().request(STOP, '{}'));
  await new Promise(setImmediate);
  assert.is(heard.filter(({ type }) => type === 'REQUEST').length, AT_ONCE);
  released.resolve(DONE);
  const codes = (await Promise.all(replies)).map((reply) => (reply?.ok === false ? reply.code : 'done'));
  assert.is(codes.filter((code) => code === 'done').length, AT_ONCE);
  assert.is(codes.filter((code) => code === 'RATE_LIMITED').length, 10_000 - AT_ONCE);
});

test('after the flood the next request gets through', async () => {
  const { far, broker } = joined();
  far.open(options()).serve(STOP, async () => DONE);
  await Promise.all(Array.from({ length: 200 }, () => broker().request(STOP, '{}')));
  assert.equal(await broker().request(STOP, '{}'), DONE);
});

test('what is published arrives, and is refused while there is no thread', () => {
  const { far, broker } = joined();
  const bus = far.open(options());
  const heard: unknown[] = [];
  broker().subscribe('a', (payload) => heard.push(payload));
  assert.is(bus.publish('a', { n: 1 }), true);
  far.ended();
  assert.is(bus.publish('a', { n: 2 }), false);
  assert.equal(heard, [{ n: 1 }]);
});

test('the end of the thread is a broker that is down; the next thread serves all that was served', async () => {
  const states: boolean[] = [];
  const { far, broker, restart } = joined();
  far.open(options({ onState: ({ connected }) => states.push(connected) })).serve(STOP, async () => DONE);
  far.ended();
  restart();
  assert.equal(states, [true, false, true]);
  assert.equal(await broker().request(STOP, '{}'), DONE);
});

test('a request that waits while the connection moves to another broker is answered as not ready', async () => {
  const { far, broker } = joined();
  far.open(options()).serve(STOP, () => new Promise(() => {}));
  const reply = broker().request(STOP, '{}');
  far.open(options());
  const { ok, code } = (await reply) as { ok: boolean; code?: string };
  assert.equal([ok, code], [false, 'NOT_READY']);
});

test('a message that cannot be sent over there counts as dropped', () => {
  let dropped = 0;
  const { far, broker } = joined();
  const bus = far.open(options({ onDropped: () => (dropped += 1) }));
  void broker().close();
  bus.publish('a', {});
  assert.is(dropped, 1);
});

test('closing waits for the far end, and does not where there is none', async () => {
  const { far, broker } = joined();
  const bus = far.open(options());
  await bus.close();
  assert.is(broker().state().connected, false);
  far.ended();
  await far.open(options()).close();
});

test.run();

type Joined = {
  readonly far: FarBus;
  /** What came from the thread. */
  readonly heard: readonly FromBusThread[];
  /** Where the far end is connected to. */
  readonly broker: () => MemoryBus;
  readonly restart: () => void;
};

/** Both ends without a thread between them. */
function joined(): Joined {
  const heard: FromBusThread[] = [];
  let broker = openMemoryBus();
  const begin = (): ReturnType<typeof createFarEnd> =>
    createFarEnd(
      (_, onState) => {
        broker = openMemoryBus();
        onState({ ...broker.state(), url: 'nats://x' });
        return broker;
      },
      (message) => {
        heard.push(message);
        far.hear(message);
      },
    );
  let end = begin();
  const far = createFarBus((message) => void end.hear(message));
  const restart = (): void => {
    end = begin();
    far.hear({ type: 'READY' });
  };
  restart();
  return { far, heard, broker: () => broker, restart };
}

function options(more: { onState?: (state: BusState) => void; onDropped?: () => void } = {}): FarBusOptions {
  return {
    url: 'nats://127.0.0.1:4222',
    name: 'x',
    version: '1.0.0',
    queue: 'bessd',
    onState: () => {},
    onDropped: () => {},
    ...more,
  };
}
