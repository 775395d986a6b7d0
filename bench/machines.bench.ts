/** The compiled machines: events a second beside `actor.send` of the same machine, in the same run. */
import { createActor } from 'xstate';
import { compile } from '../machines/compiled/compile.ts';
import { chance } from '../prover/compare.ts';
import { SUBJECTS } from '../prover/subjects.ts';
import type { AnyEvent, Subject } from '../prover/subjects.ts';
import { inTurns, rowOf } from './measure.ts';
import type { Measurement, Row, Size } from './measure.ts';

/** Events of one round, compiled and sent; the same ones over and over. */
const SIZES = {
  small: { rounds: 3, reduced: 200_000, sent: 20_000 },
  full: { rounds: 9, reduced: 2_000_000, sent: 100_000 },
} as const;

export const measurements: readonly Measurement[] = SUBJECTS.map((subject) => ({
  name: `machines: ${subject.name}`,
  run: (size) => measure(subject, size),
}));

async function measure(subject: Subject, size: Size): Promise<readonly Row[]> {
  const { rounds, reduced, sent } = SIZES[size];
  const [input] = subject.inputs;
  const next = chance(1);
  // Ends of timers and actors are left out: an actor gets them from its own clock.
  const events = Array.from(
    { length: 1024 },
    () => subject.events[Math.floor(next() * subject.events.length)] as AnyEvent,
  );
  const compiled = compile(subject.machine);
  const { ours, theirs } = await inTurns(rounds, {
    ours: () =>
      Promise.resolve(
        perSecond(reduced, () => {
          let { state } = compiled.start(input as never);
          for (let at = 0; at < reduced; at += 1) ({ state } = compiled.reduce(state, events[at & 1023] as never));
        }),
      ),
    theirs: () => {
      const actor = createActor(subject.machine, { input, clock: NO_CLOCK });
      actor.start();
      const rate = perSecond(sent, () => {
        for (let at = 0; at < sent; at += 1) actor.send(events[at & 1023] as AnyEvent);
      });
      actor.stop();
      return Promise.resolve(rate);
    },
  });
  return [
    rowOf({
      what: `${subject.name}, events`,
      unit: '/s',
      values: ours,
      floor: { name: 'actor.send', values: theirs },
      target: { of: 'ratio', atLeast: 20 },
    }),
  ];
}

/** Timers cost the actor nothing here: the reducer, too, only says what it wants. */
const NO_CLOCK = { setTimeout: () => 0, clearTimeout: () => undefined };

function perSecond(count: number, work: () => void): number {
  const startedAt = performance.now();
  work();
  return (count * 1000) / (performance.now() - startedAt);
}
