/**
 * Takes the place of `uvu` in a mutation run: a test file that is imported leaves its tests here instead of running them, so
 * that one process can run any of them again and again.
 */
export type Collected = { readonly name: string; readonly run: () => void | Promise<void> };

type Handler = () => void | Promise<void>;

let collected: Collected[] = [];

/** What the files imported since the last call have left. */
export function takeCollected(): readonly Collected[] {
  const taken = collected;
  collected = [];
  return taken;
}

type Suite = ((name: string, run: Handler) => void) & { readonly skip: () => void; readonly run: () => void };

export function suite(title = ''): Suite {
  const add = (name: string, run: Handler): void => {
    collected.push({ name: title === '' ? name : `${title}: ${name}`, run });
  };
  return Object.assign(add, { skip: (): void => undefined, run: (): void => undefined });
}

export const test = suite();
