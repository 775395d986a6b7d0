/**
 * An operating-system process as a supervised actor: `placement: process`.
 *
 * Its end is the actor's failure, with the last lines it wrote to stderr; code 0 is a normal exit. On shutdown it gets
 * SIGTERM and, when the supervisor's deadline takes the lease, SIGKILL. With `silentAfterMs` and `maxRssMb` one that hangs or
 * grows too large is killed, which is an ordinary failure too; a foreign program that cannot send heartbeats is watched by
 * who talks to it. With `spare` the next process is already there, loaded, when this one fails.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import type { Clock } from '../contracts/clock.ts';
import { Fault } from '../contracts/faults.ts';
import { fromProcess } from './process.ts';
import { watchOver } from './os-watch.ts';
import type { OsWatch } from './os-watch.ts';
import type { ProcessLogic } from './process.ts';
import { dismissSpareProcess, prepareSpareProcess, takeSpareProcess } from './spare-process.ts';
import type { Run } from './spare-process.ts';
import type { Post } from './thread.ts';

export type OsProcessSpec = OsWatch &
  Run & {
    /** Called once the process runs; `onReady` may poll a port and report. */
    readonly onStart?: (child: ChildProcess, signal: AbortSignal) => void;
    readonly onEnd?: (reason: string) => void;
    /** What the child sends over its IPC channel; with this, `silentAfterMs` or `spare` it has one. */
    readonly onMessage?: (message: unknown) => void;
    /** Keep the next process loaded; only for a program of ours, which waits for `processStart()` before it begins. */
    readonly spare?: boolean;
    /** In a process group of its own, and left alone when this process is gone: for a child that watches over its parent. */
    readonly detached?: boolean;
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
    const child = begin(spec);
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
    if (spec.spare) prepareSpareProcess(spec, stdioOf(spec));
    // Told to end, it has no successor; after a failure, which takes the lease first, the spare is for the next one.
    signal.addEventListener('abort', () => {
      if (spec.spare && lease.held) dismissSpareProcess(spec);
    });
    // The machine's own end must not leave the child behind.
    const orphan = (): void => void child.kill('SIGKILL');
    if (!spec.detached) process.once('exit', orphan);
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

function begin(spec: OsProcessSpec): ChildProcess {
  const warm = spec.spare ? takeSpareProcess(spec) : undefined;
  const { command, args, env, cwd, detached = false } = spec;
  return warm ?? spawn(command, [...args], { stdio: stdioOf(spec), env, cwd, detached });
}

function stdioOf({ silentAfterMs, onMessage, spare }: OsProcessSpec): StdioOptions {
  const speaks = silentAfterMs !== undefined || onMessage !== undefined || spare === true;
  return ['ignore', 'ignore', 'pipe', ...(speaks ? ['ipc' as const] : [])];
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
