// deadline: 180 s
/**
 * Faults × phases for an operating-system process: its end is the exit of its actor, with the last lines of its stderr.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../supervisor/clock.ts';
import { inOsProcess } from '../../supervisor/os-process.ts';
import { startSystem } from '../../supervisor/system.ts';
import { testCells, until } from './cells.ts';
import type { Fault } from './fixtures/misbehave.ts';

const FIXTURE = fileURLToPath(new URL('./fixtures/process.ts', import.meta.url));
const PHASES = ['start', 'running', 'restarting', 'stopping'] as const;
type Phase = (typeof PHASES)[number];

/** A hang is missing but for the stop: nobody but who talks to a process can see that it hangs. */
const REASONS = {
  throw: /CHILD_EXITED: .*ended with code 1: .*\| Node\.js v/,
  reject: /ended with code 1: /,
  'late timer error': /ended with code 1: /,
  hang: undefined,
  'exit normal': /^normal$/,
  'exit abnormal': /CHILD_EXITED: .*ended with code 3: first line \| second line \| last words$/,
  'heap exhaustion': /killed by SIGABRT|ended with code 134/,
  'native abort': /killed by SIGABRT/,
  SIGKILL: /killed by SIGKILL/,
  'SIGTERM of a stranger': /killed by SIGTERM/,
} satisfies Partial<Record<Fault, RegExp | undefined>>;

testCells(
  (Object.keys(REASONS) as (keyof typeof REASONS)[]).flatMap((fault) =>
    PHASES.filter((phase) => fault !== 'hang' || phase === 'stopping').map((phase) => ({
      title: titleOf(fault, phase),
      play: async () => play(fault, phase),
    })),
  ),
  3,
);

function titleOf(fault: Fault, phase: Phase): string {
  if (phase === 'stopping') return `grid, process: ${fault} × stopping → ended, no process left`;
  return `grid, process: ${fault} × ${phase} → ${fault === 'exit normal' ? 'stopped' : 'a new process'}, with the reason`;
}

async function play(fault: keyof typeof REASONS, phase: Phase): Promise<void> {
  const orders: string[][] = {
    start: [['start', fault]],
    running: [['running', fault]],
    restarting: [
      ['running', 'throw'],
      ['start', fault],
    ],
    stopping: [['stopping', fault]],
  }[phase];
  const pids: number[] = [];
  const ready = new Set<number>();
  const logic = inOsProcess(async () => ({
    command: process.execPath,
    args: ['--max-old-space-size=24', FIXTURE, ...(orders.shift() ?? ['well'])],
    onStart: ({ pid = 0, stderr }) => {
      pids.push(pid);
      stderr?.on('data', (chunk: string) => {
        if (chunk.includes('ready')) ready.add(pid);
      });
    },
  }));
  const child = { id: 'child', restart: 'transient', shutdown: 2000, start: () => logic } as const;
  const system = startSystem(
    { id: 'root', strategy: 'one_for_one', intensity: 5, periodMs: 60_000, children: [child] },
    { clock: systemClock },
  );
  const node = (): ReturnType<typeof system.tree> | undefined => system.tree().children?.[0];
  if (phase === 'stopping') await until('ready', () => ready.size === 1);
  else {
    const faulty = phase === 'restarting' ? 2 : 1;
    if (fault === 'exit normal') await until('stopped', () => node()?.status === 'stopped');
    else await until('a new process', () => ready.has(pids[faulty] ?? -1));
    assert.is(pids.length, fault === 'exit normal' ? faulty : faulty + 1);
    assert.match(node()?.last_reason ?? '', REASONS[fault] ?? /never/);
  }
  assert.is((await system.stop()).reason, 'shutdown');
  await until('no process left', () => !pids.some(isAlive));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test.run();
