/** A serial line for tests: one end is a path as that of a port, the other end is bytes in this process. */
import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';

/** Undefined where there is no Python, and with it no pseudo-terminal. */
export const PYTHON = ['/usr/bin/python3', 'python3'].find(
  (command) => spawnSync(command, ['-c', 'import pty']).status === 0,
);

export type Terminal = AsyncDisposable & { readonly path: string; readonly say: (bytes: Buffer) => void };

/** `take` gets what is written to the line. Disposed, the line is gone. */
export async function terminalTo(take: (bytes: Buffer) => void): Promise<Terminal> {
  const bridge = spawn(PYTHON ?? '', [path.join(import.meta.dirname, 'fixtures/pseudo-terminal.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const place = await new Promise<string>((resolve) => {
    let hear = (text: Buffer): void => {
      hear = take;
      resolve(text.toString().trim());
    };
    bridge.stdout.on('data', (bytes: Buffer) => hear(bytes));
  });
  return {
    path: place,
    say: (bytes) => bridge.stdin.write(bytes),
    async [Symbol.asyncDispose]() {
      if (bridge.exitCode !== null || bridge.signalCode !== null) return;
      const ended = new Promise((resolve) => bridge.once('exit', resolve));
      bridge.kill('SIGKILL');
      await ended;
    },
  };
}
