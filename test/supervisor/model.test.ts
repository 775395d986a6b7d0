/**
 * Random plans of crashes, slow ends, failing starts and stops, run on the supervisor and on the plain reference of
 * reference.ts: the same starts and ends, in the same order, at the same moments.
 *
 * Durations are multiples of 50 ms and no two commands share their remainder, so nothing happens at the same moment for
 * two reasons and each plan has one right journal.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as fc from 'fast-check';
import { virtualClock } from '../../supervisor/clock.ts';
import { fromProcess } from '../../supervisor/process.ts';
import type { ChildSpec } from '../../supervisor/spec.ts';
import { startSystem } from '../../supervisor/system.ts';
import { follow } from './reference.ts';
import type { Plan, PlannedChild } from './reference.ts';

const RUNS = 4000;
const LONG_ENOUGH_MS = 20_000;

const children = fc.record({
  restart: fc.constantFrom('permanent', 'transient', 'temporary'),
  shutdown: fc.constantFrom(150 as const, 250 as const, 'brutal_kill' as const),
  endsAfterMs: fc.constantFrom(0, 100, 200, 300, Infinity),
});
const patient = fc.record({
  restart: fc.constantFrom('permanent', 'transient', 'temporary'),
  shutdown: fc.constant('infinity' as const),
  endsAfterMs: fc.constantFrom(0, 100, 700),
});
const steps = fc.record({
  waitMs: fc.nat(12).map((times) => times * 50),
  what: fc.constantFrom('crash', 'crash', 'crash', 'crash', 'end', 'end', 'fail', 'stop'),
  child: fc.nat(3),
  times: fc.integer({ min: 1, max: 3 }),
});

const plans = fc
  .record({
    strategy: fc.constantFrom('one_for_one', 'one_for_all', 'rest_for_one'),
    intensity: fc.nat(4),
    periodMs: fc.constantFrom(325, 1025, 5025),
    children: fc.array(fc.oneof({ weight: 3, arbitrary: children }, patient), { minLength: 1, maxLength: 4 }),
    steps: fc.array(steps, { maxLength: 12 }),
  })
  .map(({ steps: planned, ...rest }): Plan => {
    let at = 0;
    const commands = planned.map(({ waitMs, ...command }, index) => {
      at += waitMs;
      return { ...command, child: command.child % rest.children.length, atMs: at + index + 1 };
    });
    return { ...rest, commands };
  });

test(`the supervisor keeps to the plain reference in ${RUNS} random plans, to the millisecond`, async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      assert.equal(await run(plan), follow(plan));
    }),
    { numRuns: RUNS },
  );
});

async function run(plan: Plan): Promise<readonly string[]> {
  const { strategy, intensity, periodMs } = plan;
  const journal: string[] = [];
  const failures = plan.children.map(() => 0);
  const clock = virtualClock();
  const specs = plan.children.map(childSpec);
  const system = startSystem({ id: 'root', strategy, intensity, periodMs, children: specs }, { clock });
  void system.ended.then(({ reason }) => note(reason === 'shutdown' ? 'stopped' : 'gave up'));

  for (const { atMs, what, child, times } of plan.commands) {
    await clock.advance(atMs - clock.now());
    if (what === 'stop') void system.stop();
    else if (what === 'fail') failures[child] = times;
    else system.send(String(child), { type: what });
    await clock.advance(0);
  }
  await clock.advance(LONG_ENOUGH_MS);
  return journal;

  function note(what: string): void {
    journal.push(`${clock.now()} ${what}`);
  }

  function childSpec({ restart, shutdown, endsAfterMs }: PlannedChild, name: number): ChildSpec {
    return { id: String(name), restart, shutdown, start: () => worker(name, endsAfterMs) };
  }

  function worker(name: number, endsAfterMs: number): ReturnType<typeof fromProcess> {
    failures[name] = (failures[name] ?? 0) - 1;
    if (failures[name] >= 0) throw new Error('cannot start');
    return fromProcess(async ({ signal, lease, onMessage }) => {
      note(`+${name}`);
      lease.lost.addEventListener('abort', () => note(`-${name}`));
      const { promise, resolve } = Promise.withResolvers<void>();
      onMessage(({ type }) => {
        if (type === 'crash') throw new Error('crash');
        resolve();
      });
      signal.addEventListener('abort', () => {
        if (lease.held && endsAfterMs === 0) resolve();
        else if (lease.held && endsAfterMs < Infinity) clock.setTimeout(resolve, endsAfterMs);
      });
      await promise;
    });
  }
}

test.run();
