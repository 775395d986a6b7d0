/**
 * Compiles a machine into a table: the same states, transitions and effects as XState, as one pure reducer.
 *
 *   (state, event) ──row of the leaf──▶ first candidate whose guard passes ──▶ (state, effects)
 *
 * XState stays the source: the table is read from its resolved nodes, in SCXML's order of exit, transition and entry.
 * Invariant: for every state and event the reducer gives what XState's `transition` gives; what it cannot give it
 * refuses here, when it is compiled. Timers and invoked actors are effects, and their ends are events.
 */
import type { AnyStateMachine, AnyStateNode, ContextFrom, EventFrom, InputFrom } from 'xstate';
import { stepsEntering, stepsLeaving, stepsOf } from './steps.ts';
import type { Guard, Step } from './steps.ts';
import { guardOf } from './steps.ts';
import { checkSupported, refuse } from './supported.ts';
import type { Written } from './supported.ts';

export type Effect =
  | { readonly type: 'start'; readonly id: string; readonly src: string; readonly input: unknown }
  | { readonly type: 'stop'; readonly id: string }
  /** After `delayMs` the event named `id` comes, unless it is cancelled. */
  | { readonly type: 'timer'; readonly id: string; readonly delayMs: number }
  | { readonly type: 'cancel'; readonly id: string }
  /** A named action that is not an assignment. */
  | { readonly type: 'act'; readonly name: string; readonly params: unknown };

export type CompiledState<Context> = {
  readonly leaf: number;
  readonly context: Context;
  /** `error`: an invoked actor failed and nobody took it. */
  readonly status: 'active' | 'error';
};

export type Reduced<Context> = { readonly state: CompiledState<Context>; readonly effects: readonly Effect[] };

/** The end of a timer or of an invoked actor, named as XState names it. */
export type InternalEvent = { readonly type: `xstate.${string}`; readonly error?: unknown; readonly output?: unknown };

/** An atomic state with its ancestors. */
export type Leaf = {
  readonly name: string;
  readonly value: unknown;
  readonly tags: ReadonlySet<string>;
  readonly events: readonly string[];
  /** Timers that run while this state is active, by the event that they end with. */
  readonly timers: readonly string[];
  readonly hasAlways: boolean;
};

export type CompiledMachine<Machine extends AnyStateMachine> = {
  readonly id: string;
  readonly leaves: readonly Leaf[];
  /** Ids of the actors that some state invokes. */
  readonly invoked: readonly string[];
  readonly start: (input: InputFrom<Machine>) => Reduced<ContextFrom<Machine>>;
  readonly reduce: (
    state: CompiledState<ContextFrom<Machine>>,
    event: EventFrom<Machine> | InternalEvent,
  ) => Reduced<ContextFrom<Machine>>;
};

/** One way to take an event in one leaf: everything but the guard is known beforehand. */
type Move = { readonly guard: Guard | undefined; readonly to: number; readonly steps: readonly Step[] };
type Row = {
  readonly leaf: Leaf;
  readonly on: ReadonlyMap<string, readonly Move[]>;
  readonly always: readonly Move[];
  readonly invoked: readonly string[];
};

const NO_EFFECTS: readonly Effect[] = [];
const UNBOUNDED = 1000;

export function compile<Machine extends AnyStateMachine>(machine: Machine): CompiledMachine<Machine> {
  type Context = ContextFrom<Machine>;
  type State = CompiledState<Context>;
  checkSupported(machine.id, machine.config as Written);
  const root = machine.root as AnyStateNode;
  const leafNodes = leavesBelow(root);
  const rows: readonly Row[] = leafNodes.map((node) => rowOf(machine, node, leafNodes));
  const longest = (machine.options as { maxIterations?: number } | undefined)?.maxIterations ?? UNBOUNDED;
  const first = descend(root);
  const entering = [root, ...first].flatMap((node) => stepsEntering(machine, node));
  const firstLeaf = leafNodes.indexOf(first.at(-1) ?? root);

  const invoked = [...new Set(rows.flatMap((row) => row.invoked))];
  return { id: machine.id, leaves: rows.map(({ leaf }) => leaf), invoked, start, reduce };

  function start(input: InputFrom<Machine>): Reduced<Context> {
    const { context: made } = machine.config as { context?: unknown };
    const context = (typeof made === 'function' ? (made as (args: unknown) => Context)({ input }) : made) as Context;
    const effects: Effect[] = [];
    const event = { type: 'xstate.init', input };
    const state = perform(entering, firstLeaf, { leaf: firstLeaf, context, status: 'active' }, event, effects);
    return settle(state, event, effects);
  }

  function reduce(state: State, event: EventFrom<Machine> | InternalEvent): Reduced<Context> {
    if (state.status === 'error') return { state, effects: NO_EFFECTS };
    const row = rows[state.leaf] as Row;
    const move = choose(row.on.get(event.type), state, event);
    if (move === undefined) {
      if (event.type.startsWith('xstate.error.actor.')) return broken(state, row);
      return row.always.length === 0 ? { state, effects: NO_EFFECTS } : settle(state, event, []);
    }
    const effects: Effect[] = [];
    return settle(perform(move.steps, move.to, state, event, effects), event, effects);
  }

  /** Takes eventless transitions until none is left. */
  function settle(from: State, event: { type: string }, effects: Effect[]): Reduced<Context> {
    let state = from;
    for (let count = 0; ; count += 1) {
      const { always } = rows[state.leaf] as Row;
      const move = always.length === 0 ? undefined : choose(always, state, event);
      if (move === undefined) return { state, effects };
      if (count >= longest) throw new Error(`the machine ${machine.id} does not come to rest`);
      state = perform(move.steps, move.to, state, event, effects);
    }
  }

  function broken(state: State, { invoked }: Row): Reduced<Context> {
    return { state: { ...state, status: 'error' }, effects: invoked.map((id) => ({ type: 'stop', id })) };
  }
}

function choose<Context>(
  moves: readonly Move[] | undefined,
  { context }: CompiledState<Context>,
  event: { type: string },
): Move | undefined {
  if (moves === undefined) return undefined;
  for (const move of moves) if (move.guard === undefined || move.guard(context, event)) return move;
  return undefined;
}

function perform<Context>(
  steps: readonly Step[],
  leaf: number,
  state: CompiledState<Context>,
  event: { type: string },
  effects: Effect[],
): CompiledState<Context> {
  let { context } = state;
  for (const step of steps) {
    if (step.kind === 'assign') context = step.next(context, event) as Context;
    else effects.push(step.effect(context, event));
  }
  return leaf === state.leaf && context === state.context ? state : { leaf, context, status: 'active' };
}

function rowOf(machine: AnyStateMachine, node: AnyStateNode, leafNodes: readonly AnyStateNode[]): Row {
  const chain = [node, ...ancestorsOf(node)];
  const on = new Map<string, Move[]>();
  for (const one of chain)
    for (const [event, transitions] of one.transitions)
      on.set(event, [...(on.get(event) ?? []), ...transitions.map((transition) => moveOf(transition as Transition))]);
  const always = chain.flatMap((one) => (one.always ?? []).map((transition) => moveOf(transition as Transition)));
  const leaf: Leaf = {
    name: node.path.join('.') || node.key,
    value: valueOf(node.path),
    tags: new Set(chain.flatMap(({ tags }) => tags)),
    events: [...on.keys()],
    timers: chain.flatMap((one) => one.after.map(({ eventType }) => eventType)),
    hasAlways: always.length > 0,
  };
  return { leaf, on, always, invoked: chain.flatMap(({ invoke }) => invoke.map(({ id }) => id)) };

  function moveOf(transition: Transition): Move {
    const { source, target: targets, guard, actions, reenter } = transition;
    const own = actions.flatMap((action) => stepsOf(machine, source, action));
    const [target] = targets ?? [];
    const checked = guardOf(machine, guard);
    if (!target) return { guard: checked, to: leafNodes.indexOf(node), steps: own };
    if (source.parent === undefined && reenter)
      refuse(machine.id, `on.${transition.eventType}.reenter`, 'the root is not entered again');
    const domain = domainOf(source, target, reenter);
    const left = chain.filter((one) => isBelow(one, domain));
    const entered = [
      ...ancestorsOf(target)
        .filter((one) => isBelow(one, domain))
        .toReversed(),
      ...(target === domain ? [] : [target]),
      ...descend(target),
    ];
    const steps = [
      ...left.flatMap((one) => stepsLeaving(machine, one)),
      ...own,
      ...entered.flatMap((one) => stepsEntering(machine, one)),
    ];
    return { guard: checked, to: leafNodes.indexOf(descend(target).at(-1) ?? target), steps };
  }
}

/** A transition as XState resolves it. */
type Transition = {
  readonly source: AnyStateNode;
  readonly target?: readonly AnyStateNode[] | undefined;
  readonly guard?: unknown;
  readonly actions: readonly unknown[];
  readonly reenter: boolean;
  readonly eventType: string;
};

/** The innermost state that is neither left nor entered. */
function domainOf(source: AnyStateNode, target: AnyStateNode, reenter: boolean): AnyStateNode | undefined {
  if (!reenter && (target === source || isBelow(target, source))) return source;
  return ancestorsOf(target).find((ancestor) => isBelow(source, ancestor)) ?? source.machine.root;
}

/** From the nearest to the root. */
function ancestorsOf(node: AnyStateNode): readonly AnyStateNode[] {
  return node.parent ? [node.parent, ...ancestorsOf(node.parent)] : [];
}

function isBelow(node: AnyStateNode, above: AnyStateNode | undefined): boolean {
  return above !== undefined && ancestorsOf(node).includes(above);
}

/** The states that are entered with this one, by `initial`, down to the leaf. */
function descend(node: AnyStateNode): readonly AnyStateNode[] {
  if (node.type !== 'compound') return [];
  const [child] = (node.initial as { target: readonly AnyStateNode[] }).target;
  return child ? [child, ...descend(child)] : [];
}

function leavesBelow(node: AnyStateNode): readonly AnyStateNode[] {
  const children = Object.values(node.states) as AnyStateNode[];
  return children.length === 0 ? [node] : children.flatMap(leavesBelow);
}

function valueOf([first, ...rest]: readonly string[]): unknown {
  if (first === undefined) return {};
  return rest.length === 0 ? first : { [first]: valueOf(rest) };
}
