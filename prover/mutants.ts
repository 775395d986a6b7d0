/**
 * Mutants of a machine, made from its config: each transition dropped or led to every other state beside its target, each
 * guard dropped or turned round, each action, entry, exit and tag dropped.
 */
import { createMachine } from 'xstate';
import type { AnyStateMachine } from 'xstate';
import type { CompiledMachine } from '../machines/compiled/compile.ts';
import { aloneOf } from './compose-alone.ts';
import { driverAlone } from './compose-driver.ts';
import { linkOf, timeouts } from './compose-link.ts';
import { siteOf } from './compose-site.ts';
import type { Parts } from './parts.ts';
import { ONE_REGISTER } from './plant.ts';
import { search } from './search.ts';
import type { Subject } from './subjects.ts';

export type Mutant = { readonly name: string; readonly machine: AnyStateMachine };

type Node = Record<string, unknown>;
type Guard = (given: unknown, params?: unknown) => boolean;

export function mutantsOf({ machine }: Subject): readonly Mutant[] {
  const mutants: Mutant[] = [];
  visit(machine.config as Node, []);
  return mutants;

  function visit(state: Node, path: readonly string[]): void {
    const at = path.filter((key) => key !== 'states').join('.') || 'every state';
    const beside = Object.keys((valueAt(machine.config, path.slice(0, -1)) ?? {}) as Node);
    const within = Object.keys((state['states'] ?? {}) as Node).map((child) => `.${child}`);
    const targets = path.length === 0 ? within : [...within, ...beside];
    for (const kind of ['on', 'after'] as const)
      for (const event of Object.keys((state[kind] ?? {}) as Node))
        mutate(path, [kind, event], `${at}: ${event}`, targets);
    if (state['always'] !== undefined) mutate(path, ['always'], `${at}: always`, targets);
    for (const end of ['onDone', 'onError'])
      if ((state['invoke'] as Node | undefined)?.[end]) mutate(path, ['invoke', end], `${at}: ${end}`, targets);
    for (const key of ['entry', 'exit'] as const)
      if (state[key] !== undefined) add(`${at}: no ${key}`, [...path, key], undefined);
    const tags = ([state['tags'] ?? []] as unknown[]).flat() as readonly string[];
    for (const tag of tags)
      add(
        `${at}: no tag ${tag}`,
        [...path, 'tags'],
        tags.filter((other) => other !== tag),
      );
    for (const [name, child] of Object.entries((state['states'] ?? {}) as Node))
      visit(child as Node, [...path, 'states', name]);
  }

  function mutate(path: readonly string[], keys: readonly string[], what: string, targets: readonly string[]): void {
    const place = [...path, ...keys];
    const written = valueAt(machine.config, place);
    const list = (Array.isArray(written) ? written : [written]).map(
      (one: unknown) => (typeof one === 'string' ? { target: one } : one) as Node,
    );
    for (const [index, transition] of list.entries()) {
      const name = list.length > 1 ? `${what} (${index + 1})` : what;
      const put = (how: string, changed: Node | undefined): void =>
        add(
          `${name}: ${how}`,
          place,
          list.flatMap((one, at) => (at === index ? (changed ? [changed] : []) : [one])),
        );
      put('dropped', undefined);
      const { target, guard, actions } = transition;
      const isWithin = String(target).startsWith('.');
      for (const other of targets)
        if (target !== undefined && target !== other && other.startsWith('.') === isWithin)
          put(`leads to ${other.replace('.', '')}`, { ...transition, target: other });
      if (target !== undefined) put('leads nowhere', { ...transition, target: undefined });
      if (guard !== undefined) put('no guard', { ...transition, guard: undefined });
      if (guard !== undefined) put('guard turned round', { ...transition, guard: opposite(String(guard)) });
      if (actions !== undefined) put('no actions', { ...transition, actions: undefined });
    }
  }

  function opposite(name: string): Guard {
    const guard = (machine.implementations.guards as Record<string, Guard>)[name];
    return (given, params) => guard?.(given, params) !== true;
  }

  function add(name: string, place: readonly string[], value: unknown): void {
    try {
      const config = replaced(machine.config, place, value);
      mutants.push({
        name,
        machine: createMachine(config as never, machine.implementations as never) as unknown as AnyStateMachine,
      });
    } catch {
      return; // a target that does not exist here is no mutant
    }
  }
}

function valueAt(value: unknown, [key, ...rest]: readonly string[]): unknown {
  return key === undefined ? value : valueAt((value as Node | undefined)?.[key], rest);
}

/** A copy with another value at one place; undefined values are left out. */
function replaced(value: unknown, [key, ...rest]: readonly string[], put: unknown): unknown {
  if (key === undefined) return put;
  const { [key]: old, ...others } = value as Node;
  const next = replaced(old, rest, put);
  return next === undefined ? others : { ...(value as Node), [key]: next };
}

/** States searched for a mutant: it must be found soon, or it counts as a survivor of the search. */
const MOST_STATES = 5000;

/** The invariant that a machine in the place of the shipped one breaks, in compositions that are quick enough for all mutants. */
export function brokenBy(subject: Subject, parts: Parts): string | undefined {
  try {
    return violated(subject, parts);
  } catch (error) {
    // A mutant that goes round for ever is found by the bound of the machine.
    return error instanceof Error ? error.message : String(error);
  }
}

function violated(subject: Subject, parts: Parts): string | undefined {
  const setting = { parts, plant: ONE_REGISTER, idle: 'hold', interval: false } as const;
  const first = timeouts(parts).violation;
  if (first) return first.invariant;
  switch (subject.name) {
    case 'connection':
      return search(linkOf(parts)).violation?.invariant;
    case 'operation':
      return search(
        driverAlone(setting, {
          name: 'mutant',
          about: '',
          orders: [1000, -1000],
          rooms: [[5000, 5000]],
          latches: ['trip', 'fault', 'tag'],
          exceptions: false,
          local: false,
          closings: [],
        }),
        MOST_STATES,
      ).violation?.invariant;
    case 'estop':
      return search(
        siteOf(setting, {
          name: 'mutant',
          about: '',
          batteries: ['free'],
          operators: 'two and one who may not',
          slowDisk: false,
        }),
        MOST_STATES,
      ).violation?.invariant;
    case 'order':
    case 'alarm':
    case 'siteMode':
    case 'guard':
    case 'grid':
    case 'uplink':
      return search(aloneOf(subject, parts[subject.name] as CompiledMachine<AnyStateMachine>)).violation?.invariant;
  }
}
