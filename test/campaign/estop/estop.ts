/**
 * The E-stop campaign: every case, every variant of it so many times, each press judged against its budget at the taps.
 */
import { seeded } from '../../fuzz/random.ts';
import type { Case, Round } from './cases.ts';
import { fieldCases } from './field-cases.ts';
import { killCases } from './kill-cases.ts';
import { machineCases } from './machine-cases.ts';
import { northCases } from './north-cases.ts';
import { late } from './press.ts';
import type { Budget, Pressed } from './press.ts';
import { stillCase } from './still-case.ts';

export const CASES: readonly Case[] = [...northCases, ...fieldCases, ...machineCases, ...killCases, stillCase];

/** One variant of a case, over all its rounds. Worst times in ms; undefined where there was none of that kind. */
export type Row = {
  readonly name: string;
  readonly variant: string;
  readonly from: string;
  readonly budget: Budget;
  readonly presses: number;
  readonly worstMs: {
    readonly first?: number;
    readonly idle?: number;
    readonly zero?: number;
    readonly reply?: number;
  };
  /** All first stop writes, in ms. */
  readonly firstMs: readonly number[];
  readonly problems: readonly string[];
};

export type Size = {
  readonly rounds: number;
  readonly seed: number;
  /** Told what has to be disposed of, where the campaign does not come to its end. */
  readonly begun?: (stack: AsyncDisposableStack) => void;
};

export async function estopCampaign(
  one: Case,
  { rounds, seed, begun }: Size,
  tell: (line: string) => void,
): Promise<readonly Row[]> {
  const random = seeded(seed);
  const each = Math.max(1, Math.round(rounds * (one.share ?? 1)));
  const found = new Map<string, (Pressed | string)[]>(one.variants.map((variant) => [variant, []]));
  let stack = new AsyncDisposableStack();
  begun?.(stack);
  let round: Round | undefined;
  try {
    for (let n = 0; n < each; n += 1)
      for (const variant of one.variants) {
        const opened: Round | string = round ?? (await one.open(stack).catch(messageOf));
        const pressed =
          typeof opened === 'string' ? `no site: ${opened}` : await opened(variant, random).catch(messageOf);
        round = typeof opened === 'string' ? undefined : opened;
        found.get(variant)?.push(pressed);
        tell(`${one.name}, ${variant}, ${n + 1} of ${each}: ${said(pressed)}`);
        if (typeof pressed !== 'string') continue;
        await stack.disposeAsync();
        stack = new AsyncDisposableStack();
        begun?.(stack);
        round = undefined;
      }
  } finally {
    await stack.disposeAsync();
  }
  return one.variants.map((variant) => rowOf(one, variant, found.get(variant) ?? []));
}

function rowOf(one: Case, variant: string, all: readonly (Pressed | string)[]): Row {
  const budget = one.budget(variant);
  const pressed = all.filter((item) => typeof item !== 'string');
  const seen = pressed.flatMap((item) => item.seen);
  const first = seen.filter(({ idle }) => !idle).map(({ firstMs }) => firstMs);
  const idle = seen.filter((item) => item.idle).map(({ firstMs }) => firstMs);
  return {
    name: one.name,
    variant,
    from: one.from ?? 'press',
    budget,
    presses: all.length,
    worstMs: {
      ...most('first', first),
      ...most('idle', idle),
      ...most(
        'zero',
        seen.map(({ zeroMs }) => zeroMs),
      ),
      ...most(
        'reply',
        pressed.map(({ replyMs }) => replyMs),
      ),
    },
    firstMs: seen.map(({ firstMs }) => firstMs),
    problems: all.flatMap((item) => (typeof item === 'string' ? [item] : [...item.problems, ...late(item, budget)])),
  };
}

function most(name: string, values: readonly number[]): Readonly<Record<string, number>> {
  return values.length === 0 ? {} : { [name]: Math.max(...values) };
}

function said(pressed: Pressed | string): string {
  if (typeof pressed === 'string') return pressed;
  const { seen, replyMs, problems } = pressed;
  const times = seen.map(({ firstMs, zeroMs, idle }) => `${firstMs}${idle ? ' idle' : ''}, zero ${zeroMs}`);
  return [times.join('; '), `answer ${replyMs}`, ...problems].join(' | ');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 300) : String(error);
}
