/**
 * The end of a campaign that is told to end: what it has set up is taken down, and no process that it started lives on,
 * detached ones (a stopper) included.
 */
import { execFileSync } from 'node:child_process';
import { onStopSignals } from '../stop-signals.ts';

export type Ending = {
  /** How to take down what stands at this moment; the last one counts. */
  readonly takeDownBy: (how: () => Promise<void>) => void;
};

/** 128 + SIGTERM, whichever it was. */
const EXIT_CODE = 143;
/** An orderly end of two batteries and their runtime. */
const TAKEN_DOWN_MS = 15_000;

export function endOnSignals(): Ending {
  let takeDown: () => Promise<void> = () => Promise.resolve();
  onStopSignals((times) => {
    const started = descendantsOf(process.pid);
    const end = (): never => {
      for (const pid of new Set([...started, ...descendantsOf(process.pid)])) kill(pid);
      process.exit(EXIT_CODE);
    };
    if (times > 1) end();
    setTimeout(end, TAKEN_DOWN_MS);
    void takeDown().finally(end);
  });
  return {
    takeDownBy(how) {
      takeDown = how;
    },
  };
}

/** Deepest last. */
export function descendantsOf(root: number): readonly number[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const pairs = rows.map((row) => row.trim().split(/ +/).map(Number));
  const found = [root];
  for (const parent of found) for (const [pid = 0, ppid] of pairs) if (ppid === parent) found.push(pid);
  return found.slice(1);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    return; // it has ended already
  }
}
