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

type Timer = { readonly at: number; readonly run: () => void };

/** `stepsPerTurn`: see `settling`. */
export function virtualClock(startWallMs = Date.UTC(2026, 0, 1), stepsPerTurn = 1): VirtualClock {
  const settle = settling(stepsPerTurn);
  let time = 0;
  /** In the order in which they are due; those for the same moment in the order in which they were set. */
  const timers: Timer[] = [];

  return {
    now: () => time,
    wall: () => startWallMs + time,
    setTimeout(run, delayMs): TimerId {
      const timer = { at: time + checked(delayMs), run };
      timers.splice(after(timer.at), 0, timer);
      return timer;
    },
    clearTimeout(timer) {
      const index = timer === undefined ? -1 : timers.lastIndexOf(timer as Timer, after((timer as Timer).at) - 1);
      if (index >= 0) timers.splice(index, 1);
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

  /** Where the timers begin that are due later than `at`. */
  function after(at: number): number {
    let [low, high] = [0, timers.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((timers[middle]?.at ?? Infinity) > at) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  function runNext(end: number): boolean {
    const next = timers[0];
    if (!next || next.at > end) return false;
    timers.shift();
    time = Math.max(time, next.at);
    next.run();
    return true;
  }
}

/**
 * Lets every promise that can settle do so: a macrotask comes only after all microtasks, and after the rejections that
 * nobody caught.
 *
 * A turn of the event loop costs more than a step of a simulated site. Immediates that were set together run in one turn,
 * and Node still settles everything between two of them: where nothing waits for real sockets or files, one turn serves many.
 */
function settling(stepsPerTurn: number): () => Promise<void> {
  let ahead = 0;
  let waiting: (() => void) | undefined;
  const step = (): void => {
    ahead -= 1;
    const settled = waiting;
    waiting = undefined;
    settled?.();
  };
  const turn = (): void => {
    ahead = stepsPerTurn;
    for (let at = 0; at < stepsPerTurn; at += 1) setImmediate(step);
  };
  return () =>
    new Promise((resolve) => {
      const before = waiting;
      waiting = before ? () => (before(), resolve()) : resolve;
      if (ahead === 0) turn();
    });
}
