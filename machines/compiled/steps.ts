/**
 * The single steps of a transition: an assignment to the context, or one effect, as functions of context and event.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { Effect } from './compile.ts';
import { refuse } from './supported.ts';

type Happened = { readonly type: string };
export type Guard = (context: unknown, event: Happened) => boolean;
export type Step =
  | { readonly kind: 'assign'; readonly next: (context: unknown, event: Happened) => unknown }
  | { readonly kind: 'effect'; readonly effect: (context: unknown, event: Happened) => Effect };

type Given = { readonly context: unknown; readonly event: Happened };
type Call = (given: Given, params?: unknown) => unknown;
/** A name, a name with parameters, or a function. */
type Named = string | { readonly type: string; readonly params?: unknown } | Call;
/** What `assign`, and the timers of `after`, leave on the functions that they make. */
type Made = Call & {
  readonly type?: string;
  readonly assignment?: unknown;
  readonly id?: string;
  readonly delay?: unknown;
  readonly sendId?: string;
};

export function stepsEntering(machine: AnyStateMachine, node: AnyStateNode): readonly Step[] {
  const initial = node.type === 'compound' ? (node.initial as { actions: readonly unknown[] }).actions : [];
  if (initial.length > 0) refuse(machine.id, `${node.id}.initial`, 'actions are not supported here');
  return [
    ...node.entry.flatMap((action) => stepsOf(machine, node, action)),
    ...node.invoke.map(({ id, src, input }): Step => {
      const resolve = (context: unknown, event: Happened): unknown =>
        typeof input === 'function' ? (input as Call)({ context, event }) : input;
      return {
        kind: 'effect',
        effect: (context, event) => ({ type: 'start', id, src: String(src), input: resolve(context, event) }),
      };
    }),
  ];
}

export function stepsLeaving(machine: AnyStateMachine, node: AnyStateNode): readonly Step[] {
  return [
    ...node.exit.flatMap((action) => stepsOf(machine, node, action)),
    ...node.invoke.map(({ id }): Step => ({ kind: 'effect', effect: () => ({ type: 'stop', id }) })),
  ];
}

/** One action of the source. Names stand for what `setup` gives them. */
export function stepsOf(machine: AnyStateMachine, node: AnyStateNode, action: unknown): readonly Step[] {
  const { name, params, call } = lookUp(machine, 'actions', action as Named);
  const at = `${node.id}: action ${name}`;
  if (!call) return refuse(machine.id, at, 'it has no implementation');
  const { type, assignment, id, delay, sendId } = call as Made;
  if (type === 'xstate.assign') return [{ kind: 'assign', next: assigning(assignment, params) }];
  if (type === 'xstate.raise' && id?.startsWith('xstate.after.')) return [timer(machine, id, delay)];
  if (type === 'xstate.cancel' && sendId !== undefined)
    return [{ kind: 'effect', effect: () => ({ type: 'cancel', id: sendId }) }];
  if (type !== undefined) return refuse(machine.id, at, `${type} is not supported`);
  return [
    {
      kind: 'effect',
      effect: (context, event) => ({ type: 'act', name, params: resolved(params, { context, event }) }),
    },
  ];
}

export function guardOf(machine: AnyStateMachine, guard: unknown): Guard | undefined {
  if (guard === undefined) return undefined;
  const { name, params, call } = lookUp(machine, 'guards', guard as Named);
  if (!call || 'check' in call) return refuse(machine.id, `guard ${name}`, 'it is not a plain function');
  return (context, event) => Boolean(call({ context, event }, resolved(params, { context, event })));
}

/** The context with what the assignment changes. */
function assigning(assignment: unknown, params: unknown): (context: unknown, event: Happened) => unknown {
  if (typeof assignment === 'function') {
    const assign = assignment as Call;
    return (context, event) => ({
      ...(context as object),
      ...(assign({ context, event }, resolved(params, { context, event })) as object),
    });
  }
  const entries = Object.entries(assignment as object) as [string, unknown][];
  const constant = entries.every(([, value]) => typeof value !== 'function');
  if (constant) return (context) => ({ ...(context as object), ...(assignment as object) });
  return (context, event) => {
    const given = { context, event };
    const values = entries.map(([key, value]) => [
      key,
      typeof value === 'function' ? (value as Call)(given, resolved(params, given)) : value,
    ]);
    return { ...(context as object), ...(Object.fromEntries(values) as object) };
  };
}

function timer(machine: AnyStateMachine, id: string, delay: unknown): Step {
  const found = typeof delay === 'string' ? (machine.implementations.delays as Record<string, unknown>)[delay] : delay;
  if (typeof found === 'number') return { kind: 'effect', effect: () => ({ type: 'timer', id, delayMs: found }) };
  if (typeof found !== 'function') return refuse(machine.id, id, 'its delay is not known');
  return {
    kind: 'effect',
    effect: (context, event) => ({ type: 'timer', id, delayMs: Number((found as Call)({ context, event })) }),
  };
}

function lookUp(
  machine: AnyStateMachine,
  kind: 'actions' | 'guards',
  named: Named,
): { name: string; params: unknown; call: Call | undefined } {
  if (typeof named === 'function') return { name: 'inline', params: undefined, call: named };
  const { type: name, params } = typeof named === 'string' ? { type: named, params: undefined } : named;
  return { name, params, call: (machine.implementations[kind] as Record<string, Call | undefined>)[name] };
}

function resolved(params: unknown, given: Given): unknown {
  return typeof params === 'function' ? (params as (given: Given) => unknown)(given) : params;
}
