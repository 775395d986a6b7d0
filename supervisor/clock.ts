/**
 * The two clocks: the machine's own, and a virtual one that runs due timers in order.
 *
 * The virtual clock exists because XState's SimulatedClock arms timers that are set during an increment relative to the
 * already advanced time, so chained delays advance one hop only.
 */
import type { Clock, TimerId } from '../contracts/clock.ts';

/** Longest delay that Node's timers keep; above it they fire after 1 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  setTimeout: (run, delayMs) => {
    const timer: LongTimer = { id: undefined };
    arm(timer, run, checked(delayMs));
    return timer;
  },
  clearTimeout: (timer) => clearTimeout((timer as LongTimer | undefined)?.id),
};

/** A delay that is no number would fire at once or never, by chance: a defect, told where it is made. */
function checked(delayMs: number): number {
  if (Number.isNaN(delayMs)) throw new RangeError('a timer needs a delay in ms, not NaN');
  return Math.max(0, delayMs);
}

/** A timer of any length: what Node cannot keep in one piece is armed again and again. */
type LongTimer = { id: NodeJS.Timeout | undefined };

function arm(timer: LongTimer, run: () => void, delayMs: number): void {
  if (delayMs <= LONGEST_TIMER_MS) timer.id = setTimeout(run, delayMs);
  else timer.id = setTimeout(() => arm(timer, run, delayMs - LONGEST_TIMER_MS), LONGEST_TIMER_MS);
}

export type VirtualClock = Clock & {
  /** Runs everything due within the next `ms`, in order, letting promises settle between timers. */
  readonly advance: (ms: number) => Promise<void>;
  /** The same without waiting for promises: for machines and supervisors, which are synchronous. */
  readonly advanceSync: (ms: number) => void;
  readonly pending: () => number;
};

type Timer = { readonly id: number; readonly at: number; readonly run: () => void };

export function virtualClock(startWallMs = Date.UTC(2026, 0, 1)): VirtualClock {
  let time = 0;
  let lastId = 0;
  let timers: Timer[] = [];

  return {
    now: () => time,
    wall: () => startWallMs + time,
    setTimeout(run, delayMs): TimerId {
      const timer = { id: ++lastId, at: time + checked(delayMs), run };
      const index = timers.findIndex(({ at }) => at > timer.at);
      if (index < 0) timers.push(timer);
      else timers.splice(index, 0, timer);
      return timer.id;
    },
    clearTimeout(id) {
      timers = timers.filter((timer) => timer.id !== id);
    },
    async advance(ms) {
      const end = time + ms;
      await settle();
      while (runNext(end)) await settle();
      time = end;
    },
    advanceSync(ms) {
      const end = time + ms;
      while (runNext(end));
      time = end;
    },
    pending: () => timers.length,
  };

  function runNext(end: number): boolean {
    const next = timers[0];
    if (!next || next.at > end) return false;
    timers.shift();
    time = Math.max(time, next.at);
    next.run();
    return true;
  }
}

/** Lets every promise that can settle do so: a macrotask comes only after all microtasks. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
