/**
 * `kill -9` at random moments of the recorder (record and uplink in one process), of the receiver and of the broker, each
 * started again at once. Afterwards everything that was acknowledged to a caller must be at the receiver, once.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { verifyAudit } from '../../io/record-audit.ts';
import { natsServer } from '../uplink/nats-server.ts';
import type { NatsServer } from '../uplink/nats-server.ts';
import { until } from '../uplink/uplink-support.ts';

export type KillResult = {
  readonly rounds: number;
  readonly kills: Readonly<Record<Victim, number>>;
  /** Frames that the record said were on the disk. */
  readonly acknowledged: number;
  readonly received: number;
  readonly deliveredTwice: number;
  readonly lost: number;
  readonly gaps: number;
  /** After removal of duplicates by message id. */
  readonly duplicates: number;
};

type Victim = 'recorder' | 'receiver' | 'broker';
const VICTIMS: readonly Victim[] = ['recorder', 'recorder', 'receiver', 'broker'];
const PER_INCARNATION = 1_000_000;
const LONGEST_LIFE_MS = 600;

export async function killCampaign(rounds: number, seed: number, tell: (line: string) => void): Promise<KillResult> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bessd-kill-'));
  mkdirSync(path.join(folder, 'nats'));
  const server = await natsServer(path.join(folder, 'nats'));
  if (!server) throw new Error('no nats-server is installed');
  try {
    return await run(folder, server, rounds, seed, tell);
  } finally {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(
  folder: string,
  server: NatsServer,
  rounds: number,
  seed: number,
  tell: (line: string) => void,
): Promise<KillResult> {
  const chance = chanceFrom(seed);
  const data = path.join(folder, 'data');
  const inbox = path.join(folder, 'inbox');
  const acknowledged: number[] = [];
  const kills: Record<Victim, number> = { recorder: 0, receiver: 0, broker: 0 };
  let incarnation = 0;
  let outbox = '';
  const startRecorder = (idle = ''): Child => {
    incarnation += 1;
    const from = incarnation * PER_INCARNATION;
    return startChild('recorder.ts', [data, server.url, String(from), idle], (line) => {
      const [what, value = '', state = ''] = line.split(' ');
      if (what === 'acked') acknowledged.push(Number(value));
      else if (what === 'outbox') outbox = `${value} ${state}`;
      else throw new Error(`seed ${seed}: ${line}`);
    });
  };
  const startReceiver = (): Child => startChild('receiver.ts', [server.url, inbox], () => undefined);

  let recorder = startRecorder();
  let receiver = startReceiver();
  for (let round = 1; round <= rounds; round += 1) {
    const before = acknowledged.length;
    await until(() => acknowledged.length > before || recorder.child.exitCode !== null, 'the recorder records');
    await new Promise((resolve) => setTimeout(resolve, chance() * LONGEST_LIFE_MS));
    const victim = VICTIMS[Math.floor(chance() * VICTIMS.length)] ?? 'recorder';
    kills[victim] += 1;
    if (victim === 'recorder') {
      await recorder.kill();
      recorder = startRecorder();
    } else if (victim === 'receiver') {
      await receiver.kill();
      receiver = startReceiver();
    } else {
      await server.kill();
      await server.start();
    }
    if (round % 50 === 0) tell(`${round} rounds, ${acknowledged.length} batches acknowledged`);
  }
  await recorder.kill();
  outbox = '';
  recorder = startRecorder('idle');
  await until(() => outbox === '0 online', 'the outbox is empty', 120_000);
  const wanted = acknowledged.length;
  await until(() => lines(inbox).length >= wanted && isQuiet(inbox), 'the receiver has everything', 120_000);
  await Promise.all([recorder.kill(), receiver.kill()]);
  if (!verifyAudit(data).ok) throw new Error(`seed ${seed}: the audit log is broken`);
  return { rounds, kills, ...judge(acknowledged, lines(inbox)) };
}

function judge(acknowledged: readonly number[], received: readonly string[]): Omit<KillResult, 'rounds' | 'kills'> {
  const byId = new Map<string, string>();
  for (const line of received) {
    const [id = '', counter = ''] = line.split(' ');
    if ((byId.get(id) ?? counter) !== counter) throw new Error(`${id} names two different frames`);
    byId.set(id, counter);
  }
  const counters = new Set([...byId.values()].map(Number));
  // A batch is acknowledged by its last frame; the four before it were handed over with it.
  const promised = acknowledged.flatMap((last) => [last - 4, last - 3, last - 2, last - 1, last]);
  return {
    acknowledged: promised.length,
    received: byId.size,
    deliveredTwice: received.length - byId.size,
    lost: promised.filter((counter) => !counters.has(counter)).length,
    gaps: gapsIn([...byId.keys()]),
    duplicates: byId.size - counters.size,
  };
}

/** Numbers that are missing below the highest of each stream. */
function gapsIn(ids: readonly string[]): number {
  const highest = new Map<string, { n: number; count: number }>();
  for (const id of ids) {
    const [stream = '', text = ''] = id.split(':');
    const { n, count } = highest.get(stream) ?? { n: 0, count: 0 };
    highest.set(stream, { n: Math.max(n, Number(text)), count: count + 1 });
  }
  return [...highest.values()].reduce((sum, { n, count }) => sum + n - count, 0);
}

type Child = { readonly child: ChildProcess; readonly kill: () => Promise<void> };

function startChild(fixture: string, args: readonly string[], onLine: (line: string) => void): Child {
  const file = path.join(import.meta.dirname, 'fixtures', fixture);
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const withUs = (): void => void child.kill('SIGKILL');
  process.once('exit', withUs);
  child.once('exit', () => process.removeListener('exit', withUs));
  let rest = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) onLine(line);
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    child,
    kill: async () => {
      if (child.exitCode !== null) throw new Error(`${fixture} ended by itself with code ${child.exitCode}`);
      child.kill('SIGKILL');
      await closed;
    },
  };
}

function lines(file: string): readonly string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
}

let lastSize = -1;
let sizeSince = 0;

/** Nothing has come for three seconds, longer than the wait for a redelivery. */
function isQuiet(file: string): boolean {
  const size = lines(file).length;
  if (size !== lastSize) sizeSince = Date.now();
  lastSize = size;
  return Date.now() - sizeSince > 3000;
}

/** Mulberry32: small, and the same everywhere. */
function chanceFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
