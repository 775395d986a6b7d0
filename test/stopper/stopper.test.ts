import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { FromStopper, StopPlan } from '../../contracts/stopper.ts';
import { createAsset } from '../../simulator/asset.ts';
import type { SimulatedAsset } from '../../simulator/asset.ts';
import { memoryNetwork } from '../../simulator/memory-device.ts';
import type { MemoryNetwork } from '../../simulator/memory-device.ts';
import { createStopper } from '../../stopper/stopper.ts';
import type { Stopper } from '../../stopper/stopper.ts';
import { virtualClock } from '../../supervisor/clock.ts';
import type { VirtualClock } from '../../supervisor/clock.ts';

type Bench = {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
  readonly plants: readonly SimulatedAsset[];
  readonly stopper: Stopper;
  readonly said: FromStopper[];
  readonly ended: () => boolean;
  /** Feeds every 500 ms for so long. */
  readonly feed: (ms: number) => Promise<void>;
  readonly writes: (at?: number) => readonly string[];
};

function bench(count = 1): Bench {
  const clock = virtualClock();
  const network = memoryNetwork({ clock, latencyMs: 2 });
  const plants = Array.from({ length: count }, (_, at) =>
    createAsset({ clock, socPct: 50, settings: { serialNumber: `HV${at}` } }),
  );
  plants.forEach((plant, at) => network.attach('127.0.0.1', 5020 + at, plant));
  const said: FromStopper[] = [];
  let ended = false;
  const stopper = createStopper({
    clock,
    open: network.open,
    tell: (message) => said.push(message),
    end: () => (ended = true),
  });
  const plans = plants.map((_, at) => planOf(at, 5020 + at));
  return {
    clock,
    network,
    plants,
    stopper,
    said,
    ended: () => ended,
    async feed(ms) {
      for (let passed = 0; passed < ms; passed += 500) {
        stopper.hear({ type: 'FEED', plans });
        await clock.advance(500);
      }
    },
    writes: (at = 0) =>
      (plants[at]?.tap.entries() ?? []).map(({ register, words }) => `${register}=${words.join(' ')}`),
  };
}

/** Huawei's stop, written down here once more. */
function planOf(at: number, port: number): StopPlan {
  const text = Buffer.alloc(20);
  text.write(`HV${at}`);
  return {
    assetId: `bess-${at + 1}`,
    address: { host: '127.0.0.1', port, unitId: 1, timeoutMs: 5000, requestGapMs: 50 },
    connectDelayMs: 1000,
    serial: {
      space: 'holding',
      register: 30_015,
      count: 10,
      at: 0,
      words: Array.from({ length: 10 }, (_, word) => text.readUInt16BE(word * 2)),
    },
    steps: [
      { register: 47_075, words: [0, 0, 0, 0], functionCode: 16, trigger: false, engages: false },
      { register: 47_100, words: [0], functionCode: 6, trigger: true, engages: false },
    ],
  };
}

const WHOLE = ['47075=0 0 0 0', '47100=0'];

test('while it is fed the stopper opens no connection', async () => {
  const { feed, writes, network, said } = bench();
  await feed(60_000);
  assert.equal(writes(), []);
  assert.is(network.connections(), 0);
  assert.is(said.filter(({ type }) => type === 'FED').length, 120);
});

test('after 5 s of silence the whole stop is written, then its trigger every second', async () => {
  const { feed, writes, clock } = bench();
  await feed(1000);
  await clock.advance(4400);
  assert.equal(writes(), []);
  await clock.advance(2000);
  assert.equal(writes().slice(0, 2), WHOLE);
  await clock.advance(5000);
  assert.ok(writes().length >= 6);
  assert.ok(
    writes()
      .slice(2)
      .every((write) => write === '47100=0'),
    'persistent registers are written once',
  );
});

test('when feeds come again its connections are closed at once and control is told what was done', async () => {
  const { feed, writes, clock, network, said } = bench();
  await feed(1000);
  await clock.advance(8000);
  assert.is(network.connections(), 1);
  await feed(500);
  assert.is(network.connections(), 0);
  const acted = said.find((message) => message.type === 'ACTED');
  assert.equal(
    acted?.devices.map(({ asset_id, outcome, reason }) => [asset_id, outcome, reason]),
    [['bess-1', 'stopped', null]],
  );
  const before = writes().length;
  await feed(10_000);
  assert.is(writes().length, before);
  assert.is(said.filter(({ type }) => type === 'ACTED').length, 1, 'told once');
});

test('a device with another serial number is not written to, and that is told', async () => {
  const { stopper, clock, said, writes } = bench();
  stopper.hear({ type: 'FEED', plans: [{ ...planOf(0, 5020), serial: planOf(1, 5020).serial }] });
  await clock.advance(15_000);
  assert.equal(writes(), []);
  stopper.hear({ type: 'FEED' });
  const acted = said.find((message) => message.type === 'ACTED');
  assert.equal(
    acted?.devices.map(({ outcome, reason }) => [outcome, reason]),
    [['refused', 'WRONG_IDENTITY']],
  );
});

test('a device that control does not list any more, as one tagged out, is not written to', async () => {
  const { stopper, clock, writes } = bench(2);
  stopper.hear({ type: 'FEED', plans: [planOf(0, 5020), planOf(1, 5021)] });
  await clock.advance(500);
  stopper.hear({ type: 'FEED', plans: [planOf(1, 5021)] });
  await clock.advance(10_000);
  assert.equal(writes(0), []);
  assert.equal(writes(1).slice(0, 2), WHOLE);
});

test('while the device refuses a step of the stop, what would make it act on its registers is not written', async () => {
  const { stopper, clock, writes, plants, said } = bench();
  const plan = planOf(0, 5020);
  const steps = plan.steps.map((step) => ({ ...step, engages: step.register === 47_100 }));
  stopper.hear({
    type: 'FEED',
    plans: [{ ...plan, steps: [...steps, { ...plan.steps[0], register: 47_077, words: [0, 0] }] as StopPlan['steps'] }],
  });
  plants[0]?.faults.apply({ kind: 'exception', code: 4, register: 47_075, on: 'write', forMs: 9000 });
  await clock.advance(8000);
  assert.ok(writes().includes('47077=0 0'), 'the others are not kept back');
  assert.not.ok(writes().some((write) => write.startsWith('47100')));
  await clock.advance(4000);
  assert.equal(
    writes()
      .slice(-4, -1)
      .map((write) => write.split('=')[0])
      .includes('47100'),
    true,
  );
  stopper.hear({ type: 'FEED' });
  assert.equal(
    said.flatMap((message) => (message.type === 'ACTED' ? message.devices.map(({ outcome }) => outcome) : [])),
    ['stopped'],
  );
});

test('a device that is away is stopped when it comes back, however long that takes', async () => {
  const { feed, writes, clock, network, plants } = bench();
  await feed(500);
  network.detach('127.0.0.1', 5020);
  await clock.advance(60_000);
  assert.equal(writes(), []);
  network.attach('127.0.0.1', 5020, plants[0] as SimulatedAsset);
  await clock.advance(8000);
  assert.equal(writes().slice(0, 2), WHOLE);
});

test('a connection that ends is made again, and the whole stop is written again', async () => {
  const { feed, writes, clock, network } = bench();
  await feed(500);
  await clock.advance(8000);
  network.cut();
  const before = writes().length;
  await clock.advance(5000);
  assert.equal(writes().slice(before, before + 2), WHOLE);
});

test('several devices behind one address are stopped one after the other, over one connection at a time', async () => {
  const { stopper, writes, clock, network } = bench();
  const both = [planOf(0, 5020), { ...planOf(0, 5020), assetId: 'bess-2' }];
  stopper.hear({ type: 'FEED', plans: both });
  for (let passed = 0; passed < 9000; passed += 50) {
    await clock.advance(50);
    assert.ok(network.connections() <= 1);
  }
  assert.equal(writes().slice(0, 4), [...WHOLE, ...WHOLE]);
});

test('a runtime that says that it leaves has 30 s, and what it does not finish is stopped then', async () => {
  const { feed, stopper, clock, writes } = bench();
  await feed(500);
  stopper.hear({ type: 'LEAVING' });
  await clock.advance(29_000);
  assert.equal(writes(), []);
  await clock.advance(4000);
  assert.equal(writes().slice(0, 2), WHOLE);
});

test('told to end after that it ends and touches nothing', async () => {
  const { feed, stopper, clock, writes, ended } = bench();
  await feed(500);
  stopper.hear({ type: 'LEAVING' });
  await clock.advance(4000);
  stopper.dismissed();
  assert.is(ended(), true);
  await clock.advance(60_000);
  assert.equal(writes(), []);
});

test('a runtime that is killed while it leaves is no clean end', async () => {
  const { feed, stopper, clock, writes } = bench();
  await feed(500);
  stopper.hear({ type: 'LEAVING' });
  await clock.advance(1000);
  stopper.orphaned();
  await clock.advance(7000);
  assert.equal(writes().slice(0, 2), WHOLE);
});

test('told to end without a word of leaving it stops the devices before it goes', async () => {
  const { feed, stopper, clock, writes, ended } = bench();
  await feed(500);
  stopper.dismissed();
  await clock.advance(4000);
  assert.equal(writes().slice(0, 2), WHOLE);
  assert.is(ended(), true);
});

test('told to end while control lives it goes at once and stops nothing', async () => {
  const { feed, stopper, clock, writes, ended } = bench();
  await feed(500);
  stopper.dismissed();
  await feed(500);
  assert.is(ended(), true);
  await clock.advance(10_000);
  assert.equal(writes(), []);
});

test('after the runtime has gone it holds for ten minutes and then ends', async () => {
  const { feed, stopper, clock, ended } = bench();
  await feed(500);
  stopper.orphaned();
  await clock.advance(599_000);
  assert.is(ended(), false);
  await clock.advance(2000);
  assert.is(ended(), true);
});

test('one that is not fed leaves devices and account to its successor, which stops them when it is not fed either', async () => {
  const old = bench();
  await old.feed(500);
  old.stopper.orphaned();
  assert.is(old.stopper.isFed(), false);
  await old.clock.advance(9000);
  const inheritance = old.stopper.bequeath();
  assert.is(old.network.connections(), 0);
  assert.equal(
    inheritance.devices.map(({ outcome }) => outcome),
    ['stopped'],
  );
  const heir = bench();
  heir.stopper.inherit(inheritance);
  assert.is(heir.said[0]?.type, 'ACTED');
  await heir.clock.advance(8000);
  assert.equal(heir.writes().slice(0, 2), WHOLE);
});

test('a stall of the stopper itself is not taken for silence of control', () => {
  let nowMs = 0;
  const timers: (() => void)[] = [];
  const opened: string[] = [];
  const stopper = createStopper({
    clock: {
      now: () => nowMs,
      wall: () => nowMs,
      setTimeout: (run) => timers.push(run),
      clearTimeout: () => undefined,
    },
    open: ({ host }) => {
      opened.push(host);
      return new Promise(() => {});
    },
    tell: () => undefined,
    end: () => undefined,
  });
  stopper.hear({ type: 'FEED', plans: [planOf(0, 5020)] });
  nowMs += 60_000;
  timers.shift()?.();
  assert.equal(opened, [], 'the feeds that came meanwhile are read before anything is done');
  stopper.hear({ type: 'FEED' });
  nowMs += 100;
  timers.shift()?.();
  assert.equal(opened, []);
});

test.run();
