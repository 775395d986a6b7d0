/** The device process and its clock, and the bare poller that guards one half of its batteries. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { compiled, end, linesOf } from './programs.ts';
import { PERIOD_MS, wordsOfBattery } from './units.ts';
import type { Units } from './units.ts';

/** Of each breach, in µs: from the answer that showed it to the stop at the device, and from the breach itself. */
export type Times = { readonly shownUs: readonly number[]; readonly breachUs: readonly number[] };

export type Device = AsyncDisposable & {
  readonly port: string;
  /** When each of the units was polled so often from now on. */
  readonly polled: (units: Units, reads: number) => Promise<void>;
  readonly show: (units: Units, breaches: number) => Promise<Times>;
  /** Stops that no breach asked for, so far. */
  readonly unasked: () => Promise<number>;
};

const START_DEADLINE_MS = 30_000;
/** A breach takes about three periods with its release; far beyond that something is broken. */
const PATIENCE_PERIODS = 12;

/** undefined where there is no compiler. */
export async function startDevice(): Promise<Device | undefined> {
  const program = compiled('device');
  if (!program) return undefined;
  const child = spawn(program.path, [String(PERIOD_MS * 1000), wordsOfBattery().join(',')]);
  const lines = linesOf(child);
  return {
    port: await lines.next((line) => /^\d+$/.test(line), START_DEADLINE_MS),
    async polled({ first, count }, reads) {
      child.stdin.write(`await ${first} ${count} ${reads}\n`);
      await lines.next((line) => line === 'polled', START_DEADLINE_MS);
    },
    async show({ first, count }, breaches) {
      child.stdin.write(`show ${first} ${count} ${breaches}\n`);
      const patienceMs = START_DEADLINE_MS + (breaches / count) * PATIENCE_PERIODS * PERIOD_MS;
      return JSON.parse(await lines.next((line) => line.startsWith(`{"first":${first},`), patienceMs)) as Times;
    },
    async unasked() {
      child.stdin.write('report\n');
      const line = await lines.next((one) => one.startsWith('unasked '), START_DEADLINE_MS);
      return Number(line.slice('unasked '.length));
    },
    async [Symbol.asyncDispose]() {
      await end(child, 'SIGKILL');
      program.remove();
    },
  };
}

/** Rehearsed, and polling. */
export async function startPoller(device: Device): Promise<AsyncDisposable> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'poller.entry.ts'), device.port]);
  await linesOf(child).next((line) => line === 'ready', START_DEADLINE_MS);
  return { [Symbol.asyncDispose]: () => end(child, 'SIGKILL') };
}
