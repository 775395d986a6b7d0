/** The record thread, and what it says. */
import { Worker } from 'node:worker_threads';
import type { RecordStart, ThreadSignal } from '../../contracts/links.ts';

const ENTRY = new URL('../../entry/record.ts', import.meta.url);

export type RecordThread = {
  readonly worker: Worker;
  /** The first signal of that kind, past or to come. */
  readonly heard: (what: (signal: ThreadSignal) => boolean) => Promise<ThreadSignal>;
  /** Shuts the thread down; its exit code. */
  readonly end: () => Promise<number>;
};

export function startThread(dataDir: string, maxBytes = 100_000_000): RecordThread {
  const start: RecordStart = { dataDir, keepDays: 30, maxBytes };
  const worker = new Worker(ENTRY, { workerData: start });
  const signals: ThreadSignal[] = [];
  worker.on('message', (signal: ThreadSignal) => signals.push(signal));
  return {
    worker,
    heard: (what) =>
      new Promise((resolve) => {
        const before = signals.find(what);
        if (before) return resolve(before);
        worker.on('message', (signal: ThreadSignal) => what(signal) && resolve(signal));
      }),
    end: () =>
      new Promise((resolve) => {
        worker.on('exit', resolve);
        worker.postMessage({ type: 'SHUTDOWN' });
      }),
  };
}
