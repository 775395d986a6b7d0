/** With which latch a site starts: that of its file, or a latch where the file leaves a doubt. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ARMED, estopBench, everybody, LATCHED } from './bench.ts';

const test = suite('E-stop actor at its start');

test('at the start everybody is told the latch of the file, drivers first, and nothing is written', async () => {
  const bench = await estopBench({ file: JSON.stringify(LATCHED) });
  assert.equal(
    bench.told.map(({ to }) => to),
    everybody,
  );
  assert.ok(bench.told.every(({ type, latch }) => type === 'LATCH_STATE' && latch?.estop?.reason === 'smoke'));
  assert.equal(bench.views.at(-1), { latch: LATCHED, state: 'latched', saved: true });
  assert.equal(bench.saved, []);
  assert.equal(bench.alarms(), []);
});

test('a site that was never stopped starts armed', async () => {
  const bench = await estopBench();
  assert.equal(bench.views.at(-1), {
    latch: { version: 1, epoch: 0, estop: null, trips: {}, maintenance: {} },
    state: 'armed',
    saved: true,
  });
});

for (const [title, file] of [
  ['that is no JSON', '{'],
  ['with a field that nobody knows', JSON.stringify({ ...ARMED, more: 1 })],
  ['of another version', JSON.stringify({ ...ARMED, version: 2 })],
] as const)
  test(`a site with a latch file ${title} starts latched, above every epoch, and says so`, async () => {
    const bench = await estopBench({ file });
    const { epoch, estop } = bench.latch();
    assert.is(epoch, Date.UTC(2026, 0, 1) / 1000);
    assert.is(estop?.issuer, 'bessd');
    assert.is(estop?.sinceWallMs, Date.UTC(2026, 0, 1));
    assert.is(bench.state(), 'latched');
    assert.is(bench.views.at(-1)?.saved, false);
    assert.equal(bench.alarms(), ['latch-unreadable']);
    assert.is(bench.board.alarms()[0]?.severity, 'P1');
  });

test('a disk that does not answer within two seconds counts as latched, not a moment before', async () => {
  const bench = await estopBench({ load: () => new Promise(() => undefined) });
  await bench.clock.advance(1999);
  assert.equal(bench.views, []);
  await bench.clock.advance(1);
  assert.is(bench.state(), 'latched');
  assert.equal(bench.alarms(), ['latch-unreadable']);
});

test('a disk that throws what is no error counts as latched', async () => {
  const load = (): Promise<string> => ({ then: (_: unknown, no: (why: string) => void) => no('gone') }) as never;
  const bench = await estopBench({ load });
  assert.is(bench.state(), 'latched');
  assert.ok(bench.latch().estop?.reason.includes('gone'));
});

test.run();
