/** A compiled machine at work: the guard's chart of one device on a virtual clock. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { setup } from 'xstate';
import { runChart } from '../../actors/chart.ts';
import type { Judged } from '../../contracts/guard.ts';
import { compile } from '../../machines/compiled/compile.ts';
import { guardMachine } from '../../machines/guard/guard.machine.ts';
import { virtualClock } from '../../supervisor/clock.ts';

const judged = (more: Partial<Judged> = {}): Judged => ({
  type: 'JUDGED',
  charge: true,
  discharge: true,
  latched: false,
  lifeMs: 1000,
  ...more,
});

const ROWS: readonly (readonly [title: string, event: Judged, state: string])[] = [
  ['both directions', judged(), 'open'],
  ['charge only', judged({ discharge: false }), 'charge_only'],
  ['discharge only', judged({ charge: false }), 'discharge_only'],
  ['nothing', judged({ charge: false, discharge: false }), 'blocked'],
  ['a latch, whatever else is so', judged({ latched: true }), 'latched'],
];
for (const [title, event, state] of ROWS)
  test(`what the guard lets a device do: ${title}`, () => {
    const { chart } = bench();
    assert.is(chart.state(), 'unjudged');
    chart.send(event);
    assert.is(chart.state(), state);
  });

test('what the guard lets a device do ends with the permit, unless it is judged again before', () => {
  const { chart, clock, told } = bench();
  chart.send(judged());
  clock.advanceSync(999);
  chart.send(judged());
  clock.advanceSync(999);
  assert.is(chart.state(), 'open');
  clock.advanceSync(1);
  assert.is(chart.state(), 'lapsed');
  chart.send(judged({ charge: false }));
  assert.equal(told, ['unjudged > open', 'open > lapsed', 'lapsed > discharge_only']);
});

test('a machine that acts is not run by its table alone', () => {
  const acting = setup({ actions: { shout: () => undefined } }).createMachine({ entry: 'shout' });
  assert.throws(() => runChart(compile(acting), undefined, virtualClock(), () => undefined), /XState must run it/);
});

test.run();

function bench() {
  const clock = virtualClock();
  const told: string[] = [];
  const chart = runChart(compile(guardMachine), undefined, clock, (from, to) => told.push(`${from} > ${to}`));
  return { chart, clock, told };
}
