/**
 * A program of bessd as a child of the demo, in a process group of its own, so that Ctrl-C reaches the demo alone and
 * the demo decides in which order things end.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { NODE_FLAGS } from '../../entry/node-flags.ts';

export type ChildEnd = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type DemoChild = {
  readonly pid: number | undefined;
  /** Resolves once the child, and whatever it left behind in its group, has ended. */
  readonly ended: Promise<ChildEnd>;
  /** Asks the child to end in order. */
  readonly stop: () => void;
  /** Ends the child and all that it started at once. */
  readonly kill: () => void;
};

export type ChildOptions = {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Takes everything that the child says. */
  readonly logFile: string;
};

const PROGRAM = fileURLToPath(new URL('../bessd.ts', import.meta.url));
const LEASH = new URL('leash.ts', import.meta.url).href;

export function startChild({ args, env, logFile }: ChildOptions): DemoChild {
  const log = openSync(logFile, 'a', 0o600);
  // The channel of the leash would not outlive a restart.
  const flags = args[0] === 'run' ? NODE_FLAGS : [];
  const child = spawn(process.execPath, [...flags, '--import', LEASH, PROGRAM, ...args], {
    env,
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const kill = (): void => killGroup(child.pid);
  const ended = new Promise<ChildEnd>((resolve) => {
    child.on('error', () => resolve({ code: 127, signal: null }));
    child.on('exit', (code, signal) => {
      // As systemd does with the control group of a service that died: a broker must not outlive its runtime here.
      kill();
      resolve({ code, signal });
    });
  });
  return { pid: child.pid, ended, stop: () => void child.kill('SIGTERM'), kill };
}

/** The last words of a child, for an error message. */
export function lastWords(logFile: string, lines = 6): string {
  return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
}

export function howItEnded({ code, signal }: ChildEnd): string {
  return signal === null ? `ended with code ${code}` : `was killed by ${signal}`;
}

function killGroup(group: number | undefined): void {
  if (group === undefined) return;
  try {
    process.kill(-group, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
