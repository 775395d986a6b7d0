import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Verdict } from './run.ts';
import type { Happening, Schedule } from './schedule.ts';
import { printed } from './schedule.ts';
import { drawSchedule } from './draw.ts';
import { shrink } from './shrink.ts';

const HAPPENINGS: readonly Happening[] = [
  { atMs: 4000, kind: 'estop' },
  { atMs: 5000, kind: 'crash', downMs: 200 },
  { atMs: 6000, kind: 'stop' },
  { atMs: 7000, kind: 'kill', actor: 'guard' },
  { atMs: 8000, kind: 'swap', forMs: 300 },
];

test('only what is needed to break the rule is left', async () => {
  const schedule: Schedule = { ...drawSchedule(1), happenings: HAPPENINGS };
  const smallest = await shrink(schedule, 'rule', (one) => Promise.resolve(breaksWith(one, ['crash', 'swap'])));
  assert.equal(
    smallest.happenings.map(({ kind }) => kind),
    ['crash', 'swap'],
  );
});

test('a schedule is printed with a line for each happening', () => {
  const lines = printed({ ...drawSchedule(7), happenings: HAPPENINGS }).split('\n');
  assert.is(lines.length, 3 + HAPPENINGS.length);
  assert.match(lines[4] ?? '', /5\.000 s {2}crash {2}downMs=200/);
});

function breaksWith({ seed, happenings }: Schedule, needed: readonly string[]): Verdict {
  const kinds = new Set(happenings.map(({ kind }) => kind as string));
  const broken = needed.every((kind) => kinds.has(kind));
  const violations = broken ? [{ atMs: 0, rule: 'rule', what: '' }] : [];
  return { seed, violations, traceHash: '', writes: 0, simulatedMs: 0 };
}

test.run();
