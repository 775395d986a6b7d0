/**
 * Compositions of single machines: the connection with its session, and what holds for every machine by its drawing.
 */
import type { ConnectionContext } from '../contracts/connection.ts';
import type { CompiledState, Effect } from '../machines/compiled/compile.ts';
import type { Parts } from './parts.ts';
import type { Composition, Step, Verdict } from './search.ts';
import { alphabetOf, SUBJECTS } from './subjects.ts';
import type { Subject } from './subjects.ts';

type Link = {
  readonly machine: CompiledState<ConnectionContext>;
  /** Sessions that run, and timers that are set. */
  readonly sessions: number;
  readonly timers: readonly string[];
};

const MOST_FAILURES = 6;

/** The connection machine with the session that it invokes; only timers that are set may fire. */
export function linkOf({ connection }: Parts): Composition<Link> {
  const subject = SUBJECTS.find(({ name }) => name === 'connection') as Subject;
  const alphabet = alphabetOf(subject, connection);
  const [input] = subject.inputs;
  const first = connection.start(input as never);
  return {
    name: 'link',
    about: 'connection machine and session: every failure has its wait, a device is never given up',
    modelled: ['connection machine: as shipped; sessions and timers by their effects'],
    assumed: [`after ${MOST_FAILURES} failures in a row another one changes nothing`],
    invariants: [
      'one session runs while linked, none otherwise',
      'every state has a timer that runs',
      'setpoints are accepted online only',
      'who has to be stopped is tried at once',
    ],
    bounds: {},
    initial: [follow({ machine: first.state, sessions: 0, timers: [] }, first.state, first.effects)],
    steps: (state) => steps(state),
    judge: (state) => judge(state),
    keyOf: ({ machine, sessions, timers }) => {
      const { failures, lastFault } = machine.context;
      return `${machine.leaf} ${machine.status} ${Math.min(failures, MOST_FAILURES)} ${lastFault} ${sessions} ${timers.join()}`;
    },
  };

  function steps(state: Link): readonly Step<Link>[] {
    return alphabet.flatMap((event) => {
      const internal = event.type.startsWith('xstate.');
      const due = event.type.startsWith('xstate.after.') ? state.timers.includes(event.type) : state.sessions > 0;
      if (internal && !due) return [];
      const { state: machine, effects } = connection.reduce(state.machine, event as never);
      const fault = (event as { error?: { code?: string } }).error?.code ?? '';
      return [{ label: `${event.type} ${fault}`.trim(), state: follow(state, machine, effects) }];
    });
  }

  function follow({ sessions, timers }: Link, machine: Link['machine'], effects: readonly Effect[]): Link {
    let running = sessions;
    const set = new Set(timers);
    for (const effect of effects) {
      if (effect.type === 'start') running += 1;
      else if (effect.type === 'stop') running -= 1;
      else if (effect.type === 'timer') set.add(effect.id);
      else if (effect.type === 'cancel') set.delete(effect.id);
    }
    return { machine, sessions: running, timers: [...set].toSorted() };
  }

  function judge({ machine, sessions, timers }: Link): string | undefined {
    const leaf = connection.leaves[machine.leaf];
    if (machine.status === 'error') return 'no end of a session ends the machine';
    if (sessions !== (leaf?.tags.has('linked') ? 1 : 0)) return 'one session runs while linked, none otherwise';
    if (!leaf?.timers.some((timer) => timers.includes(timer))) return 'every state has a timer that runs';
    if (leaf.tags.has('acceptsSetpoints') !== (leaf.name === 'linked.online'))
      return 'setpoints are accepted online only';
    const hurried = connection.reduce(machine, { type: 'HURRY' }).state;
    const tries = connection.leaves[hurried.leaf]?.tags.has('linked');
    return tries ? undefined : 'who has to be stopped is tried at once';
  }
}

/** Every state of every machine rests by intent, or has a timer, or leaves by itself. */
export function timeouts(parts: Parts): Verdict {
  const name = 'timeouts';
  let states = 0;
  for (const { name: machine, resting } of SUBJECTS) {
    for (const { name: state, timers, hasAlways } of parts[machine].leaves) {
      states += 1;
      if (timers.length > 0 || hasAlways || resting.includes(state)) continue;
      const violation = { invariant: 'every transitional state has a timeout', trace: [`${machine}: ${state}`] };
      return { name, states, transitions: 0, depth: 0, cuts: {}, complete: false, violation };
    }
  }
  return { name, states, transitions: 0, depth: 0, cuts: {}, complete: true, violation: undefined };
}
