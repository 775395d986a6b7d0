import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openMemoryBus } from '../../io/bus-memory.ts';

test('the bus of one process answers requests and hands messages to those who listen', async () => {
  const bus = openMemoryBus();
  const heard: unknown[] = [];
  bus.serve('bess.S.cmd.stop', async (body) => ({ ok: true, data: body }));
  const end = bus.subscribe('bess.*.telemetry.>', (payload, subject) => heard.push([subject, payload]));

  assert.equal(await bus.request('bess.S.cmd.stop', '{"issuer":"ana"}'), { ok: true, data: { issuer: 'ana' } });
  assert.is(bus.publish('bess.S.telemetry.a', { w: 1, missing: undefined }), true);
  bus.publish('bess.S.alarm', {});
  end();
  bus.publish('bess.S.telemetry.a', { w: 2 });
  assert.equal(heard, [['bess.S.telemetry.a', { w: 1 }]]);
});

test('a request that is not JSON is refused like on any other bus, and nobody serves what was never offered', async () => {
  const bus = openMemoryBus();
  bus.serve('a', async () => ({ ok: true, data: 1 }));
  const reply = await bus.request('a', '{"w": NaN}');
  assert.is(reply?.ok === false && reply.code, 'BAD_REQUEST');
  assert.is(await bus.request('b', '{}'), undefined);
});

test('after its end the bus takes nothing', async () => {
  const bus = openMemoryBus();
  await bus.close();
  assert.is(bus.publish('a', 1), false);
  assert.is(bus.state().connected, false);
});

test.run();
