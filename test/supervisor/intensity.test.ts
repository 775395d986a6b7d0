import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { recorder } from './support.ts';

const CRASH = { type: 'CRASH' } as const;
const PERIOD_MS = 5000;

/** Crashes one child at these moments; how often it was restarted and whether its supervisor still lives. */
async function crashAt(intensity: number, moments: readonly number[]): Promise<{ restarts: number; alive: boolean }> {
  const { log, child, run } = recorder();
  const { system, clock } = run({
    id: 'root',
    strategy: 'one_for_one',
    intensity,
    periodMs: PERIOD_MS,
    children: [child('a')],
  });
  let alive = true;
  void system.ended.then(() => (alive = false));
  for (const at of moments) {
    await clock.advance(at - clock.now());
    system.send('a', CRASH);
  }
  await clock.advance(0);
  return { restarts: log.filter((entry) => entry === '+a').length - 1, alive };
}

const ROWS: readonly [string, number, readonly number[], { restarts: number; alive: boolean }][] = [
  ['as many restarts as the intensity are allowed', 2, [0, 10], { restarts: 2, alive: true }],
  ['one more within the period is too many', 2, [0, 10, 4999], { restarts: 2, alive: false }],
  ['a restart counts no more once the period is over', 2, [0, 10, 5001], { restarts: 3, alive: true }],
  ['the window slides: the oldest leaves it first', 2, [0, 3000, 5001, 8001], { restarts: 4, alive: true }],
  ['and the younger ones still count', 2, [0, 3000, 5001, 7999], { restarts: 3, alive: false }],
  ['intensity 0 allows none', 0, [0], { restarts: 0, alive: false }],
  ['a long quiet time forgives everything', 1, [0, 60_000, 120_000], { restarts: 3, alive: true }],
];

for (const [title, intensity, moments, expected] of ROWS) {
  test(`restart intensity: ${title}`, async () => {
    assert.equal(await crashAt(intensity, moments), expected);
  });
}

test.run();
