/** What the guard has to reach, timed at the device beside the bare poller of the same run. */
import type { Target } from '../measure.ts';

export const TARGETS = {
  /** From the answer that shows a breach to the stop, of all breaches. */
  shownP99: { of: 'ratio', atMost: 2 },
  /** The first breach of a fresh process, of the steady median. */
  first: { of: 'ratio', atMost: 3 },
  /** From the breach to the stop, alone and beside everything else: the wait for the next poll is in it. */
  breach: { of: 'ratio', atMost: 1.5 },
} as const satisfies Readonly<Record<string, Target>>;
