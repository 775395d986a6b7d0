/** The processes of the guard's benchmark, and what they say line by line. Killed by the handle that started them. */
import { execFileSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

export type Lines = {
  /** The first line that `is` one, also of those that came before; what was not asked for is kept. */
  readonly next: (is: (line: string) => boolean, withinMs: number) => Promise<string>;
};

type Waiting = { readonly is: (line: string) => boolean; readonly take: (line: string) => void };

const KEPT = 40;

export function linesOf(child: ChildProcess): Lines {
  const kept: string[] = [];
  const waiting = new Set<Waiting>();
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface({ input: stream }).on('line', hear);
  }
  return { next };

  function hear(line: string): void {
    for (const one of waiting) if (one.is(line)) return one.take(line);
    kept.push(line);
    if (kept.length > KEPT) kept.shift();
  }

  function next(is: Waiting['is'], withinMs: number): Promise<string> {
    const at = kept.findIndex(is);
    if (at >= 0) return Promise.resolve(kept.splice(at, 1)[0] ?? '');
    return new Promise((resolve, reject) => {
      const one: Waiting = {
        is,
        take: (line) => {
          finish();
          resolve(line);
        },
      };
      const fail = (why: string): void => {
        finish();
        reject(new Error(`${path.basename(child.spawnfile)} ${why}\n${kept.join('\n')}`));
      };
      const onExit = (): void => fail('ended');
      const timer = setTimeout(() => fail(`did not answer within ${withinMs} ms`), withinMs);
      const finish = (): void => {
        clearTimeout(timer);
        child.off('exit', onExit);
        waiting.delete(one);
      };
      waiting.add(one);
      child.once('exit', onExit);
    });
  }
}

export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await exit;
}

/** A C program of this folder, in a folder of its own; undefined where there is no compiler. */
export function compiled(name: string): { readonly path: string; readonly remove: () => void } | undefined {
  const folder = mkdtempSync(path.join(tmpdir(), 'bessd-bench-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const output = path.join(folder, name);
  try {
    execFileSync('gcc', ['-O2', '-o', output, path.join(import.meta.dirname, `${name}.c`)], { stdio: 'ignore' });
    return { path: output, remove };
  } catch {
    remove();
    return undefined;
  }
}
