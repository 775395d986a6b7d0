/**
 * An operating-system process as a supervised actor: `placement: process`.
 *
 * Its end is the actor's failure, with the last lines it wrote to stderr; code 0 is a normal exit. On shutdown it gets
 * SIGTERM and, when the supervisor's deadline takes the lease, SIGKILL. With `silentAfterMs` and `maxRssMb` one that hangs or
 * grows too large is killed, which is an ordinary failure too; a foreign program that cannot send heartbeats is watched by
 * who talks to it.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Clock } from '../contracts/clock.ts';
import { Fault } from '../contracts/faults.ts';
import { fromProcess } from './process.ts';
import { watchOver } from './os-watch.ts';
import type { OsWatch } from './os-watch.ts';
import type { ProcessLogic } from './process.ts';
import type { Post } from './thread.ts';

export type OsProcessSpec = OsWatch & {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Called once the process runs; `onReady` may poll a port and report. */
  readonly onStart?: (child: ChildProcess, signal: AbortSignal) => void;
  readonly onEnd?: (reason: string) => void;
  /** What the child sends over its IPC channel; with this or `silentAfterMs` it has one. */
  readonly onMessage?: (message: unknown) => void;
};

const STDERR_KEPT = 2000;
const LINES_TOLD = 3;
/** For what was written before the end and has not been read yet; a grandchild may hold the pipe open for ever. */
const LAST_WORDS_MS = 200;

/** `prepare` runs before every incarnation and may be slow (find a file, write a configuration). */
export function inOsProcess(
  prepare: () => Promise<OsProcessSpec>,
): ProcessLogic<Post, undefined> & { readonly placement: 'process' } {
  const logic = fromProcess<Post>(async ({ signal, lease, clock, onMessage }) => {
    const spec = await prepare();
    if (signal.aborted) return;
    const child = spawn(spec.command, [...spec.args], {
      stdio: ['ignore', 'ignore', 'pipe', ...(speaks(spec) ? ['ipc' as const] : [])],
      env: spec.env,
      cwd: spec.cwd,
    });
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      stderr = (stderr + chunk).slice(-STDERR_KEPT);
    });
    signal.addEventListener('abort', () => void child.kill('SIGTERM'));
    lease.lost.addEventListener('abort', () => void child.kill('SIGKILL'));
    let condemned: Fault | undefined;
    const endWatch = watchOver(child, spec, clock, (fault) => {
      condemned = fault;
      child.kill('SIGKILL');
    });
    child.on('message', (message) => lease.held && spec.onMessage?.(message));
    onMessage(({ value }) => child.connected && child.send(value as never));
    // The machine's own end must not leave the child behind.
    const orphan = (): void => void child.kill('SIGKILL');
    process.once('exit', orphan);
    const { reason, normal } = await endOf(child, () => spec.onStart?.(child, signal), clock).finally(() => {
      endWatch();
      process.removeListener('exit', orphan);
    });
    spec.onEnd?.(reason);
    if (condemned) throw condemned;
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

function speaks({ silentAfterMs, onMessage }: OsProcessSpec): boolean {
  return silentAfterMs !== undefined || onMessage !== undefined;
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
