/**
 * Exhaustive search, breadth first: every state that can be reached, every step from it, each judged by the invariants.
 *
 * What was found by the shortest way is kept, so a counter-example is the shortest there is. Nothing is cut silently: a
 * model reports each step that it leaves out for a bound, and the search its own bound.
 */

export type Step<State> = {
  /** What happens, in words. */
  readonly label: string;
  readonly state: State;
  /** The invariant that this step breaks, and how. */
  readonly breaks?: string | undefined;
};

export type Composition<State> = {
  readonly name: string;
  readonly about: string;
  /** What the states are made of, and what is left out or assumed. */
  readonly modelled: readonly string[];
  readonly assumed: readonly string[];
  readonly invariants: readonly string[];
  readonly bounds: Readonly<Record<string, number>>;
  readonly initial: readonly State[];
  /** `cut` says that a step was left out, and for which bound. */
  readonly steps: (state: State, cut: (bound: string) => void) => readonly Step<State>[];
  /** The invariant that does not hold here, and how. */
  readonly judge: (state: State) => string | undefined;
  readonly keyOf: (state: State) => string;
};

export type Verdict = {
  readonly name: string;
  readonly states: number;
  readonly transitions: number;
  /** The longest of the shortest ways. */
  readonly depth: number;
  /** Steps that were left out, by bound. */
  readonly cuts: Readonly<Record<string, number>>;
  /** False where the search itself gave up: nothing is proven then. */
  readonly complete: boolean;
  readonly violation: { readonly invariant: string; readonly trace: readonly string[] } | undefined;
};

const MOST_STATES = 6_000_000;

export function search<State>(model: Composition<State>, mostStates = MOST_STATES): Verdict {
  const numbers = new Map<string, number>();
  const parents: number[] = [];
  const labels: string[] = [];
  const cuts: Record<string, number> = {};
  let transitions = 0;
  let frontier: { readonly number: number; readonly state: State }[] = [];
  let violation: Verdict['violation'];
  const cut = (bound: string): void => {
    cuts[bound] = (cuts[bound] ?? 0) + 1;
  };

  for (const state of model.initial) enter(state, -1, 'start', frontier);
  let depth = 0;
  while (frontier.length > 0 && violation === undefined && numbers.size < mostStates) {
    const next: typeof frontier = [];
    for (const { number, state } of frontier) {
      for (const step of model.steps(state, cut)) {
        transitions += 1;
        if (step.breaks !== undefined) violation = { invariant: step.breaks, trace: [...wayTo(number), step.label] };
        else enter(step.state, number, step.label, next);
        if (violation !== undefined) break;
      }
      if (violation !== undefined || numbers.size >= mostStates) break;
    }
    frontier = next;
    if (next.length > 0) depth += 1;
  }
  const complete = violation === undefined && frontier.length === 0;
  return { name: model.name, states: numbers.size, transitions, depth, cuts, complete, violation };

  function enter(state: State, parent: number, label: string, into: typeof frontier): void {
    const key = model.keyOf(state);
    if (numbers.has(key)) return;
    const number = numbers.size;
    numbers.set(key, number);
    parents.push(parent);
    labels.push(label);
    const broken = model.judge(state);
    if (broken !== undefined) violation = { invariant: broken, trace: wayTo(number) };
    into.push({ number, state });
  }

  function wayTo(number: number): readonly string[] {
    const way: string[] = [];
    for (let at = number; at >= 0; at = parents[at] ?? -1) way.unshift(labels[at] ?? '');
    return way;
  }
}
