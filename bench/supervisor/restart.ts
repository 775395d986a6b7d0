/**
 * From the message that makes a child fail to its successor running, beside bare XState and Erlang/OTP.
 *
 * Twice: with few restarts in the supervisor's window, and in a storm that one supervisor with a long window lives
 * through, since OTP looks at the whole list of restarts at each of them. The target belongs to the storm: its floor, 440 µs
 * in OTP, was taken so. The quiet rows stand beside it without one: OTP is faster there than any actor on XState can be, as
 * the row of bare XState shows.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createActor, setup } from 'xstate';
import type { AnyActorRef } from 'xstate';
import { systemClock } from '../../supervisor/clock.ts';
import { startSystem } from '../../supervisor/system.ts';
import { inTurns, quantile, rowOf, skipped } from '../measure.ts';
import type { Figures, Row, Size, Target } from '../measure.ts';
import { CRASH, crashing, FOREVER_MS } from './children.ts';
import type { Kind } from './children.ts';

type Restarts = { readonly p50Us: number; readonly p99Us: number; readonly perSecond: number };
type Key = keyof Restarts;

/** Crashes under one supervisor. */
const FEW = 200;
const STORM = 20_000;
const KEYS = ['p50Us', 'p99Us', 'perSecond'] as const;
const OF_OTP: Readonly<Record<Key, Target | undefined>> = {
  p50Us: undefined,
  p99Us: { of: 'ratio', atMost: 0.5 },
  perSecond: undefined,
};
const WORDS: Readonly<Record<Key, readonly [string, string]>> = {
  p50Us: ['crash to restarted, p50', 'µs'],
  p99Us: ['crash to restarted, p99', 'µs'],
  perSecond: ['restarts', '/s'],
};

export async function restart(size: Size): Promise<readonly Row[]> {
  const crashes = size === 'full' ? STORM : STORM / 5;
  using erlang = compiled();
  const results = await inTurns<string, Restarts>(size === 'full' ? 7 : 3, {
    process: () => inBatches(crashes, FEW, (note) => supervised('process', note)),
    machine: () => inBatches(crashes, FEW, (note) => supervised('machine', note)),
    'process in a storm': () => inBatches(STORM, STORM, (note) => supervised('process', note)),
    'bare XState': () => inBatches(crashes, FEW, bare),
    ...(erlang && {
      'Erlang/OTP': () => Promise.resolve(otp(crashes, FEW, erlang.folder)),
      'Erlang/OTP in a storm': () => Promise.resolve(otp(STORM, STORM, erlang.folder)),
    }),
  });
  const kinds = ['process', 'machine'];
  const beside = [
    ...kinds.flatMap((kind) => KEYS.map((key) => row(kind, key, 'bare XState', undefined))),
    ...(erlang ? kinds.flatMap((kind) => KEYS.map((key) => row(kind, key, 'Erlang/OTP', undefined))) : []),
    ...(erlang ? KEYS.map((key) => row('process in a storm', key, 'Erlang/OTP in a storm', OF_OTP[key])) : []),
  ];
  return erlang ? beside : [...beside, skipped('restarts beside Erlang/OTP', 'no erl and erlc in the path')];

  function row(subject: string, key: Key, floor: string, target: Target | undefined): Row {
    const [what, unit] = WORDS[key];
    const figures: Figures = {
      what: `${subject}: ${what}`,
      unit,
      values: (results[subject] ?? []).map((result) => result[key]),
      floor: { name: floor, values: (results[floor] ?? []).map((result) => result[key]) },
    };
    return rowOf(target ? { ...figures, target } : figures);
  }
}

/** `batch` starts a supervisor and returns what crashes its child once and what ends it. */
async function inBatches(
  crashes: number,
  ofOne: number,
  batch: (up: () => void) => { readonly crash: () => void; readonly stop: () => void },
): Promise<Restarts> {
  const latenciesUs: number[] = [];
  let totalMs = 0;
  for (let done = 0; done < crashes; done += ofOne) {
    let upAt = 0;
    const { crash, stop } = batch(() => (upAt = performance.now()));
    const start = performance.now();
    for (let one = 0; one < ofOne; one += 1) {
      const crashedAt = performance.now();
      crash();
      latenciesUs.push((upAt - crashedAt) * 1000);
    }
    await new Promise((resolve) => setImmediate(resolve));
    totalMs += performance.now() - start;
    stop();
  }
  return {
    p50Us: quantile(latenciesUs, 0.5),
    p99Us: quantile(latenciesUs, 0.99),
    perSecond: (crashes * 1000) / totalMs,
  };
}

function supervised(kind: Kind, up: () => void): ReturnType<Parameters<typeof inBatches>[2]> {
  const logic = crashing(kind, up);
  const children = [{ id: 'child', start: () => logic }];
  const system = startSystem(
    { id: 'root', strategy: 'one_for_one', intensity: 1_000_000, periodMs: FOREVER_MS, children },
    { clock: systemClock },
  );
  return { crash: () => system.send('child', CRASH), stop: system.kill };
}

/** A machine that enters its state again when the child that it invoked there fails. */
function bare(up: () => void): ReturnType<typeof supervised> {
  const parent = setup({ actors: { child: crashing('machine', up) } }).createMachine({
    initial: 'on',
    states: { on: { invoke: { id: 'child', src: 'child', onError: { target: 'on', reenter: true } } } },
  });
  const actor = createActor(parent).start();
  return {
    crash: () => (actor.getSnapshot().children['child'] as AnyActorRef | undefined)?.send(CRASH),
    stop: () => actor.stop(),
  };
}

function compiled(): ({ readonly folder: string } & Disposable) | undefined {
  const folder = mkdtempSync(path.join(tmpdir(), 'bessd-bench-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    execFileSync('erlc', ['-o', folder, path.join(import.meta.dirname, 'restart.erl')], { stdio: 'ignore' });
    execFileSync('erl', ['-noshell', '-eval', 'halt().'], { stdio: 'ignore' });
  } catch {
    remove();
    return undefined;
  }
  return { folder, [Symbol.dispose]: remove };
}

function otp(crashes: number, ofOne: number, folder: string): Restarts {
  const args = ['-run', 'restart', 'main', String(crashes), String(ofOne), '-s', 'init', 'stop'];
  const output = execFileSync('erl', ['-noshell', '-pa', folder, ...args], { encoding: 'utf8' });
  const numbers = output.trim().split('\n').map(Number);
  const totalNs = numbers.pop() ?? Number.NaN;
  return {
    p50Us: quantile(numbers, 0.5) / 1000,
    p99Us: quantile(numbers, 0.99) / 1000,
    perSecond: (numbers.length * 1e9) / totalNs,
  };
}
