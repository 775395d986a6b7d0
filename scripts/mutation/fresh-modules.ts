/**
 * Modules of a folder that can be loaded anew: a mutant of what runs while a module loads is only seen by modules that have
 * not been loaded yet. Each round gives what is mutated, its importers and the tests addresses of their own; everything below
 * them stays. `uvu` and `fast-check` have stand-ins.
 */
import { registerHooks } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const INSTEAD: Readonly<Record<string, string>> = {
  uvu: pathToFileURL(path.join(import.meta.dirname, 'collector.ts')).href,
  'fast-check': pathToFileURL(path.join(import.meta.dirname, 'few-runs.ts')).href,
};
const RENEWED = /^(machines|actors|test)\//;

export type FreshModules = {
  readonly load: (file: string) => Promise<void>;
  readonly renew: () => void;
  readonly isKnown: (file: string) => boolean;
  /** Whether `file` has imported `other`, directly or not. */
  readonly reaches: (file: string, other: string) => boolean;
};

export function freshModules(folder: string): FreshModules {
  const root = `${pathToFileURL(folder).href}/`;
  const imports = new Map<string, Set<string>>();
  let round = 0;
  const nameOf = (url: string): string => (url.startsWith(root) ? url.slice(root.length).replace(/\?.*/, '') : '');

  registerHooks({
    resolve: (specifier, context, next) => {
      const instead = INSTEAD[specifier];
      if (instead !== undefined && context.parentURL !== instead) return { url: instead, shortCircuit: true };
      const found = next(specifier, context);
      const name = nameOf(found.url);
      const from = nameOf(context.parentURL ?? '');
      if (name !== '' && from !== '') imports.set(from, (imports.get(from) ?? new Set()).add(name));
      return RENEWED.test(name) && name.endsWith('.ts') ? { ...found, url: `${root}${name}?round=${round}` } : found;
    },
  });
  return {
    load: async (file) => {
      await import(`${root}${file}`);
    },
    renew: () => {
      round += 1;
    },
    isKnown: (file) => imports.has(file),
    reaches,
  };

  function reaches(file: string, other: string, passed = new Set<string>()): boolean {
    if (file === other) return true;
    if (passed.has(file)) return false;
    passed.add(file);
    return [...(imports.get(file) ?? [])].some((next) => reaches(next, other, passed));
  }
}
