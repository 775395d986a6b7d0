/** Mutation scores: found over all, with and without those that no input tells from the program. */
import type { Explained } from './survivors.ts';

export type Judged = {
  readonly file: string;
  /** As Stryker tells it. */
  readonly status: string;
  readonly explained: Explained | undefined;
};

export type Score = {
  readonly file: string;
  readonly found: number;
  readonly survived: number;
  /** Survivors that are explained. */
  readonly equivalent: number;
  readonly accepted: number;
  readonly ignored: number;
  /** Found of all. */
  readonly rawPct: number;
  /** Found of all but the equivalent. */
  readonly scorePct: number;
};

export function scoresOf(mutants: readonly Judged[]): { readonly perFile: readonly Score[]; readonly total: Score } {
  const files = [...new Set(mutants.map(({ file }) => file))].toSorted();
  return {
    perFile: files.map((file) =>
      scoreOf(
        file,
        mutants.filter((one) => one.file === file),
      ),
    ),
    total: scoreOf('all', mutants),
  };
}

function scoreOf(file: string, mutants: readonly Judged[]): Score {
  const found = mutants.filter(({ status }) => status === 'Killed' || status === 'Timeout').length;
  const survivors = mutants.filter(({ status }) => status === 'Survived' || status === 'NoCoverage');
  const equivalent = survivors.filter(({ explained }) => explained?.kind === 'equivalent').length;
  const accepted = survivors.filter(({ explained }) => explained?.kind === 'accepted').length;
  const survived = survivors.length;
  return {
    file,
    found,
    survived,
    equivalent,
    accepted,
    ignored: mutants.filter(({ status }) => status === 'Ignored').length,
    rawPct: (100 * found) / (found + survived),
    scorePct: (100 * found) / (found + survived - equivalent),
  };
}
