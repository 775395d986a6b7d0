/**
 * Garbage of the young generation is collected when reports have been handed on, and not in the middle of an answer.
 *
 * V8 collects where memory runs out, and memory runs out where it is used: while answers are decoded and judged. Now and then
 * a stop waited a millisecond for that. After the reports of a poll nobody waits, and less of what was used is still alive.
 */
import { getHeapSpaceStatistics } from 'node:v8';

/** To look takes some 50 µs; young memory of 4 MB fills in no less than this. */
const LOOK_EVERY_MS = 50;

export type YoungMemory = {
  /** Whether more than half of it is used. */
  readonly isDue: () => boolean;
  readonly collect: () => void;
};

/** To be called whenever nobody waits. Does nothing where V8 lets nobody collect. */
export function quietCollection(
  memory: YoungMemory | undefined = youngMemory(),
  now: () => number = () => performance.now(),
): () => void {
  if (!memory) return () => undefined;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (now() - lookedAtMs < LOOK_EVERY_MS) return;
    lookedAtMs = now();
    if (memory.isDue()) memory.collect();
  };
}

function youngMemory(): YoungMemory | undefined {
  const { gc } = globalThis;
  if (!gc) return undefined;
  return {
    isDue() {
      const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
      return young !== undefined && young.space_used_size > young.space_available_size;
    },
    collect: () => {
      gc({ type: 'minor', execution: 'sync' });
    },
  };
}
