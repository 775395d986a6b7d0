/** The load beside the guard, as a process of its own; what it got through says that it was one. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { recordDisk } from '../record/place.ts';
import { rowOf } from '../measure.ts';
import type { Row } from '../measure.ts';
import { end, linesOf } from './programs.ts';
import type { Runtime } from './runtime.ts';

/** What one kind of load does a second. */
export type Done = { readonly what: string; readonly unit: string; readonly perSecond: number };

export type Load = AsyncDisposable & { readonly rows: () => Promise<readonly Row[]> };

const DEADLINE_MS = 30_000;

/** Resolves when all of it has begun. */
export async function startLoad(runtime: Runtime): Promise<Load> {
  const folder = mkdtempSync(path.join(recordDisk(), 'guard-load-'));
  const entry = path.join(import.meta.dirname, 'load.entry.ts');
  const places = [await runtime.listens('http'), await runtime.listens('broker'), runtime.siteId, runtime.dataDir];
  const child = spawn(process.execPath, ['--max-old-space-size=1500', entry, ...places, folder]);
  const lines = linesOf(child);
  await lines.next((line) => line === 'loading', DEADLINE_MS);
  return {
    async rows() {
      child.stdin.write('report\n');
      const line = await lines.next((one) => one.startsWith('['), DEADLINE_MS);
      return (JSON.parse(line) as readonly Done[]).map(({ what, unit, perSecond }) =>
        rowOf({ what: `the load: ${what}`, unit, values: [perSecond] }),
      );
    },
    async [Symbol.asyncDispose]() {
      await end(child, 'SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
