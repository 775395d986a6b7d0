/**
 * Runs one command as a process group of its own, with a deadline, and leaves nothing of it behind.
 *
 * Invariant: once `runGroup` resolves, no process of that group lives.
 */
import { spawn } from 'node:child_process';

export type GroupResult = {
  /** 128 + n after signal n, as a shell has it; 127 where the command does not start. */
  readonly code: number;
  readonly output: string;
  readonly timedOut: boolean;
  readonly elapsedMs: number;
};

export type GroupOptions = { readonly cwd: string; readonly deadlineMs: number };

const live = new Set<number>();

export function runGroup(command: string, args: readonly string[], options: GroupOptions): Promise<GroupResult> {
  const startedAt = performance.now();
  const output: Buffer[] = [];
  let timedOut = false;
  // Pipes are no terminal, so tools leave colours out by themselves unless the environment forces them.
  const { FORCE_COLOR: _, ...env } = process.env;
  const child = spawn(command, args, {
    cwd: options.cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const group = child.pid;
  if (group !== undefined) live.add(group);
  const deadline = setTimeout(() => {
    timedOut = true;
    killGroup(group);
  }, options.deadlineMs);
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
  return new Promise((resolve) => {
    const end = (code: number): void => {
      clearTimeout(deadline);
      if (group !== undefined) live.delete(group);
      const elapsedMs = performance.now() - startedAt;
      resolve({ code, output: Buffer.concat(output).toString(), timedOut, elapsedMs });
    };
    child.on('error', (error) => {
      output.push(Buffer.from(`${command}: ${error.message}\n`));
      end(127);
    });
    // What it left running holds the pipes open, and 'close' would wait for that.
    child.on('exit', () => killGroup(group));
    child.on('close', (code, signal) => end(code ?? 128 + (signal === 'SIGKILL' ? 9 : 15)));
  });
}

/** Groups are not in the terminal's foreground, so whoever is interrupted has to end them. */
export function killAllGroups(): void {
  for (const group of live) killGroup(group);
}

function killGroup(group: number | undefined): void {
  if (group === undefined) return;
  try {
    process.kill(-group, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
