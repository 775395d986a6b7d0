/** The E-stop actor: who is told what and when, what is answered, and what stays on the disk. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { EstopReply, Reply } from '../../../contracts/commands.ts';
import type { LatchRecord } from '../../../contracts/latch.ts';
import type { StopProgress } from '../../../contracts/messages.ts';
import { ARMED, estopBench, everybody, LATCHED } from './bench.ts';
import type { EstopBench } from './bench.ts';

const test = suite('E-stop actor');

const TRIP = { kind: 'trip', cause: 'hot', sinceWallMs: 1 } as const;
const progress = (bench: EstopBench, assetId: string, stage: StopProgress['stage'], more = {}): void =>
  bench.send({ type: 'STOP_PROGRESS', assetId, stage, ...more });
const dataOf = (reply: Reply | undefined): EstopReply => {
  if (!reply?.ok) throw new Error('the press was not answered with ok');
  return reply.data as EstopReply;
};

test('a press tells the drivers in its own turn, in a new epoch, before the disk has it', async () => {
  const bench = await estopBench({ file: JSON.stringify(ARMED), save: () => new Promise(() => undefined) });
  bench.told.length = 0;
  bench.press();
  assert.equal(
    bench.told.map(({ to }) => to),
    everybody,
  );
  const expected: LatchRecord = {
    ...ARMED,
    epoch: 6,
    estop: { sinceWallMs: bench.clock.wall(), reason: 'smoke', issuer: 'eve' },
  };
  assert.ok(bench.told.every(({ latch }) => latch?.epoch === 6));
  assert.equal(bench.latch(), expected);
  assert.equal(bench.memory.latch, expected);
  assert.is(bench.state(), 'latched');
  assert.equal(bench.alarms(), ['estop-latched']);
  assert.is(bench.board.alarms()[0]?.severity, 'P1');
  assert.equal(
    bench.events('estop').map(({ state, reason, issuer, epoch }) => ({ state, reason, issuer, epoch })),
    [{ state: 'latched', reason: 'smoke', issuer: 'eve', epoch: 6 }],
  );
  assert.equal(
    bench.saved.map((text) => JSON.parse(text)),
    [expected],
  );
});

test('a device that is stuck on and stopped again on every poll is reported once for each press', async () => {
  const bench = await estopBench();
  const states = (): unknown[] => bench.events('estop').map(({ state, asset_id, reason }) => [state, asset_id, reason]);
  bench.press();
  for (let poll = 0; poll < 5; poll += 1) progress(bench, 'b1', 'written');
  progress(bench, 'b1', 'refused', { code: 'WRITE_BUDGET' });
  progress(bench, 'b1', 'refused', { code: 'DEVICE_REFUSED' });
  const once = [
    ['latched', undefined, 'smoke'],
    ['written', 'b1', undefined],
    ['refused', 'b1', 'WRITE_BUDGET'],
    ['refused', 'b1', 'DEVICE_REFUSED'],
  ];
  assert.equal(states(), once);
  bench.press();
  progress(bench, 'b1', 'written');
  assert.equal(states(), [...once, ...once.slice(0, 2)]);
});

test('the press is answered as soon as every battery is at zero or refuses', async () => {
  const bench = await estopBench();
  const waiting = bench.clock.pending();
  const replies = bench.press();
  progress(bench, 'b1', 'written');
  progress(bench, 'b1', 'zero');
  await bench.clock.advance(1000);
  assert.equal(replies, [], 'one is missing');
  progress(bench, 'b2', 'refused', { code: 'READ_ONLY' });
  await bench.clock.advance(0);
  assert.equal(dataOf(replies[0]), {
    written: ['b1'],
    zero: ['b1'],
    unconfirmed: [],
    refused: ['b2'],
    latched: 'disk',
  });
  assert.equal(
    bench.events('estop').map(({ state, asset_id, reason }) => [state, asset_id, reason]),
    [
      ['latched', undefined, 'smoke'],
      ['written', 'b1', undefined],
      ['zero', 'b1', undefined],
      ['refused', 'b2', 'READ_ONLY'],
    ],
  );
  assert.is('reason' in (bench.events('estop')[1] ?? {}), false);
  assert.is(bench.memory.asked.size, 0);
  await bench.clock.advance(100);
  assert.is(bench.clock.pending(), waiting, 'nobody goes on waiting for the batteries');
});

test('a battery that nobody hears of is unconfirmed after 2.8 s', async () => {
  const bench = await estopBench();
  const replies = bench.press();
  progress(bench, 'b2', 'written');
  await bench.clock.advance(2799);
  assert.equal(replies, []);
  await bench.clock.advance(1);
  assert.equal(dataOf(replies[0]), {
    written: ['b2'],
    zero: [],
    unconfirmed: ['b1', 'b2'],
    refused: [],
    latched: 'disk',
  });
  await bench.clock.advance(10_000);
  assert.is(replies.length, 1);
});

test('a disk that is slow is not waited for longer than 0.1 s: the latch holds in memory', async () => {
  const bench = await estopBench({ save: () => new Promise(() => undefined) });
  const replies = bench.press();
  for (const id of ['b1', 'b2']) progress(bench, id, 'zero');
  await bench.clock.advance(99);
  assert.equal(replies, []);
  await bench.clock.advance(1);
  assert.is(dataOf(replies[0]).latched, 'memory');
});

test('a disk that refuses is told, tried again every 5 s, and told when it took the latch', async () => {
  let works = false;
  const bench = await estopBench({ save: () => (works ? Promise.resolve() : Promise.reject(new Error('full'))) });
  const replies = bench.press();
  for (const id of ['b1', 'b2']) progress(bench, id, 'zero');
  await bench.clock.advance(0);
  assert.is(dataOf(replies[0]).latched, 'memory');
  assert.equal(bench.alarms().toSorted(), ['estop-latched', 'latch-unsaved']);
  assert.ok(bench.board.alarms().every(({ severity }) => severity === 'P1'));
  await bench.clock.advance(4999);
  assert.is(bench.saved.length, 1);
  works = true;
  await bench.clock.advance(1);
  assert.is(bench.saved.length, 2);
  assert.is(bench.saved[1], bench.saved[0]);
  assert.equal(bench.alarms(), ['estop-latched']);
  bench.send({ type: 'TRIP_REQUESTED', assetId: 'b1', kind: 'trip', cause: 'hot' });
  assert.is(bench.views.at(-1)?.saved, true);
});

test('a press that waited for an actor to come is answered 2.8 s after it was made', async () => {
  const bench = await estopBench();
  await bench.clock.advance(10_000);
  const replies = bench.press({ askedAtMs: 9000 });
  await bench.clock.advance(1799);
  assert.equal(replies, []);
  await bench.clock.advance(1);
  assert.is(replies.length, 1);
});

test('an orderly end waits for the disk, and is an end', async () => {
  let written = (): void => undefined;
  const bench = await estopBench({ save: () => new Promise((resolve) => (written = resolve)) });
  bench.press();
  let ended = false;
  void bench.stop().then(() => (ended = true));
  await bench.clock.advance(1000);
  assert.is(ended, false);
  written();
  await bench.clock.advance(1000);
  assert.is(ended, true);
});

test('progress that comes when nobody pressed, as of a site that starts latched, is an event', async () => {
  const bench = await estopBench({ file: JSON.stringify(LATCHED) });
  progress(bench, 'b1', 'zero');
  await bench.clock.advance(10_000);
  assert.equal(
    bench.events('estop').map(({ state }) => state),
    ['zero'],
  );
  assert.is(bench.told.length, 4, 'the actor goes on, and has nothing new to say');
});

test('a second press while the first is under way starts anew, and each is answered', async () => {
  const bench = await estopBench();
  const first = bench.press();
  progress(bench, 'b1', 'zero');
  const second = bench.press({ reason: 'again' });
  assert.is(bench.latch().epoch, 2);
  for (const id of ['b1', 'b2']) progress(bench, id, 'zero');
  await bench.clock.advance(0);
  assert.equal(dataOf(second[0]).zero, ['b1', 'b2']);
  await bench.clock.advance(2800);
  assert.equal(dataOf(first[0]).zero, ['b1']);
});

test('the same press that comes twice, as after a restart, counts once', async () => {
  const bench = await estopBench();
  bench.press();
  const [request] = bench.memory.asked;
  if (request) bench.send(request);
  assert.is(bench.latch().epoch, 1);
  assert.is(bench.saved.length, 1);
});

test('progress of a meter says nothing, and without a latch it is no event', async () => {
  const bench = await estopBench();
  progress(bench, 'b1', 'zero');
  assert.equal(bench.events('estop'), []);
  const replies = bench.press();
  progress(bench, 'meter', 'zero');
  assert.is(bench.events('estop').length, 1);
  await bench.clock.advance(2800);
  assert.equal(dataOf(replies[0]).zero, []);
});

test('an actor that takes the place of another goes on with its latch, saves it, and engages for who still waits', async () => {
  const replies: Reply[] = [];
  const asked = {
    type: 'ESTOP_REQUESTED',
    askedAtMs: 0,
    reason: 'fire',
    issuer: 'eve',
    reply: (reply: Reply) => replies.push(reply),
  } as const;
  const memory = { latch: { ...LATCHED, epoch: 9 }, asked: new Set([asked]) };
  const bench = await estopBench({ memory, load: () => Promise.reject(new Error('must not be read')) });
  assert.is(bench.latch().epoch, 10);
  assert.is(bench.latch().estop?.reason, 'fire');
  assert.equal(
    bench.saved.map((text) => JSON.parse(text).epoch),
    [9, 10],
  );
  assert.equal(bench.alarms(), ['estop-latched'], 'what it knows is no doubt');
  await bench.clock.advance(3000);
  assert.is(replies.length, 1);
  assert.is(memory.asked.size, 0);
});

test('who asks for the latch is told it, and nobody else', async () => {
  const bench = await estopBench();
  bench.told.length = 0;
  bench.send({ type: 'LATCH_WANTED', from: 'guard' });
  assert.equal(
    bench.told.map(({ to, type }) => [to, type]),
    [['guard', 'LATCH_STATE']],
  );
});

test('what may disconnect a battery is told the latch too, and no other management system', async () => {
  const bms = { profile: 'x', modbus: { host: 'h' } };
  const others = ['driver:b1', 'driver:b1-bms', 'guard', 'dispatcher'];
  for (const [allowDisconnect, told] of [
    [true, others],
    [false, ['driver:b1', 'guard', 'dispatcher']],
  ] as const) {
    const bench = await estopBench({ assets: 1, asset: { bms: { ...bms, allowDisconnect } }, others });
    assert.equal(
      bench.told.map(({ to }) => to),
      told,
    );
  }
});

const TRIPS: readonly (readonly [
  title: string,
  standing: 'trip' | 'fault' | undefined,
  asked: 'trip' | 'fault',
  changes: boolean,
])[] = [
  ['a trip latches', undefined, 'trip', true],
  ['a fault latches', undefined, 'fault', true],
  ['a trip over a fault latches harder', 'fault', 'trip', true],
  ['a fault over a fault changes nothing', 'fault', 'fault', false],
  ['a trip over a trip changes nothing', 'trip', 'trip', false],
  ['a fault over a trip changes nothing', 'trip', 'fault', false],
];
for (const [title, standing, kind, changes] of TRIPS)
  test(`of one asset: ${title}`, async () => {
    const trips = { b2: { ...TRIP }, ...(standing ? { b1: { ...TRIP, kind: standing } } : {}) };
    const bench = await estopBench({ file: JSON.stringify({ ...ARMED, trips }) });
    bench.told.length = 0;
    bench.send({ type: 'TRIP_REQUESTED', assetId: 'b1', kind, cause: 'new' });
    assert.equal(bench.latch().trips['b2'], TRIP, 'another asset keeps its own');
    assert.is(bench.told.length, changes ? 4 : 0);
    assert.is(bench.saved.length, changes ? 1 : 0);
    if (!changes) return assert.equal([bench.alarms(), bench.events('trip')], [[], []]);
    assert.equal(bench.latch().trips['b1'], { kind, cause: 'new', sinceWallMs: bench.clock.wall() });
    assert.is(bench.latch().epoch, 5, 'a trip voids nothing of other assets');
    assert.equal(
      bench.events('trip').map(({ asset_id, latch, cause }) => [asset_id, latch, cause]),
      [['b1', kind, 'new']],
    );
    const [alarm] = bench.board.alarms();
    assert.ok(alarm?.alarm_id.includes(kind === 'trip' ? 'tripped' : 'device-fault'));
    assert.is(alarm?.severity, 'P1');
  });

test.run();
