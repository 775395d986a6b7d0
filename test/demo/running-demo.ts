/**
 * The demo as a process for tests: its own folder, site id and HTTP port, so that it meets no other demo of the machine.
 */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const DEMO = path.join(ROOT, 'scripts/demo.ts');
const PROGRAM = path.join(ROOT, 'scripts/bessd.ts');

export type Answer = {
  readonly ok: boolean;
  readonly code?: string;
  readonly data: any; // oxlint-disable-line typescript/no-explicit-any -- tests look into replies of many kinds
};

export type RunningDemo = AsyncDisposable & {
  readonly siteId: string;
  readonly process: ChildProcess;
  readonly output: () => string;
  /** The end of what demo, runtime and plant said, for the message of a failed test. */
  readonly lastWords: () => string;
  /** Resolves when the output has it; fails with the output after `withinMs`. */
  readonly says: (what: RegExp, withinMs?: number) => Promise<RegExpExecArray>;
  readonly bessd: (...args: string[]) => Promise<Answer>;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly exit: Promise<number | null>;
};

let count = 0;

/** `wrap` turns the command of the demo into another one, such as one with a terminal around it. */
export async function runDemo(
  wrap: (command: readonly string[]) => readonly string[] = (command) => command,
): Promise<RunningDemo> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bessd-demo-test-'));
  const siteId = `DEMO-${process.pid}-${(count += 1)}`;
  const { NATS_URL: _, ...inherited } = process.env;
  const env = {
    ...inherited,
    SITE_ID: siteId,
    DATA_DIR: path.join(folder, 'data'),
    RUNTIME_DIRECTORY: folder,
    HEALTH_PORT: String(await freePort()),
    NO_COLOR: '1',
    TERM: 'xterm',
  };
  const [program = '', ...args] = wrap([process.execPath, DEMO]);
  const child = spawn(program, args, { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += String(chunk)));
  // Not before the last of its output has been read.
  const exit = new Promise<number | null>((resolve) => child.on('close', resolve));
  return {
    siteId,
    process: child,
    output: () => output,
    lastWords: () =>
      [
        `exit code ${child.exitCode}, signal ${child.signalCode}`,
        output.slice(-1500),
        ...['runtime', 'plant'].map((name) => `${name}.log: ${endOf(path.join(folder, 'data', `${name}.log`))}`),
      ].join('\n'),
    exit,
    signal: (signal) => void child.kill(signal),
    async says(what, withinMs = 20_000) {
      for (const from = performance.now(); ; await sleep(25)) {
        const found = what.exec(output);
        if (found) return found;
        if (performance.now() - from > withinMs || child.exitCode !== null)
          throw new Error(`not said within ${withinMs} ms: ${what}\n${output}`);
      }
    },
    async bessd(...given) {
      const one = spawn(process.execPath, [PROGRAM, ...given, '--json'], { env });
      let said = '';
      for (const stream of [one.stdout, one.stderr]) stream.on('data', (chunk: Buffer) => (said += String(chunk)));
      await new Promise((resolve) => one.on('close', resolve));
      return JSON.parse(said) as Answer;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await exit;
      rmSync(folder, { recursive: true, force: true });
      // A killed demo leaves its lock; the next one sees that nobody holds it.
      rmSync(path.join(tmpdir(), `bessd-demo-${siteId}.pid`), { force: true });
    },
  };
}

function endOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').slice(-3000);
  } catch (error) {
    return String(error);
  }
}

export type Row = { readonly pid: number; readonly args: string };

/** What runs below a process, its children's children too. */
export function descendants(pid: number): readonly Row[] {
  const rows = execFileSync('ps', ['-e', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n');
  const all = rows.flatMap((row) => {
    const [, id, parent, args] = /^ *(\d+) +(\d+) (.*)$/.exec(row) ?? [];
    return args === undefined ? [] : [{ pid: Number(id), parent: Number(parent), args }];
  });
  const below = (of: number): readonly Row[] =>
    all.filter(({ parent }) => parent === of).flatMap((one) => [one, ...below(one.pid)]);
  return below(pid);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // no such process
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
