/**
 * Requests that come in a flood are carried out a few at a time, so that the other doors of the same thread have their turn
 * in between: a socket with much to read is else read to its end first.
 *
 * Invariant: nothing is dropped or overtaken; what may wait is bounded, and beyond that the flood is slowed down as before.
 */
export type Portions = (bytes: number, work: () => void) => void;

/** Requests before others get their turn: less than a millisecond. */
const EACH = 16;
const MOST_BYTES = 4_000_000;

export function inPortions(later: (work: () => void) => void = setImmediate): Portions {
  const waiting: { readonly bytes: number; readonly work: () => void }[] = [];
  let next = 0;
  let waitingBytes = 0;
  let left = EACH;
  let scheduled = false;

  return (bytes, work) => {
    if (next === waiting.length && left > 0) {
      left -= 1;
      schedule();
      return work();
    }
    waiting.push({ bytes, work });
    waitingBytes += bytes;
    while (waitingBytes > MOST_BYTES) one();
    schedule();
  };

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    later(turn);
  }

  function turn(): void {
    scheduled = false;
    for (left = EACH; left > 0 && next < waiting.length; left -= 1) one();
    if (next < waiting.length) schedule();
  }

  function one(): void {
    const item = waiting[next];
    next += 1;
    if (next === waiting.length) {
      waiting.length = 0;
      next = 0;
    }
    if (!item) return;
    waitingBytes -= item.bytes;
    item.work();
  }
}
