/**
 * Mutants that no test finds and that are explained, in test/mutation/survivors.json.
 *
 * `equivalent`: no input tells it from the program, so it does not count. `accepted`: it could be told, and the reason says
 * why that does not matter; it counts as a survivor. A mutant is named by the text of its line, so that lines may move.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export type MutantName = {
  readonly file: string;
  /** The source line on which it begins. */
  readonly line: string;
  readonly from: string;
  readonly to: string;
  /** Which one, where a line has several that read alike; the first where nothing is said. */
  readonly nth?: number;
};

export type Explained = MutantName & { readonly kind: 'equivalent' | 'accepted'; readonly reason: string };

/** As Stryker tells it. */
export type Place = { readonly line: number; readonly column: number };
export type Mutation = {
  readonly fileName: string;
  readonly location: { readonly start: Place; readonly end: Place };
  readonly replacement?: string | undefined;
};

const FILE = path.join(import.meta.dirname, '../../test/mutation/survivors.json');

export function readExplained(): readonly Explained[] {
  return JSON.parse(readFileSync(FILE, 'utf8')) as readonly Explained[];
}

export function keyOf({ file, line, from, to, nth = 1 }: MutantName): string {
  return [file, line, from, to, nth].join('\n');
}

/** Names of mutants, in the order in which they are given. `read` gives the text of a file. */
export function nameAll(mutations: readonly Mutation[], read: (file: string) => string): readonly MutantName[] {
  const seen = new Map<string, number>();
  return mutations.map(({ fileName, location: { start, end }, replacement = '' }) => {
    const lines = read(fileName)
      .split('\n')
      .slice(start.line - 1, end.line);
    const [first = ''] = lines;
    const last = lines.length - 1;
    const inside = lines.map((text, at) =>
      text.slice(at === 0 ? start.column - 1 : 0, at === last ? end.column - 1 : undefined),
    );
    const name = { file: fileName, line: squeezed(first), from: squeezed(inside.join(' ')), to: squeezed(replacement) };
    const nth = (seen.get(keyOf(name)) ?? 0) + 1;
    seen.set(keyOf(name), nth);
    return nth === 1 ? name : { ...name, nth };
  });
}

function squeezed(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ');
}
