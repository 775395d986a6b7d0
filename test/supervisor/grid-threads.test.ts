// deadline: 180 s
/**
 * Faults × phases for a worker thread: each becomes an ordinary exit of its actor, and no thread is left.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../../supervisor/clock.ts';
import { startSystem } from '../../supervisor/system.ts';
import { inThread } from '../../supervisor/thread.ts';
import { testCells, until } from './cells.ts';
import type { Fault } from './fixtures/misbehave.ts';

const ENTRY = new URL('./fixtures/thread.ts', import.meta.url);
const PHASES = ['start', 'running', 'restarting', 'stopping'] as const;
type Phase = (typeof PHASES)[number];

const REASONS = {
  throw: /Error: thrown/,
  reject: /Error: rejected/,
  'late timer error': /Error: late/,
  hang: /CHILD_SILENT: thread silent for 1500 ms/,
  'exit normal': /^normal$/,
  'exit shutdown': /^shutdown$/,
  'exit abnormal': /CHILD_EXITED: thread ended with code 3/,
  'heap exhaustion': /memory/,
} satisfies Partial<Record<Fault, RegExp>>;

testCells(
  (Object.keys(REASONS) as (keyof typeof REASONS)[]).flatMap((fault) =>
    PHASES.map((phase) => ({ title: titleOf(fault, phase), play: async () => play(fault, phase) })),
  ),
  4,
);

/** The child is transient. */
function staysDown(fault: Fault): boolean {
  return fault === 'exit normal' || fault === 'exit shutdown';
}

function titleOf(fault: Fault, phase: Phase): string {
  if (phase === 'stopping') return `grid, thread: ${fault} × stopping → ended, no thread left`;
  return `grid, thread: ${fault} × ${phase} → ${staysDown(fault) ? 'stopped' : 'a new thread'}, with the reason`;
}

async function play(fault: keyof typeof REASONS, phase: Phase): Promise<void> {
  const faults: (Fault | undefined)[] = { start: [fault], restarting: [undefined, fault], running: [], stopping: [] }[
    phase
  ];
  const [threads, ended] = [new Set<number>(), { count: 0 }];
  let starts = 0;
  const logic = inThread({
    entry: ENTRY,
    start: () => {
      starts += 1;
      return { workerData: { atStart: faults.shift(), atStop: phase === 'stopping' ? fault : undefined } };
    },
    onSignal: (signal) => {
      const { type, threadId } = signal as { type: string; threadId: number };
      if (type === 'READY') threads.add(threadId);
    },
    onEnd: () => (ended.count += 1),
    silentAfterMs: 1500,
    maxHeapMb: 24,
  });
  const child = { id: 'child', restart: 'transient', shutdown: 1500, start: () => logic } as const;
  const system = startSystem(
    { id: 'root', strategy: 'one_for_one', intensity: 5, periodMs: 60_000, children: [child] },
    { clock: systemClock },
  );
  const node = (): ReturnType<typeof system.tree> | undefined => system.tree().children?.[0];
  if (phase !== 'start') await until('the first thread is ready', () => threads.size === 1);
  if (phase === 'running') system.send('child', { type: 'POST', value: { type: fault } } as never);
  if (phase === 'restarting') system.send('child', { type: 'POST', value: { type: 'throw' } } as never);
  if (phase !== 'stopping') {
    const faulty = phase === 'restarting' ? 2 : 1;
    if (staysDown(fault)) {
      await until('stopped', () => node()?.status === 'stopped');
      assert.is(starts, faulty);
    } else {
      await until('a new thread', () => starts > faulty && threads.size >= (phase === 'start' ? 1 : 2));
      assert.is(node()?.status, 'running');
    }
    assert.match(node()?.last_reason ?? '', REASONS[fault]);
  }
  const stoppedAt = performance.now();
  assert.is((await system.stop()).reason, 'shutdown');
  assert.ok(performance.now() - stoppedAt < 5000);
  await until('every thread has ended', () => ended.count === starts);
}

test.run();
