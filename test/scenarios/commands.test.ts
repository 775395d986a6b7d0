import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Reply } from '../../contracts/commands.ts';
import { memoryDisk, TOKENS, virtualSite } from './virtual-site.ts';
import type { MemoryDisk, VirtualSite } from './virtual-site.ts';

const ORDER = { asset_id: 'bess-1', w: 20_000, duration_s: 600, issuer: 'ems' };
type Answer = { readonly ok: boolean; readonly code?: string };
const send = (site: VirtualSite, more: object): Promise<Answer> =>
  site.ask({ name: 'dispatch', body: { ...ORDER, id: 'o', ...more } });
const isForced = ({ register, words }: { register: number; words: readonly number[] }): boolean =>
  register === 47_100 && words[0] !== 0;

test('an order that is sent again after a restart gets the same answer and moves nothing', async () => {
  const site = await virtualSite();
  const first = await send(site, { id: 'a', seq: 7 });
  assert.is(first.ok, true);
  await site.run(1000);
  await site.crashAndRestart();
  const mark = site.writes().length;
  assert.equal(await send(site, { id: 'a', seq: 7 }), first);
  await site.run(3000);
  assert.not(site.writes().slice(mark).some(isForced));
  assert.is(site.asset().order, null);
});

test('the same id with other content, and a sequence that was passed, are refused after a restart too', async () => {
  const site = await virtualSite();
  await send(site, { id: 'a', seq: 7 });
  await site.run(1000);
  await site.crashAndRestart();
  const codeOf = async (more: object): Promise<string | undefined> => (await send(site, more)).code;
  assert.is(await codeOf({ id: 'a', seq: 7, w: 1000 }), 'ID_CONFLICT');
  assert.is(await codeOf({ id: 'b', seq: 7 }), 'REPLAYED');
  assert.is((await send(site, { id: 'c', seq: 8 })).ok, true);
});

test('an order whose answer was never given is not carried out again after a restart', async () => {
  const disk = memoryDisk();
  const content = JSON.stringify(Object.entries({ ...ORDER, id: 'a' }).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  disk.files.set(
    'orders.json',
    JSON.stringify({ version: 1, sequences: [], orders: [{ id: 'a', content, reply: null }] }),
  );
  const site = await virtualSite({ disk });
  assert.is((await send(site, { id: 'a' })).code, 'RESTARTED');
  assert.is(site.asset().order, null);
});

test('with a dead disk orders are refused, stop and emergency stop work, and the same order may come again', async () => {
  const site = await virtualSite();
  assert.is((await send(site, { id: 'a' })).ok, true);
  await site.run(2000);
  assert.ok(site.power() > 19_000);
  site.disk.writable = false;
  assert.is((await send(site, { id: 'b', w: 30_000, seq: 4 })).code, 'NOT_KEPT');
  assert.ok(site.site.status().alarms.some(({ alarm_id }) => alarm_id === 'orders-unsaved'));
  assert.is((await site.ask({ name: 'stop', body: { issuer: 'ems' } })).ok, true);
  await site.run(3000);
  assert.ok(Math.abs(site.power()) < 1);
  const stopped = await site.ask({ name: 'estop', body: { reason: 'test', issuer: 'ems' } });
  assert.is(stopped.ok && stopped.data.latched, 'memory');
  site.disk.writable = true;
  assert.is((await send(site, { id: 'b', w: 30_000, seq: 4 })).code, 'ESTOP_LATCHED', 'not REPLAYED');
});

/** A disk that keeps no order before `gate.hold` resolves. */
function gated(): { readonly disk: MemoryDisk; readonly gate: { hold: Promise<void> | undefined } } {
  const disk = memoryDisk();
  const gate = { hold: undefined as Promise<void> | undefined };
  const open = (name: string): ReturnType<MemoryDisk['open']> => {
    const file = disk.open(name);
    const save = async (text: string): Promise<void> => {
      if (name === 'orders.json') await gate.hold;
      await file.save(text);
    };
    return { ...file, save };
  };
  return { disk: { ...disk, open }, gate };
}

test('the time of an order runs from when it came, however long the disk takes to keep its id', async () => {
  const { disk, gate } = gated();
  const site = await virtualSite({ disk });
  const { promise, resolve } = Promise.withResolvers<void>();
  gate.hold = promise;
  const codes: unknown[] = [];
  const cameAtMs = site.clock.now();
  for (const [id, duration_s] of [
    ['short', 1],
    ['long', 5],
  ] as const)
    site.site.command(
      { type: 'COMMAND', id: 1, origin: 'nats', command: { name: 'dispatch', body: { ...ORDER, id, duration_s } } },
      (reply) => codes.push(reply.ok || reply.code),
    );
  await site.run(1500);
  resolve();
  await site.run(5500 - 1500);
  assert.equal(codes, ['EXPIRED', true]);
  const forced = site.writes().filter(isForced);
  assert.ok(forced.length > 0);
  assert.ok(forced.every(({ monotonicMs }) => monotonicMs < cameAtMs + 5000));
  assert.is(site.asset().order, null, 'over five seconds after it came');
});

test('a stop that comes while an order is on its way to the disk wins over it', async () => {
  const { disk, gate } = gated();
  const site = await virtualSite({ disk });
  const { promise, resolve } = Promise.withResolvers<void>();
  gate.hold = promise;
  const replies: Reply[] = [];
  site.site.command(
    { type: 'COMMAND', id: 1, origin: 'nats', command: { name: 'dispatch', body: { ...ORDER, id: 'slow' } } },
    (reply) => replies.push(reply),
  );
  await site.run(100);
  assert.is((await site.ask({ name: 'stop', body: { issuer: 'ems' } })).ok, true);
  resolve();
  await site.run(2000);
  assert.equal(
    replies.map((reply) => !reply.ok && reply.code),
    ['STOPPED'],
  );
  assert.not(site.writes().some(isForced));
});

test('a reset starts no order that came before it and was on its way to the disk', async () => {
  const { disk, gate } = gated();
  const site = await virtualSite({ disk });
  site.plants[0]?.set({ alarms: [0, 4, 0] });
  await site.run(3000);
  site.plants[0]?.set({ alarms: [0, 0, 0] });
  await site.run(3000);
  const { promise, resolve } = Promise.withResolvers<void>();
  gate.hold = promise;
  const replies: Reply[] = [];
  site.site.command(
    { type: 'COMMAND', id: 1, origin: 'nats', command: { name: 'dispatch', body: { ...ORDER, id: 'before' } } },
    (reply) => replies.push(reply),
  );
  await site.run(100);
  const body = { asset_id: 'bess-1', issuer: 'ana', tokenSha256: TOKENS.ana, cause: 'test' };
  assert.ok((await site.ask({ name: 'reset_trip', body })).ok);
  resolve();
  await site.run(2000);
  assert.equal(
    replies.map((reply) => !reply.ok && reply.code),
    ['NOT_READY'],
  );
  assert.not(site.writes().some(isForced));
});

test('an issuer who floods is refused, others and stops are not', async () => {
  const site = await virtualSite();
  const codes: string[] = [];
  for (let at = 0; at < 80; at += 1)
    site.site.command(
      {
        type: 'COMMAND',
        id: at,
        origin: 'nats',
        command: { name: 'dispatch', body: { ...ORDER, id: `f${at}`, issuer: 'mad' } },
      },
      (reply) => codes.push(reply.ok ? 'ok' : reply.code),
    );
  await site.run(1);
  assert.is(codes.filter((code) => code === 'RATE_LIMITED').length, 30);
  assert.is((await site.ask({ name: 'stop', body: { issuer: 'mad' } })).ok, true);
  assert.is((await send(site, { id: 'x', issuer: 'other' })).ok, true);
  await site.run(2000);
  assert.is((await send(site, { id: 'y', issuer: 'mad' })).ok, true, 'after a while it may again');
});

test('many names do not get more than one: all issuers together are limited too', async () => {
  const site = await virtualSite();
  const codes: string[] = [];
  for (let at = 0; at < 300; at += 1)
    site.site.command(
      {
        type: 'COMMAND',
        id: at,
        origin: 'nats',
        command: { name: 'dispatch', body: { ...ORDER, id: `f${at}`, issuer: `i${at}` } },
      },
      (reply) => codes.push(reply.ok ? 'ok' : reply.code),
    );
  await site.run(1);
  assert.is(codes.filter((code) => code === 'RATE_LIMITED').length, 100);
});

test('an order ends by its duration although the wall clock jumps', async () => {
  const site = await virtualSite();
  const wall = site.clock.wall;
  assert.is((await send(site, { id: 'a', duration_s: 10 })).ok, true);
  await site.run(3000);
  (site.clock as { wall: () => number }).wall = () => wall() - 3_600_000;
  await site.run(9000);
  assert.is(site.asset().order, null);
  assert.ok(Math.abs(site.power()) < 1);
});

test('two controllers on one device see each other within two polls, and do not fight', async () => {
  const site = await virtualSite();
  const other = await virtualSite({ openDevice: () => site.network.open });
  const both = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 10) {
      await site.run(10);
      await other.clock.advance(10);
    }
  };
  await both(5000);
  const ordered = (one: VirtualSite, w: number): void =>
    one.site.command(
      { type: 'COMMAND', id: w, origin: 'nats', command: { name: 'dispatch', body: { ...ORDER, id: `w${w}`, w } } },
      () => undefined,
    );
  ordered(site, 20_000);
  await both(3000);
  ordered(other, -20_000);
  await both(2500);
  assert.ok(site.events('foreign_change').length > 0, 'the first one has seen it');
  const mark = site.writes().length;
  await both(60_000);
  assert.ok(
    [site, other].some((one) =>
      one.reports.some((report) => report.type === 'ALARM' && report.alarm.alarm_id === 'bess-1.foreign-control'),
    ),
    'and it is an alarm',
  );
  const forced = site.writes().slice(mark).filter(isForced).length;
  assert.ok(forced <= 20, `${forced} power writes in a minute`);
});

test.run();
