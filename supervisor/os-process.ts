/**
 * An operating-system process as a supervised actor: `placement: process`.
 *
 * Its end is the actor's failure, with the last lines it wrote to stderr; code 0 is a normal exit. On shutdown it gets
 * SIGTERM and, when the supervisor's deadline takes the lease, SIGKILL. One that hangs is seen by who talks to it: `onStart`
 * may poll it and end it.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { EventObject } from 'xstate';
import type { Clock } from '../contracts/clock.ts';
import { Fault } from '../contracts/faults.ts';
import { fromProcess } from './process.ts';
import type { ProcessLogic } from './process.ts';

export type OsProcessSpec = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Called once the process runs; `onReady` may poll a port and report. */
  readonly onStart?: (child: ChildProcess, signal: AbortSignal) => void;
  readonly onEnd?: (reason: string) => void;
};

const STDERR_KEPT = 2000;
const LINES_TOLD = 3;
/** For what was written before the end and has not been read yet; a grandchild may hold the pipe open for ever. */
const LAST_WORDS_MS = 200;

/** `prepare` runs before every incarnation and may be slow (find a file, write a configuration). */
export function inOsProcess(
  prepare: () => Promise<OsProcessSpec>,
): ProcessLogic<EventObject, undefined> & { readonly placement: 'process' } {
  const logic = fromProcess(async ({ signal, lease, clock }) => {
    const spec = await prepare();
    if (signal.aborted) return;
    const child = spawn(spec.command, [...spec.args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: spec.env,
      cwd: spec.cwd,
    });
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      stderr = (stderr + chunk).slice(-STDERR_KEPT);
    });
    signal.addEventListener('abort', () => void child.kill('SIGTERM'));
    lease.lost.addEventListener('abort', () => void child.kill('SIGKILL'));
    // The machine's own end must not leave the child behind.
    const orphan = (): void => void child.kill('SIGKILL');
    process.once('exit', orphan);
    const { reason, normal } = await endOf(child, () => spec.onStart?.(child, signal), clock).finally(() =>
      process.removeListener('exit', orphan),
    );
    spec.onEnd?.(reason);
    if (signal.aborted || normal) return;
    const lines = stderr
      .split('\n')
      .filter((line) => line.trim() !== '')
      .slice(-LINES_TOLD)
      .join(' | ');
    throw new Fault('CHILD_EXITED', `${spec.command} ${reason}${lines ? `: ${lines}` : ''}`);
  });
  return Object.assign(logic, { placement: 'process' as const });
}

type End = { readonly reason: string; readonly normal: boolean };

async function endOf(child: ChildProcess, onStart: () => void, clock: Clock): Promise<End> {
  const ended = new Promise<End>((resolve) => {
    child.on('error', (error) => resolve({ reason: error.message, normal: false }));
    child.on('exit', (code, killedBy) => {
      const reason = killedBy ? `killed by ${killedBy}` : `ended with code ${code}`;
      const told = (): void => resolve({ reason, normal: code === 0 });
      child.on('close', told);
      clock.setTimeout(told, LAST_WORDS_MS);
    });
  });
  onStart();
  return ended;
}
