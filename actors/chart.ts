/**
 * A compiled machine at work: its timers on the clock, its changes of state told.
 *
 * For machines that follow every frame, where an actor of XState would cost more than the work itself. Only machines whose
 * effects are timers; one that acts or invokes is run by XState. It ends with its actor, whose clock takes the timers along.
 */
import type { AnyStateMachine, EventFrom, InputFrom } from 'xstate';
import type { Clock, TimerId } from '../contracts/clock.ts';
import type { CompiledMachine, Effect, InternalEvent } from '../machines/compiled/compile.ts';

export type Chart<Machine extends AnyStateMachine> = {
  /** The name of the innermost state it is in. */
  readonly state: () => string;
  readonly send: (event: EventFrom<Machine>) => void;
};

export function runChart<Machine extends AnyStateMachine>(
  machine: CompiledMachine<Machine>,
  input: InputFrom<Machine>,
  clock: Clock,
  changed: (from: string, to: string) => void,
): Chart<Machine> {
  const timers = new Map<string, TimerId>();
  const first = machine.start(input);
  let now = first.state;
  obey(first.effects);
  return {
    state: () => nameOf(now.leaf),
    send: hear,
  };

  function hear(event: EventFrom<Machine> | InternalEvent): void {
    const before = now;
    const { state, effects } = machine.reduce(before, event);
    now = state;
    obey(effects);
    if (state.leaf !== before.leaf) changed(nameOf(before.leaf), nameOf(state.leaf));
  }

  function obey(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.type === 'timer') arm(effect);
      else if (effect.type === 'cancel') disarm(effect.id);
      else throw new Error(`the machine ${machine.id} has an effect of type ${effect.type}: XState must run it`);
    }
  }

  function arm({ id, delayMs }: Extract<Effect, { type: 'timer' }>): void {
    disarm(id);
    const end = (): void => {
      timers.delete(id);
      hear({ type: id } as InternalEvent);
    };
    timers.set(id, clock.setTimeout(end, delayMs));
  }

  function disarm(id: string): void {
    if (timers.has(id)) clock.clearTimeout(timers.get(id));
    timers.delete(id);
  }

  function nameOf(leaf: number): string {
    return machine.leaves[leaf]?.name.split('.').at(-1) ?? '';
  }
}
