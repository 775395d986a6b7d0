/**
 * Signals that ask a program to end in order.
 *
 * One wish may arrive several times: a signal to a whole process group also comes through the programs above us (npm, a
 * relay). What comes within half a second is one wish; a second wish means impatience.
 */
const SAME_WISH_MS = 500;

/** `asked` gets 1 for the first wish, 2 for the second, and so on. */
export function onStopSignals(asked: (times: number) => void): void {
  let times = 0;
  let lastAtMs = Number.NEGATIVE_INFINITY;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      const nowMs = performance.now();
      if (nowMs - lastAtMs < SAME_WISH_MS) return;
      lastAtMs = nowMs;
      times += 1;
      asked(times);
    });
  }
}
