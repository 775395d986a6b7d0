/** Cells of a grid that take real time: a few at once, each reported as a test of its own. */
import { test } from 'uvu';
import { setTimeout as sleep } from 'node:timers/promises';

export type Cell = { readonly title: string; readonly play: () => Promise<void> };

/** Plays all cells, `atOnce` side by side, and registers one test for each. */
export function testCells(cells: readonly Cell[], atOnce: number): void {
  const results = cells.map(() => Promise.withResolvers<unknown>());
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < cells.length; at = next++)
      await cells[at]?.play().then(
        () => results[at]?.resolve(undefined),
        (error: unknown) => results[at]?.resolve(error),
      );
  };
  for (let count = 0; count < atOnce; count += 1) void lane();
  for (const [at, { title }] of cells.entries())
    test(title, async () => {
      const error = await results[at]?.promise;
      if (error) throw error as Error;
    });
}

export async function until(what: string, holds: () => boolean, withinMs = 15_000): Promise<void> {
  for (let waitedMs = 0; !holds(); waitedMs += 10) {
    if (waitedMs > withinMs) throw new Error(`never: ${what}`);
    await sleep(10);
  }
}
