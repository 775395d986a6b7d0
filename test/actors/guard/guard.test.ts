/** The guard actor: who gets a permit when, what it says of trips and blocks, and what a new one keeps of the last. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createStopperLine } from '../../../actors/stopper-line.ts';
import { FEED_EVERY_MS } from '../../../contracts/stopper.ts';
import { asset, frame, guardConfig, NO_CAPS, NO_CEILING } from '../../machines/support.ts';
import { ARMED, guardBench, LATCHED } from './bench.ts';

const test = suite('guard actor');

const rooms = ({ maxChargeW, maxDischargeW }: { maxChargeW: number; maxDischargeW: number }): readonly number[] => [
  maxChargeW,
  maxDischargeW,
];

test('a guard that begins asks for the latch, and gives no power before it knows it', async () => {
  const bench = await guardBench();
  assert.equal(bench.told, [{ to: 'estop', type: 'LATCH_WANTED', from: 'guard' }]);
  await bench.see();
  assert.equal([...rooms(bench.permit()), bench.permit().epoch], [0, 0, -1]);
  assert.equal(bench.permit().reasons.charge, ['ESTOP_LATCHED']);
});

test('a latch that is told judges what was seen last once more, in its epoch', async () => {
  const bench = await guardBench();
  await bench.see();
  bench.latch(ARMED);
  assert.equal([...rooms(bench.permit()), bench.permit().epoch], [10_000, 10_000, 5]);
  bench.latch(LATCHED);
  assert.equal([...rooms(bench.permit()), bench.permit().epoch], [0, 0, 6]);
});

test('a trip of the latch counts for its asset alone, until it is gone', async () => {
  const bench = await guardBench({ configs: [guardConfig(), guardConfig({ asset: asset({ id: 'b' }) })] });
  bench.latch({ ...ARMED, trips: { b: { kind: 'trip', cause: 'hot', sinceWallMs: 0 } } });
  assert.equal([bench.input.memory.get('a')?.tripped, bench.input.memory.get('b')?.tripped], [false, true]);
  await bench.see();
  await bench.see({}, {}, { assetId: 'b' });
  assert.equal(rooms(bench.permit()), [10_000, 10_000]);
  assert.equal(rooms(bench.to('driver:b').at(-1)?.['permit'] as never), [0, 0]);
  bench.latch(ARMED);
  assert.equal(rooms(bench.to('driver:b').at(-1)?.['permit'] as never), [10_000, 10_000]);
});

test('the E-stop hears of a trip before the driver gets its permit, and both before those who are only told', async () => {
  const bench = await guardBench();
  bench.latch(ARMED);
  await bench.see();
  bench.told.length = 0;
  bench.send({ type: 'TELEMETRY', frame: frame({ temperatureC: [56] }, 0), ceiling: NO_CEILING });
  assert.equal(
    bench.told.map(({ to, type }) => `${to} ${type}`),
    ['estop TRIP_REQUESTED', 'driver:a PERMIT'],
  );
  assert.equal([bench.told[0]?.['assetId'], bench.told[0]?.['kind']], ['a', 'trip']);
  assert.ok(String(bench.told[0]?.['cause']).length > 0);
  assert.equal(rooms(bench.permit()), [0, 0]);
  await bench.clock.advance(0);
  assert.equal(bench.told.at(-1)?.type, 'ASSET_SEEN');
});

test('a fault that the device reports is told as that, and its cause stands until it is gone', async () => {
  const bench = await guardBench();
  bench.latch(ARMED);
  await bench.see({ insulationFault: [1] });
  const asked = bench.to('estop').filter(({ type }) => type === 'TRIP_REQUESTED');
  assert.equal([asked.length, asked[0]?.['kind'], asked[0]?.['assetId']], [1, 'fault', 'a']);
  assert.equal(bench.causes.at(-1), ['a', asked[0]?.['cause']]);
  await bench.see();
  assert.equal(bench.causes.at(-1), ['a', undefined]);
  await bench.see({ temperatureC: [56] });
  assert.ok(bench.causes.at(-1)?.[1], 'a limit that is still exceeded is a cause too');
});

test('the dispatcher sees the frame, the permit without the grid, and the room at the grid', async () => {
  const bench = await guardBench();
  bench.latch(ARMED);
  await bench.see({ socPct: [60] });
  const seen = bench.to('dispatcher').at(-1);
  assert.is((seen?.['frame'] as { assetId: string } | undefined)?.assetId, 'a');
  assert.equal(seen?.['permit'], bench.permit());
  assert.equal(seen?.['room'], { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY, meterLost: false });
});

test('an asset that nobody planned gets no permit; it is kept as an instrument', async () => {
  const bench = await guardBench();
  bench.latch(ARMED);
  await bench.see();
  assert.equal(
    bench.to('estop').map(({ type }) => type),
    ['LATCH_WANTED'],
    'nothing is wrong',
  );
  bench.told.length = 0;
  await bench.see({}, {}, { assetId: 'meter' });
  assert.equal(bench.told, []);
  assert.is(bench.input.instruments.get('meter')?.assetId, 'meter');
  assert.is(bench.input.instruments.has('a'), false);
});

test('a frame of its management system judges an asset anew, and that of another does not', async () => {
  const bms = { id: 'a-bms', offers: new Set(['temperatureC'] as const) };
  const bench = await guardBench({ configs: [guardConfig({ bms })] });
  bench.latch(ARMED);
  await bench.see();
  assert.equal(rooms(bench.permit()), [0, 0], 'it has not shown itself yet');
  bench.told.length = 0;
  await bench.see({}, {}, { assetId: 'other-bms' });
  assert.equal(bench.told, []);
  await bench.see({ temperatureC: [25] }, {}, { assetId: 'a-bms' });
  assert.equal(rooms(bench.permit()), [10_000, 10_000]);
});

test('what a drill found on the device counts from the next frame on', async () => {
  const bench = await guardBench({
    configs: [guardConfig({ capsWith: (proof) => ({ ...NO_CAPS, chargeW: proof ? 9000 : 4000 }) })],
  });
  bench.latch(ARMED);
  await bench.see();
  assert.is(bench.permit().maxChargeW, 4000);
  await bench.see({}, { proof: { state: 'proven', timeMs: 1000 } });
  assert.is(bench.permit().maxChargeW, 9000);
});

test('a calibration charge lasts until its time is over or an E-stop comes', async () => {
  const bench = await guardBench();
  bench.latch(ARMED);
  const full = { socPct: [95] };
  const charge = async (): Promise<number> => {
    await bench.see(full);
    return bench.permit().maxChargeW;
  };
  await bench.see({ socPct: [94.9] });
  assert.is(await charge(), 0);
  bench.send({ type: 'CALIBRATE', assetId: 'a', untilMs: bench.clock.now() + 3000 });
  assert.is(await charge(), 1000, '0.1 C');
  await bench.clock.advance(2999);
  assert.is(await charge(), 1000);
  await bench.clock.advance(1);
  assert.is(await charge(), 0);
  bench.send({ type: 'CALIBRATE', assetId: 'a', untilMs: bench.clock.now() + 60_000 });
  bench.latch({ ...ARMED, epoch: 6 });
  assert.is(await charge(), 1000, 'a reset of something else does not end it');
  bench.latch({ ...LATCHED, epoch: 7 });
  bench.latch({ ...ARMED, epoch: 8 });
  assert.is(await charge(), 0);
});

test('alarms of the rows are raised with their severity, and return by themselves', async () => {
  const bench = await guardBench();
  bench.latch(ARMED);
  const alarms = (): readonly string[] =>
    bench.board
      .alarms()
      .filter(({ state }) => state === 'active')
      .map(({ alarm_id, severity }) => `${alarm_id} ${severity}`)
      .toSorted();
  await bench.see({ socPct: [4] });
  assert.equal(alarms(), ['a.soc-critical-low P1']);
  await bench.see();
  await bench.see({ temperatureC: [46], cellSpreadMv: [250] });
  assert.ok(alarms().includes('a.battery-warm P3'), alarms().join());
  assert.ok(alarms().includes('a.cell-spread P3'), alarms().join());
  await bench.see({ temperatureC: [51] });
  assert.ok(alarms().includes('a.battery-hot P1'), alarms().join());
  const high = await guardBench();
  high.latch(ARMED);
  await high.see({ socPct: [99] });
  assert.equal(
    high.board.alarms().map(({ alarm_id, severity }) => `${alarm_id} ${severity}`),
    ['a.soc-critical-high P2'],
  );
  assert.ok((high.board.alarms()[0]?.message ?? '').length > 0);
});

test('a block is told once, with both directions and each reason once, and again when it changes', async () => {
  const bench = await guardBench();
  bench.latch(ARMED);
  const blocks = () => bench.events('safety_block').map(({ asset_id, reason, blocked }) => [asset_id, reason, blocked]);
  const full = { socPct: [96] };
  await bench.see(full);
  await bench.see(full);
  assert.is(blocks().length, 1);
  const [charge = []] = blocks();
  assert.is(charge[0], 'a');
  assert.is(charge[2], `charge: ${String(charge[1]).replaceAll(',', ' ')}`);
  bench.latch(LATCHED);
  await bench.clock.advance(0);
  const [, reasons = '', blocked] = blocks().at(-1) ?? [];
  assert.is(blocks().length, 2);
  assert.is(
    String(reasons)
      .split(',')
      .filter((one) => one === 'ESTOP_LATCHED').length,
    1,
  );
  assert.match(String(blocked), /^charge: .*ESTOP_LATCHED.*; discharge: ESTOP_LATCHED$/);
  const low = await guardBench();
  low.latch(ARMED);
  await low.see();
  assert.equal(low.events('safety_block'), []);
  const empty = await guardBench();
  empty.latch(ARMED);
  await empty.see({ socPct: [8] });
  const [only] = empty.events('safety_block');
  assert.equal(only?.['blocked'], `discharge: ${String(only?.['reason']).replaceAll(',', ' ')}`);
});

test('only the directions that are blocked say why, and what is open again says nothing', async () => {
  const reasonOf = async (values: Parameters<typeof frame>[0]): Promise<readonly unknown[]> => {
    const bench = await guardBench();
    bench.latch(ARMED);
    await bench.see(values);
    await bench.see({ ...values, maxChargeNowW: [50_000], maxDischargeNowW: [50_000] });
    return bench.events('safety_block').map(({ reason }) => reason);
  };
  const [device] = await reasonOf({ maxChargeNowW: [0] });
  assert.equal(await reasonOf({ maxDischargeNowW: [0], socPct: [92] }), [device], 'the taper of the charge is none');
  assert.equal(await reasonOf({ maxChargeNowW: [0], socPct: [14] }), [device], 'nor is a derated discharge');
});

test('a power that does not follow what the permit left of its order is frozen after a minute', async () => {
  const bench = await guardBench();
  bench.latch(ARMED);
  const order = { w: 5000, reference: 'battery' } as const;
  await bench.clock.advance(1000);
  const reasons = async (seconds: number, given?: typeof order): Promise<readonly string[]> => {
    for (let at = 0; at < seconds; at += 1) {
      await bench.see({ batteryPowerW: [0], voltageV: [400 + at / 100] }, { order: given });
      await bench.clock.advance(1000);
    }
    return bench.permit().reasons.discharge;
  };
  assert.equal(await reasons(61, order), [], 'before the first permit nothing was left of it');
  assert.ok((await reasons(1, order)).includes('FROZEN'));
});

test('the chart of an asset follows its permit, until that lapses', async () => {
  const bench = await guardBench();
  const steps = () =>
    bench
      .events('transition')
      .filter(({ machine }) => machine === 'guard')
      .map(({ asset_id, to }) => `${String(asset_id)} ${String(to)}`);
  bench.latch(ARMED);
  await bench.see();
  await bench.see({ maxChargeNowW: [0] });
  await bench.see({ maxDischargeNowW: [0] });
  await bench.see({ gridFrequencyHz: [60] });
  bench.latch({ ...ARMED, trips: { a: { kind: 'trip', cause: 'hot', sinceWallMs: 0 } } });
  await bench.clock.advance(0);
  bench.latch({ ...ARMED, epoch: 6 });
  await bench.see();
  bench.latch(LATCHED);
  await bench.clock.advance(0);
  const expected = ['open', 'discharge_only', 'charge_only', 'blocked', 'latched', 'blocked', 'latched'];
  assert.equal(
    steps(),
    expected.map((state) => `a ${state}`),
  );
  const open = await guardBench();
  open.latch(ARMED);
  await open.clock.advance(1000);
  await open.see();
  const endsAtMs = open.permit().expiresAtMs;
  await open.clock.advance(endsAtMs - 1 - open.clock.now());
  assert.is(open.events('transition').at(-1)?.['to'], 'open');
  await open.clock.advance(1);
  assert.is(open.events('transition').at(-1)?.['to'], 'lapsed');
});

test('a new guard is as strict as the last one was', async () => {
  const first = await guardBench();
  first.latch(ARMED);
  await first.see({ socPct: [9] });
  const second = await guardBench({ inputs: { memory: first.input.memory } });
  second.latch(ARMED);
  await second.see({ socPct: [11] });
  assert.is(second.permit().maxDischargeW, 0, 'between action and release');
  const fresh = await guardBench();
  fresh.latch(ARMED);
  await fresh.see({ socPct: [13] });
  assert.ok(fresh.permit().maxDischargeW > 0);
});

test('the stopper is fed at once and from then on in its rhythm', async () => {
  const made = await guardBench();
  const line = createStopperLine(made.board, made.clock);
  const bench = await guardBench({ inputs: { stopperLine: line } });
  const fed = () => bench.to('stopper').filter(({ type }) => type === 'POST');
  assert.is(fed().length, 1);
  assert.ok(fed()[0]?.['value']);
  await bench.clock.advance(2 * FEED_EVERY_MS);
  assert.is(fed().length, 3);
  assert.equal(made.to('stopper'), [], 'a site without a stopper feeds none');
});

test('an answer that is awaited is no frame: nobody is told, nothing is kept, known asset or not', async () => {
  const bench = await guardBench();
  bench.send({ type: 'AWAITED', assetId: 'a' });
  bench.latch(ARMED);
  await bench.see();
  const before = [bench.told.length, bench.input.memory.get('a')];
  for (const assetId of ['a', 'z']) bench.send({ type: 'AWAITED', assetId });
  await bench.clock.advance(0);
  assert.equal([bench.told.length, bench.input.memory.get('a')], before);
  bench.told.length = 0;
  await bench.see();
  assert.equal(
    bench.told.map(({ type }) => type),
    ['PERMIT', 'ASSET_SEEN'],
  );
});

test('a guard ends when the site does', async () => {
  const bench = await guardBench();
  const stopped = bench.stop();
  await bench.clock.advance(0);
  await stopped;
});

test.run();
