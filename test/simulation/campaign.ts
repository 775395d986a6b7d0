/**
 * Many seeds on several processes: each takes the next seed when it is done with one, and reports what it found.
 *
 * A process of its own for each lane, because the trace of a seed must not depend on what ran beside it.
 */
import { fork } from 'node:child_process';
import path from 'node:path';
import { availableParallelism } from 'node:os';
import type { Verdict } from './run.ts';
import type { Schedule } from './schedule.ts';

export type Campaign = {
  readonly verdicts: readonly Verdict[];
  readonly failures: readonly Verdict[];
  readonly elapsedMs: number;
  /** Lanes that died, in words. */
  readonly broken: readonly string[];
};

export type CampaignOptions = {
  readonly seeds?: readonly number[];
  /** Written by hand, each to be run to a moment before its end. */
  readonly schedules?: readonly ShortRun[];
  /** Processes at once; without it as many as there are cores. */
  readonly lanes?: number;
  /** Name of a defect to plant in the code under test. */
  readonly planted?: string;
  /** Stop handing out seeds after so many failures. */
  readonly mostFailures?: number;
  /** Stop handing out seeds after this time, ms. */
  readonly withinMs?: number;
  readonly onVerdict?: (verdict: Verdict, done: number) => void;
};

/** `untilMs`: see `runSchedule`. */
export type ShortRun = { readonly schedule: Schedule; readonly untilMs: number };
/** What a lane is told to run. */
export type Run = number | ShortRun;

const LANE = path.join(import.meta.dirname, 'fixtures/lane.ts');
const PLANT = path.join(import.meta.dirname, 'fixtures/plant.ts');

export async function runCampaign(options: CampaignOptions): Promise<Campaign> {
  const { lanes = availableParallelism(), planted, mostFailures = Infinity, withinMs = Infinity, onVerdict } = options;
  const startedAtMs = performance.now();
  const waiting: Run[] = [...(options.schedules ?? []), ...(options.seeds ?? [])];
  const verdicts: Verdict[] = [];
  const broken: string[] = [];
  const isOver = (): boolean =>
    verdicts.filter(({ violations }) => violations.length > 0).length >= mostFailures ||
    performance.now() - startedAtMs > withinMs;
  await Promise.all(Array.from({ length: Math.min(lanes, waiting.length) }, lane));
  const failures = verdicts.filter(({ violations }) => violations.length > 0);
  return { verdicts, failures, elapsedMs: performance.now() - startedAtMs, broken };

  function lane(): Promise<void> {
    const child = fork(LANE, [], {
      execArgv: planted === undefined ? [] : ['--import', PLANT],
      env: { ...process.env, ...(planted === undefined ? {} : { PLANTED_DEFECT: planted }) },
    });
    let current: Run | undefined;
    const next = (): void => {
      current = isOver() ? undefined : waiting.shift();
      if (current === undefined) child.disconnect();
      else child.send(current);
    };
    child.on('message', (verdict: Verdict) => {
      verdicts.push(verdict);
      onVerdict?.(verdict, verdicts.length);
      next();
    });
    next();
    return new Promise((resolve) =>
      child.on('exit', (code, signal) => {
        if (current !== undefined) broken.push(`seed ${seedOf(current)}: the lane ended with ${signal ?? code}`);
        resolve();
      }),
    );
  }
}

function seedOf(run: Run): number {
  return typeof run === 'number' ? run : run.schedule.seed;
}

/** Seeds that nobody has run before, from a number that is printed. */
export function seedsFrom(first: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => first + at);
}
