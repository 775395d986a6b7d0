import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MessageChannel } from 'node:worker_threads';
import type { Reply } from '../../contracts/commands.ts';
import type { CommandMessage } from '../../contracts/links.ts';
import { openControlLink } from '../../io/control-link.ts';
import { systemClock, virtualClock } from '../../supervisor/clock.ts';

const STOP = { name: 'stop', body: { issuer: 'ana' } } as const;
const ESTOP = { name: 'estop', body: { issuer: 'ana', reason: 'test' } } as const;

test('replies find their requests whatever the order they come in', async () => {
  const { port1, port2 } = new MessageChannel();
  const link = openControlLink(port1, { clock: systemClock, whenFull: 'refuse' });
  const held: CommandMessage[] = [];
  port2.on('message', (message: CommandMessage) => {
    held.push(message);
    if (held.length < 3) return;
    for (const { id, origin } of held.toReversed())
      port2.postMessage({ type: 'REPLY', id, reply: { ok: true, data: origin } });
  });
  const replies = await Promise.all([
    link.request('nats', STOP),
    link.request('http', STOP),
    link.request('socket', STOP),
  ]);
  assert.equal(replies, [
    { ok: true, data: 'nats' },
    { ok: true, data: 'http' },
    { ok: true, data: 'socket' },
  ]);
  link.close();
});

test('a silent control is an answer after four seconds, and its late reply changes nothing', async () => {
  const clock = virtualClock();
  const { port1, port2 } = new MessageChannel();
  const link = openControlLink(port1, { clock, whenFull: 'refuse' });
  const asked: Promise<Reply> = link.request('nats', STOP);
  await clock.advance(3999);
  port2.postMessage({ type: 'REPLY', id: 99, reply: { ok: true, data: 0 } });
  await clock.advance(2);
  const reply = await asked;
  assert.is(!reply.ok && reply.code, 'CONTROL_SILENT');
  link.close();
});

test('the sixty-fifth waiting command is refused, and room comes back with the first answer', async () => {
  const { port1, port2 } = new MessageChannel();
  const link = openControlLink(port1, { clock: virtualClock(), whenFull: 'refuse' });
  const waiting = Array.from({ length: 64 }, () => link.request('nats', STOP));
  assert.is(link.full(), true);
  const refused = await link.request('nats', STOP);
  assert.is(!refused.ok && refused.code, 'RATE_LIMITED');
  port2.postMessage({ type: 'REPLY', id: 1, reply: { ok: true, data: null } });
  await waiting[0];
  assert.is(link.full(), false);
  link.close();
});

test('an emergency stop is never refused for being one too many: it shares the answer of the one on its way', async () => {
  const { port1, port2 } = new MessageChannel();
  const link = openControlLink(port1, { clock: virtualClock(), whenFull: 'share', limit: 2 });
  let posted = 0;
  port2.on('message', ({ id }: CommandMessage) => {
    posted += 1;
    if (posted === 2)
      for (const one of [id - 1, id]) port2.postMessage({ type: 'REPLY', id: one, reply: { ok: true, data: one } });
  });
  assert.is(link.full(), false);
  const replies = await Promise.all([1, 2, 3, 4].map(() => link.request('nats', ESTOP)));
  assert.equal(
    replies.map((reply) => reply.ok),
    [true, true, true, true],
  );
  assert.is(posted, 2);
  link.close();
});

test('what waits when the runtime stops is told so', async () => {
  const { port1 } = new MessageChannel();
  const link = openControlLink(port1, { clock: virtualClock(), whenFull: 'refuse' });
  const asked = link.request('nats', STOP);
  link.close();
  const reply = await asked;
  assert.is(!reply.ok && reply.code, 'NOT_READY');
});

test.run();
