/**
 * What a benchmark says: a figure beside a floor measured in the same run, and whether that is good enough.
 *
 * A file bench/NAME.bench.ts exports `measurements`; scripts/bench.ts runs each in a process of its own, with --expose-gc.
 * Contenders take turns round by round, so that a busy moment of the computer meets all of them.
 */

export type Size = 'small' | 'full';

/** Over the rounds. */
export type Spread = { readonly median: number; readonly least: number; readonly most: number };

/** `of`: the figure itself, or its ratio to the floor. */
export type Target =
  | { readonly of: 'figure' | 'ratio'; readonly atMost: number }
  | { readonly of: 'figure' | 'ratio'; readonly atLeast: number };

export type Row = {
  readonly what: string;
  readonly unit: string;
  readonly figure: Spread | undefined;
  readonly floor: (Spread & { readonly name: string }) | undefined;
  readonly ratio: number | undefined;
  readonly target: Target | undefined;
  readonly verdict: 'met' | 'missed' | 'noted' | 'skipped';
  /** Why it was skipped. */
  readonly reason: string | undefined;
};

export type Measurement = { readonly name: string; readonly run: (size: Size) => Promise<readonly Row[]> };

export type Figures = {
  readonly what: string;
  readonly unit: string;
  readonly values: readonly number[];
  readonly floor?: { readonly name: string; readonly values: readonly number[] };
  readonly target?: Target;
};

export function rowOf({ what, unit, values, floor, target }: Figures): Row {
  const figure = spreadOf(values);
  const below = floor && { name: floor.name, ...spreadOf(floor.values) };
  const ratio = below && figure.median / below.median;
  const judged = target?.of === 'ratio' ? ratio : figure.median;
  const verdict = target === undefined || judged === undefined ? 'noted' : meets(judged, target) ? 'met' : 'missed';
  return { what, unit, figure, floor: below, ratio, target, verdict, reason: undefined };
}

export function skipped(what: string, reason: string): Row {
  return {
    what,
    unit: '',
    figure: undefined,
    floor: undefined,
    ratio: undefined,
    target: undefined,
    verdict: 'skipped',
    reason,
  };
}

/** Runs the contenders in turn, each round beginning with another one; the first round only warms up. */
export async function inTurns<Name extends string, Result>(
  rounds: number,
  contenders: Readonly<Record<Name, () => Promise<Result>>>,
): Promise<Record<Name, Result[]>> {
  const names = Object.keys(contenders) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, [] as Result[]])) as Record<Name, Result[]>;
  for (let round = 0; round <= rounds; round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      const name = names[(round + turn) % names.length] as Name;
      collectGarbage();
      const result = await contenders[name]();
      if (round > 0) results[name].push(result);
    }
  }
  return results;
}

export function collectGarbage(): void {
  globalThis.gc?.();
}

/** `share` from 0 to 1. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: quantile(values, 0.5), least: Math.min(...values), most: Math.max(...values) };
}

function meets(value: number, target: Target): boolean {
  return 'atMost' in target ? value <= target.atMost : value >= target.atLeast;
}
