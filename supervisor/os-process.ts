/**
 * An operating-system process as a supervised actor: `placement: process`.
 *
 * Its end is the actor's failure, with the last lines it wrote to stderr; on shutdown it gets SIGTERM and, when the
 * supervisor's deadline takes the lease, SIGKILL. Ready is what `ready` says, so that its users start after it.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { EventObject } from 'xstate';
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

/** `prepare` runs before every incarnation and may be slow (find a file, write a configuration). */
export function inOsProcess(
  prepare: () => Promise<OsProcessSpec>,
): ProcessLogic<EventObject, undefined> & { readonly placement: 'process' } {
  const logic = fromProcess(async ({ signal, lease }) => {
    const spec = await prepare();
    if (signal.aborted) return;
    const child = spawn(spec.command, [...spec.args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: spec.env,
      cwd: spec.cwd,
    });
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-STDERR_KEPT);
    });
    const { promise, resolve } = Promise.withResolvers<string>();
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code, killedBy) => resolve(killedBy ? `killed by ${killedBy}` : `ended with code ${code}`));
    signal.addEventListener('abort', () => void child.kill('SIGTERM'));
    lease.lost.addEventListener('abort', () => void child.kill('SIGKILL'));
    // The machine's own end must not leave the child behind.
    const orphan = (): void => void child.kill('SIGKILL');
    process.once('exit', orphan);
    spec.onStart?.(child, signal);
    const reason = await promise;
    process.removeListener('exit', orphan);
    spec.onEnd?.(reason);
    if (!signal.aborted)
      throw new Fault(
        'CHILD_EXITED',
        `${spec.command} ${reason}${stderr ? `: ${stderr.trim().split('\n').slice(-3).join(' | ')}` : ''}`,
      );
  });
  return Object.assign(logic, { placement: 'process' as const });
}
