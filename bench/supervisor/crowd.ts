/**
 * Thousands of children under one supervisor, each with one pending timer: start, stop in order, memory; and whether the
 * cost grows with their number or faster. The floor is as many machines without any supervisor.
 */
import { createActor } from 'xstate';
import { systemClock } from '../../supervisor/clock.ts';
import { startSystem } from '../../supervisor/system.ts';
import { collectGarbage, inTurns, rowOf } from '../measure.ts';
import type { Row, Size } from '../measure.ts';
import { KINDS, waiting, waitingMachine } from './children.ts';
import type { Kind } from './children.ts';

type Crowd = { readonly startMs: number; readonly stopMs: number; readonly kibEach: number };

const MANY = 10_000;
const FEW = MANY / 4;
const AT_MOST = {
  startMs: { of: 'figure', atMost: 2000 },
  stopMs: { of: 'figure', atMost: 1000 },
  growth: { of: 'figure', atMost: 1.5 },
} as const;

export async function crowd(size: Size): Promise<readonly Row[]> {
  const results = await inTurns(size === 'full' ? 7 : 3, {
    process: () => supervised('process', MANY),
    fewProcess: () => supervised('process', FEW),
    machine: () => supervised('machine', MANY),
    fewMachine: () => supervised('machine', FEW),
    bare: () => Promise.resolve(bare(MANY)),
  });
  const few = { process: results.fewProcess, machine: results.fewMachine };
  return KINDS.flatMap((kind) => [
    row(kind, 'start', 'startMs'),
    row(kind, 'stop', 'stopMs'),
    growth(kind, 'start', 'startMs'),
    growth(kind, 'stop', 'stopMs'),
    rowOf({
      what: `${kind}: memory of one child`,
      unit: 'KiB',
      values: results[kind].map(({ kibEach }) => kibEach),
      floor: { name: 'bare machine', values: results.bare.map(({ kibEach }) => kibEach) },
    }),
  ]);

  function row(kind: Kind, what: string, key: 'startMs' | 'stopMs'): Row {
    return rowOf({
      what: `${kind}: ${what} ${MANY} children`,
      unit: 'ms',
      values: results[kind].map((one) => one[key]),
      floor: { name: 'bare machines', values: results.bare.map((one) => one[key]) },
      target: AT_MOST[key],
    });
  }

  function growth(kind: Kind, what: string, key: 'startMs' | 'stopMs'): Row {
    return rowOf({
      what: `${kind}: ${what} of one among ${MANY}, of one among ${FEW} = 1`,
      unit: '',
      values: results[kind].map((one, round) => one[key] / MANY / ((few[kind][round]?.[key] ?? Number.NaN) / FEW)),
      target: AT_MOST.growth,
    });
  }
}

async function supervised(kind: Kind, count: number): Promise<Crowd> {
  const children = Array.from({ length: count }, (_, at) => ({ id: `child-${at}`, start: () => waiting(kind) }));
  const before = heapKib();
  const start = performance.now();
  const system = startSystem({ id: 'root', strategy: 'one_for_one', children }, { clock: systemClock });
  const startMs = performance.now() - start;
  const kibEach = (heapKib() - before) / count;
  const stop = performance.now();
  await system.stop();
  return { startMs, stopMs: performance.now() - stop, kibEach };
}

function bare(count: number): Crowd {
  const before = heapKib();
  const start = performance.now();
  const actors = Array.from({ length: count }, () => createActor(waitingMachine).start());
  const startMs = performance.now() - start;
  const kibEach = (heapKib() - before) / count;
  const stop = performance.now();
  for (const actor of actors) actor.stop();
  return { startMs, stopMs: performance.now() - stop, kibEach };
}

function heapKib(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 1024;
}
