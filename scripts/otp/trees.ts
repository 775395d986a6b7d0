/**
 * Random supervision trees with schedules of faults, the same for the same seed: what Erlang/OTP and bessd both run.
 *
 * Invariant: a step happens only after the one before has been dealt with, so a schedule has exactly one right outcome.
 */

export type Restart = 'permanent' | 'transient' | 'temporary';

export type Leaf = {
  readonly kind: 'worker';
  readonly id: string;
  readonly restart: Restart;
  readonly shutdown: 5000 | 'brutal_kill';
};

export type Branch = {
  readonly kind: 'supervisor';
  readonly id: string;
  readonly restart: Restart;
  readonly strategy: 'one_for_one' | 'one_for_all' | 'rest_for_one';
  readonly intensity: number;
  readonly children: readonly (Leaf | Branch)[];
};

/** That worker's next `starts` starts fail. */
export type Failing = { readonly worker: string; readonly starts: number };

/** One worker ends for that reason, where it is alive. */
export type End = { readonly worker: string; readonly reason: 'normal' | 'shutdown' | 'crash' };

/** When that worker is told to end, it does so only after its sibling has ended by itself. */
export type Slow = { readonly worker: string; readonly meanwhile: End };

export type Step = End & { readonly failing: Failing | undefined; readonly slow: Slow | undefined };

export type Case = {
  readonly tree: Branch;
  /** For the first start. */
  readonly failing: Failing | undefined;
  readonly steps: readonly Step[];
};

const DEEPEST = 3;

export function randomCases(seed: number, count: number): readonly Case[] {
  return Array.from({ length: count }, (_, at) => randomCase(seed + at));
}

function randomCase(seed: number): Case {
  const dice = diceOf(seed);
  const leaves: Leaf[] = [];
  const families: (readonly Leaf[])[] = [];
  let branches = 0;
  let anyFails = false;
  const tree = branch(1);
  return {
    tree,
    failing: dice.chance(0.03) ? anyFailing(1) : undefined,
    steps: Array.from({ length: dice.between(3, 8) }, step),
  };

  function branch(depth: number): Branch {
    branches += 1;
    const id = `s${branches}`;
    const children = Array.from({ length: dice.between(1, 5) }, () =>
      depth < DEEPEST && dice.chance(0.35) ? branch(depth + 1) : leaf(),
    );
    families.push(children.filter((child) => child.kind === 'worker'));
    return {
      kind: 'supervisor',
      id,
      restart: anyRestart(),
      strategy: dice.pick(['one_for_one', 'one_for_all', 'rest_for_one']),
      intensity: dice.pick([0, 1, 2, 2, 3, 3, 4, 4]),
      children,
    };
  }

  function leaf(): Leaf {
    const one: Leaf = {
      kind: 'worker',
      id: `w${leaves.length + 1}`,
      restart: anyRestart(),
      shutdown: dice.chance(0.3) ? 'brutal_kill' : 5000,
    };
    leaves.push(one);
    return one;
  }

  function step(): Step {
    const failing = dice.chance(0.15) ? anyFailing(3) : undefined;
    return { ...end(leaves), failing, slow: dice.chance(0.3) ? slow() : undefined };
  }

  /** OTP undoes a failed start in order, bessd at once: with failing starts only children of the root may be slow. */
  function slow(): Slow | undefined {
    const family = (anyFails ? families.at(-1) : undefined) ?? dice.pick(families);
    return family.length < 2 ? undefined : { worker: dice.pick(family).id, meanwhile: end(family) };
  }

  function end(among: readonly Leaf[]): End {
    return { worker: dice.pick(among).id, reason: dice.pick(['crash', 'crash', 'crash', 'normal', 'shutdown']) };
  }

  function anyFailing(most: number): Failing {
    anyFails = true;
    return { worker: dice.pick(leaves).id, starts: dice.between(1, most) };
  }

  function anyRestart(): Restart {
    return dice.pick(['permanent', 'permanent', 'permanent', 'transient', 'transient', 'temporary']);
  }
}

type Dice = {
  readonly between: (least: number, most: number) => number;
  readonly chance: (probability: number) => boolean;
  readonly pick: <T>(from: readonly T[]) => T;
};

/** A 32-bit counter through a mixing function: small, and neighbouring seeds share nothing. */
function diceOf(seed: number): Dice {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
  const between = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1));
  return {
    between,
    chance: (probability) => next() < probability,
    pick: <T>(from: readonly T[]): T => from[between(0, from.length - 1)] as T,
  };
}
