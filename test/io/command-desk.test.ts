import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createHash } from 'node:crypto';
import type { Origin, Reply, SiteCommand } from '../../contracts/commands.ts';
import { refusal } from '../../contracts/faults.ts';
import { createDesk } from '../../io/command-desk.ts';
import type { Desk } from '../../io/command-desk.ts';
import { STATUS } from './north-harness.ts';

type Sent = { readonly lane: string; readonly origin: Origin; readonly command: SiteCommand };

const ORDER = { id: '1', asset_id: 'bess-1', w: 1000, duration_s: 60, issuer: 'ana' };

function desk({ full = false } = {}): { desk: Desk; sent: Sent[] } {
  const sent: Sent[] = [];
  const link = (lane: string, isFull: boolean) => ({
    full: () => isFull,
    close: () => {},
    request: async (origin: Origin, command: SiteCommand): Promise<Reply> => {
      sent.push({ lane, origin, command });
      return { ok: true, data: command.name === 'status' ? STATUS : null };
    },
  });
  const broker = { kind: 'external', connected: true, url: 'nats://x:1', version: '2.11.6' } as const;
  return {
    sent,
    desk: createDesk({
      commands: link('commands', full),
      estop: link('estop', false),
      broker: () => broker,
      ownAlarms: () => [],
    }),
  };
}

test('where orders are signed, one that is not never reaches control; stops need no signature', async () => {
  const sent: SiteCommand[] = [];
  const link = {
    full: () => false,
    close: () => {},
    request: async (_origin: Origin, command: SiteCommand): Promise<Reply> => (
      sent.push(command),
      { ok: true, data: null }
    ),
  };
  const signed = createDesk({
    commands: link,
    estop: link,
    broker: () => ({ kind: 'in_process', connected: true, url: null, version: null }),
    ownAlarms: () => [],
    checkOrder: ({ sig }) => (sig === 'good' ? undefined : refusal('NOT_AUTHORISED')),
  });
  const refused = await signed.handle('dispatch', ORDER, 'socket');
  assert.is(!refused.ok && refused.code, 'NOT_AUTHORISED');
  assert.equal(sent, []);
  assert.is((await signed.handle('dispatch', { ...ORDER, sig: 'good' }, 'nats')).ok, true);
  assert.is((await signed.handle('stop', { issuer: 'ana' }, 'nats')).ok, true);
  assert.is((await signed.handle('estop', { issuer: 'ana', reason: 'x' }, 'nats')).ok, true);
  assert.is(sent.length, 3);
});

const BAD: readonly (readonly [string, string, unknown, string])[] = [
  ['a power that is a text', 'dispatch', { ...ORDER, w: '1000' }, 'w'],
  [
    'a power that is infinite',
    'dispatch',
    JSON.parse('{"id":"1","asset_id":"a","w":1e999,"duration_s":6,"issuer":"a"}'),
    'w',
  ],
  ['a power that is NaN', 'dispatch', { ...ORDER, w: Number.NaN }, 'w'],
  ['a power that is null', 'dispatch', { ...ORDER, w: null }, 'w'],
  ['both w and mw', 'dispatch', { ...ORDER, mw: 1 }, 'w'],
  ['neither asset nor site', 'dispatch', { ...ORDER, asset_id: undefined }, 'asset_id'],
  ['no duration', 'dispatch', { ...ORDER, duration_s: 0 }, 'duration_s'],
  ['an unknown field', 'dispatch', { ...ORDER, force: true }, 'force'],
  ['a list', 'stop', [], ''],
  ['nothing', 'estop', undefined, ''],
  [
    'a reset that nobody confirmed',
    'reset_estop',
    { issuer: 'ana', cause: 'x', confirmed_safe: false },
    'confirmed_safe',
  ],
  ['a name that is no command', 'format_disk', {}, 'name'],
  ['a name that every object has', 'constructor', {}, 'name'],
];

for (const [what, name, body, path] of BAD) {
  test(`${what} is refused with its place, and control hears nothing`, async () => {
    const { desk: one, sent } = desk();
    const reply = await one.handle(name, body, 'nats');
    assert.is(!reply.ok && reply.code, 'BAD_REQUEST');
    const { problems } = (reply as { details: { problems: { path: string; expected: string }[] } }).details;
    assert.ok(
      problems.some((problem) => problem.path === path && problem.expected.length > 0),
      JSON.stringify(problems),
    );
    assert.equal(sent, []);
  });
}

test('a token stays north: control gets its hash', async () => {
  const { desk: one, sent } = desk();
  await one.handle('reset_trip', { asset_id: 'bess-1', issuer: 'ana', cause: 'fan', token: 'secret' }, 'http');
  const tokenSha256 = createHash('sha256').update('secret').digest('hex');
  assert.equal(sent, [
    {
      lane: 'commands',
      origin: 'http',
      command: { name: 'reset_trip', body: { asset_id: 'bess-1', issuer: 'ana', cause: 'fan', tokenSha256 } },
    },
  ]);
  assert.not.match(JSON.stringify(sent), /secret/);
});

test('a token of a wrong form is not repeated to the sender', async () => {
  const { desk: one } = desk();
  const reply = await one.handle(
    'reset_trip',
    { asset_id: 'a', issuer: 'a', cause: 'c', token: `secret${'x'.repeat(300)}` },
    'nats',
  );
  assert.is(reply.ok, false);
  assert.not.match(JSON.stringify(reply), /secret/);
});

test('an emergency stop takes its own lane, also while the other one is full', async () => {
  const { desk: one, sent } = desk({ full: true });
  const refused = await one.handle('dispatch', ORDER, 'nats');
  assert.is(!refused.ok && refused.code, 'RATE_LIMITED');
  assert.is((await one.handle('estop', { reason: 'smoke', issuer: 'ana' }, 'socket')).ok, true);
  assert.equal(
    sent.map(({ lane, origin }) => [lane, origin]),
    [['estop', 'socket']],
  );
});

test('the status carries what only the north knows of the broker', async () => {
  const { desk: one } = desk();
  const reply = await one.status('http');
  assert.is(reply.ok && reply.data.broker.url, 'nats://x:1');
});

test.run();
