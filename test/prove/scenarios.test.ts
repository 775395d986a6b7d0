/**
 * The generated scenarios: run against XState itself, and those of the E-stop against a whole site on the virtual clock.
 * They take every transition and every pair of transitions of each machine.
 */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createActor, fromPromise } from 'xstate';
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { compile } from '../../machines/compiled/compile.ts';
import { labelsOf, parseScenarios, replay } from '../../prover/paths.ts';
import type { Scenario } from '../../prover/paths.ts';
import { SUBJECTS } from '../../prover/subjects.ts';
import type { Subject } from '../../prover/subjects.ts';
import { TOKENS, virtualSite } from '../scenarios/virtual-site.ts';
import { estopStateOf, estopStep } from './estop-way.ts';

const fileOf = (name: string): string => readFileSync(new URL(`../generated/${name}.txt`, import.meta.url), 'utf8');

for (const subject of SUBJECTS) {
  const compiled = compile(subject.machine);
  const scenarios = parseScenarios(fileOf(subject.name));

  test(`${subject.name}: ${scenarios.length} scenarios say what the compiled machine does`, () => {
    assert.ok(scenarios.length > 0);
    for (const { input, steps } of scenarios)
      assert.equal(
        replay(
          subject,
          compiled,
          input,
          steps.map(({ event }) => event),
        ),
        steps,
      );
  });

  test(`${subject.name}: an actor of XState goes the same ways`, () => {
    for (const scenario of scenarios) walk(subject, scenario);
  });
}

function walk(subject: Subject, { input, steps }: Scenario): void {
  const labels = labelsOf(subject, compile(subject.machine));
  // Its timers and actors do not end by themselves here: their ends are events of the scenario.
  const session = fromPromise(() => new Promise(() => undefined));
  const machine = subject.machine.provide({ actors: { session } } as never) as AnyStateMachine;
  const clock = { setTimeout: () => 0, clearTimeout: () => undefined };
  const actor = createActor(machine, { input: subject.inputs[input], clock });
  actor.start();
  for (const [at, { event, outcome }] of steps.entries()) {
    const given = labels.get(event);
    assert.ok(given, `${event} is an event of the machine`);
    if (given) actor.send(given);
    const [state = '', ...changes] = outcome.replace(/ \(.*\)$/, '').split(' ');
    const snapshot = actor.getSnapshot() as AnyMachineSnapshot;
    assert.is(nameOf(snapshot.value), state, `step ${at + 1}: ${event}`);
    for (const change of changes.filter((word) => /^(epoch|latched|holding|estopped|failures)=/.test(word))) {
      const [key = '', value] = change.split('=');
      assert.is(String((snapshot.context as Record<string, unknown>)[key]), value, `step ${at + 1}: ${event}`);
    }
  }
  actor.stop();
}

function nameOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return Object.entries(value as object)
    .map(([key, inner]) => `${key}.${nameOf(inner)}`)
    .join();
}

test('E-stop: a whole site goes the same ways, its reply and its status say so', async () => {
  const scenarios = parseScenarios(fileOf('estop')).filter(({ input }) => input === 0);
  const site = await virtualSite();
  for (const { steps } of scenarios) {
    await disarm();
    for (const [at, { event, outcome }] of steps.entries()) {
      await happen(event, steps[at - 1]?.outcome);
      assert.is(site.site.status().estop.state, estopStateOf(outcome), `step ${at + 1}: ${event} > ${outcome}`);
    }
  }
  site.site.system.kill();

  async function happen(event: string, before?: string): Promise<void> {
    const step = estopStep(event, before);
    if ('within' in step) return;
    if ('press' in step) await site.ask({ name: 'estop', body: { reason: 'test', issuer: 'anyone' } });
    else if ('reset' in step) await reset(step.reset);
    else await site.run(step.waitMs);
  }

  async function reset(issuer: 'ana' | 'ben' | 'eve'): Promise<void> {
    const body = { issuer, tokenSha256: TOKENS[issuer], confirmed_safe: true as const, cause: 'test' };
    await site.ask({ name: 'reset_estop', body });
  }

  async function disarm(): Promise<void> {
    if (site.site.status().estop.state === 'armed') return;
    await site.run(121_000);
    await reset('ana');
    await reset('ben');
    assert.is(site.site.status().estop.state, 'armed');
  }
});

test.run();
