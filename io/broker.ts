/**
 * A nats-server of our own as a child process: loopback only, no JetStream, a configuration that we write.
 *
 *   folder ──▶ end what a killed bessd left ──▶ free port ──▶ start ──▶ its own INFO line = ready
 *
 * It ends with SIGTERM, then SIGKILL, and with this process.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../contracts/faults.ts';
import type { Log } from '../contracts/log-events.ts';
import type { BrokerBinary } from './broker-find.ts';
import { configFileOf, endStale, removeNote, writeNote } from './broker-stale.ts';

export type BrokerOptions = {
  readonly siteId: string;
  readonly dataDir: string;
  readonly binary: BrokerBinary;
  /** Taken when it is free, else any other. */
  readonly preferredPort?: number;
  readonly log: Log;
  readonly signal: AbortSignal;
};

export type RunningBroker = {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly version: string;
  /** Why it ended, with its last words. */
  readonly ended: Promise<string>;
  readonly stop: () => Promise<void>;
};

export const USUAL_PORT = 4222;
const READY_MS = 10_000;
const TERM_MS = 2000;
const WORDS_KEPT = 1000;

export async function startBroker(options: BrokerOptions): Promise<RunningBroker> {
  const { siteId, binary, signal, log } = options;
  const folder = await folderFor(options.dataDir, siteId);
  const port = await freePort(options.preferredPort ?? USUAL_PORT);
  const name = `bessd-${siteId}-${randomBytes(4).toString('hex')}`;
  writeFileSync(configFileOf(folder), configuration(name, port), { mode: 0o600 });
  signal.throwIfAborted();

  const child = spawn(binary.file, ['-c', configFileOf(folder)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    // In a group of its own: Ctrl-C on the terminal is for bessd, which ends its broker when it is done with it.
    detached: true,
  });
  const ended = endOf(child, log);
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await Promise.race([ended, sleep(TERM_MS, undefined, { ref: false })]);
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
    removeNote(folder);
  };
  const withUs = (): void => void child.kill('SIGKILL');
  process.once('exit', withUs);
  void ended.then(() => process.removeListener('exit', withUs));

  if (child.pid !== undefined) writeNote(folder, child.pid);
  try {
    await ready(port, name, ended, signal);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `nats://127.0.0.1:${port}`, port, pid: child.pid ?? 0, version: binary.version, ended, stop };
}

/** No account and no TLS: it listens to this machine alone. */
function configuration(name: string, port: number): string {
  return `# Written by bessd at every start of its broker; changes are lost.
server_name: ${JSON.stringify(name)}
listen: "127.0.0.1:${port}"
max_payload: 1MB
max_connections: 256
max_pending: 8MB
write_deadline: "2s"
ping_interval: "20s"
`;
}

/** Under the data folder; in the temporary folder when that one cannot be written or serves another bessd. */
async function folderFor(dataDir: string, siteId: string): Promise<string> {
  for (const folder of [
    path.join(path.resolve(dataDir), 'broker'),
    path.join(tmpdir(), `bessd-broker-${siteId}-${process.getuid?.() ?? 0}`),
  ]) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(path.join(folder, '.writable'), '');
    } catch {
      continue; // a read-only data folder must not keep the broker from starting
    }
    if ((await endStale(folder)) !== 'in_use') return folder;
  }
  return mkdtempSync(path.join(tmpdir(), 'bessd-broker-'));
}

function endOf(child: ChildProcess, log: BrokerOptions['log']): Promise<string> {
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-WORDS_KEPT);
    log('broker_said', { text: text.trimEnd() });
  });
  return new Promise((resolve) => {
    const end = (how: string): void =>
      resolve(words ? `${how}: ${words.trim().split('\n').slice(-2).join(' | ')}` : how);
    child.on('error', ({ message }) => end(message));
    child.on('exit', (code, by) => end(by ? `killed by ${by}` : `ended with code ${code}`));
  });
}

/** Waits until this very server answers: another one may have been faster on the port. */
async function ready(port: number, name: string, ended: Promise<string>, signal: AbortSignal): Promise<void> {
  const dead = ended.then((how) => {
    throw new Fault('CHILD_EXITED', `nats-server ${how}`);
  });
  const poll = async (): Promise<void> => {
    for (let waitedMs = 0; waitedMs < READY_MS; waitedMs += 50) {
      signal.throwIfAborted();
      const greeting = await greetingOf(port);
      if (greeting?.includes(JSON.stringify(name))) return;
      await sleep(50);
    }
    throw new Fault('TIMEOUT', `nats-server was not ready within ${READY_MS / 1000} s`);
  };
  await Promise.race([poll(), dead]);
}

function greetingOf(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const end = (text: string | undefined): void => {
      socket.destroy();
      resolve(text);
    };
    socket.setTimeout(500, () => end(undefined));
    socket.on('error', () => end(undefined));
    socket.on('data', (chunk) => end(chunk.toString()));
    socket.on('close', () => end(undefined));
  });
}

/** The preferred port, or one that the kernel chooses. */
async function freePort(preferred: number): Promise<number> {
  return (await tryPort(preferred)) ?? (await tryPort(0)) ?? preferred;
}

/** The port when it could be bound on the loopback address just now. */
export function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : undefined));
    });
  });
}
