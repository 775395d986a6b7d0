/**
 * Is the compiled machine the same machine? Random walks through both, compared after every event: state, context, tags,
 * status and every effect, in order. XState's side is its own pure `transition`.
 */
import { initialTransition, transition } from 'xstate';
import type { AnyMachineSnapshot, AnyStateMachine, SnapshotFrom } from 'xstate';
import { compile } from '../machines/compiled/compile.ts';
import type { CompiledMachine, Reduced } from '../machines/compiled/compile.ts';
import { alphabetOf } from './subjects.ts';
import type { AnyEvent, Subject } from './subjects.ts';

export type Comparison = {
  readonly events: number;
  /** Leaf and event that were met together. */
  readonly pairs: number;
  readonly difference: string | undefined;
};

/** A walk starts anew after this many events, with the next input. */
const WALK_LENGTH = 200;

export function compareByChance(subject: Subject, events: number, seed: number): Comparison {
  const compiled = compile(subject.machine);
  const alphabet = alphabetOf(subject, compiled);
  const next = chance(seed);
  const pairs = new Set<string>();
  const walked: string[] = [];
  let theirs: AnyMachineSnapshot | undefined;
  let ours: Reduced<unknown> | undefined;
  for (let count = 0; count < events; count += 1) {
    let found: readonly [AnyMachineSnapshot, readonly unknown[]];
    if (theirs === undefined || ours === undefined || count % WALK_LENGTH === 0) {
      const input = subject.inputs[Math.floor(count / WALK_LENGTH) % subject.inputs.length];
      walked.length = 0;
      found = initialTransition(subject.machine, input as never) as unknown as typeof found;
      ours = compiled.start(input as never);
    } else {
      const event = alphabet[Math.floor(next() * alphabet.length)] as AnyEvent;
      walked.push(event.type);
      pairs.add(`${ours.state.leaf} ${event.type}`);
      found = transition(subject.machine, theirs as SnapshotFrom<AnyStateMachine>, event) as unknown as typeof found;
      ours = compiled.reduce(ours.state, event as never);
    }
    const [snapshot, actions] = found;
    const difference = differenceOf(compiled, snapshot, actions, ours);
    if (difference !== undefined)
      return { events: count, pairs: pairs.size, difference: `${difference}\n  after ${walked.join(', ')}` };
    theirs = snapshot.status === 'active' ? snapshot : undefined;
  }
  return { events, pairs: pairs.size, difference: undefined };
}

function differenceOf(
  { leaves }: CompiledMachine<AnyStateMachine>,
  snapshot: AnyMachineSnapshot,
  actions: readonly unknown[],
  { state, effects }: Reduced<unknown>,
): string | undefined {
  const leaf = leaves[state.leaf];
  const theirs = [snapshot.value, snapshot.status, snapshot.context, [...snapshot.tags].toSorted()];
  const ours = [leaf?.value, state.status, state.context, [...(leaf?.tags ?? [])].toSorted()];
  const theirEffects = (actions as readonly XstateAction[]).map(effectOf);
  if (text(theirs) !== text(ours)) return `state: ${text(ours)}, expected ${text(theirs)}`;
  if (text(theirEffects) !== text(effects)) return `effects: ${text(effects)}, expected ${text(theirEffects)}`;
  return undefined;
}

type XstateAction = { readonly type: string; readonly params: Readonly<Record<string, unknown>> | undefined };

/** What XState wants done, in the words of the compiled machine. */
function effectOf({ type, params: given }: XstateAction): unknown {
  const params = given ?? {};
  switch (type) {
    case 'xstate.spawnChild':
      return { type: 'start', id: params['id'], src: params['src'], input: params['input'] };
    case 'xstate.stopChild':
      return { type: 'stop', id: params['id'] };
    case 'xstate.raise':
      return { type: 'timer', id: params['id'], delayMs: params['delay'] };
    case 'xstate.cancel':
      return { type: 'cancel', id: params['sendId'] };
    default:
      return { type: 'act', name: type, params: given };
  }
}

/** Undefined fields count too. */
function text(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) => (one === undefined ? '(undefined)' : one));
}

/** Mulberry32: numbers from 0 to below 1, the same for the same seed. */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
