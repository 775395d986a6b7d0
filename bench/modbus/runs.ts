/**
 * Starts the device and the clients of a Modbus benchmark as processes, and lets the clients take turns.
 *
 * The clients live through the whole measurement and read only while told to, so that short turns can be taken in a
 * warm process. Everything ends with the `await using` that holds it.
 */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export type Kind = 'raw' | 'bessd' | 'modbus-serial';
export type Mode = 'closed' | 'fleet';
/** What one client did in one turn. `latestMs`: worst delay of a reply behind its schedule, fleet only. */
export type Slice = {
  readonly reads: number;
  readonly elapsedMs: number;
  readonly cpuUs: number;
  readonly rssBytes: number;
  readonly latestMs: number;
};

export type Client = { readonly run: (durationMs: number) => Promise<Slice> };

export type Bench = AsyncDisposable & {
  readonly client: (kind: Kind, connections: number, mode: Mode) => Promise<Client>;
  /** undefined where there is no compiler or no libmodbus. */
  readonly libmodbus: () => Promise<Client | undefined>;
  readonly device: 'C' | 'Node';
  readonly sameCore: boolean;
};

/** `few` connections: everything on one core, where no wake-up of an idle one hides what a client costs. */
export async function startBench(connections: 'few' | 'many'): Promise<Bench> {
  const sameCore = connections === 'few' && works('taskset', ['-c', '0', 'true']);
  const children: ChildProcess[] = [];
  const folder = mkdtempSync(path.join(tmpdir(), 'bessd-bench-'));
  const program = compiled('server', []);
  const device = program ? start(program, [connections]) : start(process.execPath, [file('server.entry.ts')]);
  const port = await device.line();

  return {
    device: program ? 'C' : 'Node',
    sameCore,
    client: async (kind, connections, mode) =>
      asClient(start(process.execPath, [file('client.entry.ts'), kind, port, String(connections), mode])),
    libmodbus: () => {
      const client = compiled('libmodbus', ['-lmodbus']);
      return Promise.resolve(client === undefined ? undefined : asClient(start(client, [port])));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(
        children.map(async (child) => {
          if (child.exitCode !== null || child.signalCode !== null) return;
          child.kill('SIGKILL');
          await once(child, 'exit');
        }),
      );
      rmSync(folder, { recursive: true, force: true });
    },
  };

  function compiled(name: string, libraries: readonly string[]): string | undefined {
    const output = path.join(folder, name);
    return works('gcc', ['-O2', '-pthread', '-o', output, file(`${name}.c`), ...libraries]) ? output : undefined;
  }

  function start(command: string, args: readonly string[]): Talk {
    const [program, given] = sameCore ? ['taskset', ['-c', '0', command, ...args]] : [command, args];
    const child = spawn(program, given, { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    return talkTo(child);
  }
}

type Talk = { readonly say: (line: string) => void; readonly line: () => Promise<string> };

/** One line at a time; a process that ends instead of answering is an error. */
function talkTo(child: ChildProcess): Talk {
  const { stdin, stdout } = child;
  if (!stdin || !stdout) throw new Error('a process of the benchmark has no pipes');
  return {
    say: (line) => stdin.write(`${line}\n`),
    line: () =>
      new Promise((resolve, reject) => {
        let text = '';
        const take = (chunk: Buffer): void => {
          text += String(chunk);
          if (!text.endsWith('\n')) return;
          stdout.off('data', take);
          child.off('exit', fail);
          resolve(text.trim());
        };
        const fail = (code: number | null, signal: string | null): void =>
          reject(new Error(`${child.spawnargs.join(' ')} ended with ${code ?? signal}`));
        stdout.on('data', take);
        child.once('exit', fail);
      }),
  };
}

function asClient({ say, line }: Talk): Client {
  return {
    async run(durationMs) {
      say(String(durationMs));
      return JSON.parse(await line()) as Slice;
    },
  };
}

function file(name: string): string {
  return path.join(import.meta.dirname, name);
}

function works(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
