/**
 * Warm spares of operating-system processes: for a command line at most one process that has loaded and waits.
 *
 * As with threads: kept by what is run and not by actor, keeps nobody alive, and one that died is simply not there.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { BEGIN, SPARE_VARIABLE } from './process-start.ts';

export type Run = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
};

const spares = new Map<string, ChildProcess>();

export function prepareSpareProcess(run: Run, stdio: StdioOptions): void {
  const key = keyOf(run);
  if (spares.has(key)) return;
  const env = { ...(run.env ?? process.env), [SPARE_VARIABLE]: '1' };
  const waiting = spawn(run.command, [...run.args], { stdio, env, cwd: run.cwd });
  waiting.unref();
  waiting.channel?.unref();
  const gone = (): void => {
    if (spares.get(key) === waiting) spares.delete(key);
  };
  waiting.on('error', gone);
  waiting.on('exit', gone);
  spares.set(key, waiting);
}

/** Begins now; the caller owns it from now on. */
export function takeSpareProcess(run: Run): ChildProcess | undefined {
  const key = keyOf(run);
  const taken = spares.get(key);
  spares.delete(key);
  if (!taken?.connected) {
    taken?.kill('SIGKILL');
    return undefined;
  }
  taken.removeAllListeners('error').removeAllListeners('exit');
  taken.ref();
  taken.channel?.ref();
  // One that dies at this moment is told by its exit.
  taken.send({ type: BEGIN }, () => undefined);
  return taken;
}

export function dismissSpareProcess(run: Run): void {
  const key = keyOf(run);
  spares.get(key)?.kill('SIGKILL');
  spares.delete(key);
}

function keyOf({ command, args, cwd }: Run): string {
  return JSON.stringify([command, args, cwd]);
}
