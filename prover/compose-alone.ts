/**
 * One machine alone, against every event at every moment: what it promises of its states, and its timers by their effects.
 */
import type { AnyStateMachine } from 'xstate';
import type { CompiledMachine, CompiledState, Effect } from '../machines/compiled/compile.ts';
import type { Composition, Step } from './search.ts';
import { alphabetOf } from './subjects.ts';
import type { Subject } from './subjects.ts';

type Alone = {
  readonly machine: CompiledState<unknown>;
  /** Timers that are set, and actors that run. */
  readonly timers: readonly string[];
  readonly running: readonly string[];
};

/** Counters go on for ever; beyond this one more makes no difference. */
const MOST_COUNTED = 6;
const TIMER_SET = 'every timer that its state has is set';

export function aloneOf(subject: Subject, compiled: CompiledMachine<AnyStateMachine>): Composition<Alone> {
  const alphabet = alphabetOf(subject, compiled);
  return {
    name: `${subject.name} alone`,
    about: `the machine of ${subject.file}, against every event at every moment`,
    modelled: ['the machine as shipped; timers and invoked actors by their effects'],
    assumed: [`counters count to ${MOST_COUNTED}`],
    invariants: [TIMER_SET, ...subject.promises.map(({ what }) => what)],
    bounds: {},
    initial: subject.inputs.map((input) => {
      const { state, effects } = compiled.start(input as never);
      return follow({ machine: state, timers: [], running: [] }, state, effects);
    }),
    steps,
    judge,
    keyOf: ({ machine, timers, running }) =>
      JSON.stringify([machine.leaf, machine.status, machine.context, timers, running], (_, value: unknown) =>
        typeof value === 'number' ? Math.min(value, MOST_COUNTED) : value,
      ),
  };

  function steps(state: Alone): readonly Step<Alone>[] {
    return alphabet
      .filter((event) => isDue(event.type, state))
      .map((event) => {
        const { state: machine, effects } = compiled.reduce(state.machine, event as never);
        const { type, ...payload } = event;
        const label = [type, ...Object.entries(payload).map(([key, value]) => `${key}=${String(value)}`)].join(' ');
        return { label, state: follow(state, machine, effects) };
      });
  }

  function judge({ machine, timers }: Alone): string | undefined {
    const leaf = compiled.leaves[machine.leaf];
    if (machine.status === 'error') return 'no end of an actor ends the machine';
    if (leaf?.timers.some((timer) => !timers.includes(timer))) return TIMER_SET;
    return subject.promises.find(({ holds }) => !holds(leaf?.name ?? '', machine.context as never))?.what;
  }
}

/** A timer fires where it is set, and an actor ends where it runs. */
function isDue(type: string, { timers, running }: Alone): boolean {
  if (type.startsWith('xstate.after.')) return timers.includes(type);
  return !type.startsWith('xstate.') || running.some((id) => type.endsWith(`.actor.${id}`));
}

function follow({ timers, running }: Alone, machine: Alone['machine'], effects: readonly Effect[]): Alone {
  const set = new Set(timers);
  const alive = new Set(running);
  for (const effect of effects) {
    if (effect.type === 'start') alive.add(effect.id);
    else if (effect.type === 'stop') alive.delete(effect.id);
    else if (effect.type === 'timer') set.add(effect.id);
    else if (effect.type === 'cancel') set.delete(effect.id);
  }
  return { machine, timers: [...set].toSorted(), running: [...alive].toSorted() };
}
