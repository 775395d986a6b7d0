/**
 * Walks through a machine that take every transition, and every pair of transitions that can follow each other.
 *
 * A transition is a state, an event and what comes of it; events that change nothing are taken once from every state too.
 */
import type { AnyStateMachine } from 'xstate';
import type { CompiledMachine, CompiledState, Effect } from '../machines/compiled/compile.ts';
import { alphabetOf } from './subjects.ts';
import type { AnyEvent, Subject } from './subjects.ts';

/** One line of a scenario: the event, where it leads, what it changes and starts. */
export type ScenarioStep = { readonly event: string; readonly outcome: string };
export type Scenario = { readonly input: number; readonly steps: readonly ScenarioStep[] };

type Any = CompiledMachine<AnyStateMachine>;
type State = CompiledState<unknown>;
type Edge = { readonly label: string; readonly to: number; readonly name: string };

/** A scenario ends after about so many events, so that a failure has a short story. */
const LONGEST = 40;

export function labelsOf(subject: Subject, compiled: Any): ReadonlyMap<string, AnyEvent> {
  return new Map(alphabetOf(subject, compiled).map((event) => [labelOf(event), event]));
}

/** The event in one line: its type and its payload. */
function labelOf({ type, ...payload }: AnyEvent): string {
  const name = type.replace(/^xstate\.(after|done|error)\.(?:actor\.)?/, '$1 ');
  const error = payload['error'] as { code?: string } | undefined;
  const { order } = payload as { order?: { w: number } };
  const rest = Object.entries(payload).filter(([key]) => key !== 'error' && key !== 'order');
  const words = rest.filter(([, value]) => value !== undefined).map(([key, value]) => `${key}=${short(value)}`);
  return [name, ...(error?.code ? [error.code] : []), ...(order ? [`${order.w} W`] : []), ...words].join(' ');
}

/** What an event does, in one line: state, what is new in the context, effects. */
function outcomeOf({ leaves }: Any, before: State, after: State, effects: readonly Effect[]): string {
  const old = before.context as Record<string, unknown>;
  const changes = Object.entries(after.context as Record<string, unknown>)
    .filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(old[key]))
    .map(([key, value]) => `${key}=${short(value)}`);
  const done = effects.map((effect) => {
    if (effect.type === 'timer') return `timer ${effect.delayMs}`;
    return effect.type === 'cancel' ? 'cancel' : effect.type;
  });
  const name = after.status === 'error' ? 'ERROR' : (leaves[after.leaf]?.name ?? '');
  return [name, ...changes, ...(done.length > 0 ? [`(${done.join(', ')})`] : [])].join(' ');
}

/** An order by its id, any other object by what is true of it and what its words are. */
function short(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if ('id' in value) return String(value.id);
  const words = Object.entries(value).flatMap(([key, one]: [string, unknown]) =>
    typeof one === 'string' ? [one] : one === true ? [key] : typeof one === 'number' ? [`${key}:${one}`] : [],
  );
  return words.join('+') || 'nothing';
}

/** What the events do, one after the other, from the start. */
export function replay(
  subject: Subject,
  compiled: Any,
  input: number,
  events: readonly string[],
): readonly ScenarioStep[] {
  const labels = labelsOf(subject, compiled);
  let { state } = compiled.start(subject.inputs[input] as never);
  return events.map((event) => {
    const before = state;
    const { state: after, effects } = compiled.reduce(before, labels.get(event) as never);
    state = after;
    return { event, outcome: outcomeOf(compiled, before, after, effects) };
  });
}

/** Scenarios that together take every pair of consecutive transitions from one input. */
export function scenariosOf(subject: Subject, compiled: Any, input: number): readonly Scenario[] {
  const labels = labelsOf(subject, compiled);
  const states: State[] = [];
  const numbers = new Map<string, number>();
  const edges: (readonly Edge[])[] = [];
  const first = compiled.start(subject.inputs[input] as never).state;
  numberOf(first);
  for (let at = 0; at < states.length; at += 1) edges[at] = edgesOf(states[at] as State);

  const pairs = new Set<string>();
  const taken = new Set<string>();
  const scenarios: Scenario[] = [];
  for (;;) {
    const events: string[] = [];
    let place = 0;
    let last = '';
    while (events.length < LONGEST) {
      const way = nearest(place, last);
      if (!way) break;
      for (const edge of way) {
        pairs.add(`${last} | ${edge.name}`);
        taken.add(edge.name);
        events.push(edge.label);
        last = edge.name;
        place = edge.to;
      }
    }
    if (events.length === 0) return scenarios;
    scenarios.push({ input, steps: replay(subject, compiled, input, events) });
  }

  function numberOf(state: State): number {
    const { epoch, failures, ...rest } = state.context as Record<string, unknown>;
    const key = JSON.stringify([
      state.leaf,
      state.status,
      rest,
      Math.min(Number(failures ?? 0), 6),
      epoch === undefined,
    ]);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, states.length);
    states.push(state);
    return states.length - 1;
  }

  function edgesOf(state: State): readonly Edge[] {
    if (state.status === 'error') return [];
    const { name: from, events = [] } = compiled.leaves[state.leaf] ?? {};
    // A timer fires, and an actor ends, only where it runs.
    const possible = [...labels].filter(([, { type }]) => !type.startsWith('xstate.') || events.includes(type));
    return possible.map(([label, event]) => {
      const { state: next, effects } = compiled.reduce(state, event as never);
      const to = compiled.leaves[next.leaf]?.name;
      const idle = next === state && effects.length === 0;
      return {
        label,
        to: numberOf(next),
        name: idle ? `${from}: ${label} (nothing)` : `${from}: ${label} > ${to}`,
      };
    });
  }

  /** The shortest way that ends with a pair which was not taken yet. */
  function nearest(place: number, last: string): readonly Edge[] | undefined {
    const seen = new Set([`${place} ${last}`]);
    let frontier: { readonly place: number; readonly last: string; readonly way: readonly Edge[] }[] = [
      { place, last, way: [] },
    ];
    while (frontier.length > 0) {
      const next: typeof frontier = [];
      for (const node of frontier)
        for (const edge of edges[node.place] ?? []) {
          const way = [...node.way, edge];
          if (isNew(node.last, edge)) return way;
          const key = `${edge.to} ${edge.name}`;
          if (seen.has(key)) continue;
          seen.add(key);
          next.push({ place: edge.to, last: edge.name, way });
        }
      frontier = next;
    }
    return undefined;
  }

  /** Pairs with an event that does nothing say no more than the event alone. */
  function isNew(last: string, { name }: Edge): boolean {
    if (name.endsWith('(nothing)')) return !taken.has(name);
    return !last.endsWith('(nothing)') && !pairs.has(`${last} | ${name}`);
  }
}

/** Scenarios as they stand in a file of scripts/generate-tests.ts. */
export function parseScenarios(text: string): readonly Scenario[] {
  return text
    .split('\n\n')
    .slice(1)
    .map((block) => {
      const [head = '', ...lines] = block.trim().split('\n');
      const steps = lines.map((line) => {
        const [event = '', outcome = ''] = line.trim().split(' > ');
        return { event, outcome };
      });
      return { input: Number(/input (\d+)/.exec(head)?.[1]) - 1, steps };
    });
}
