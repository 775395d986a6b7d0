/**
 * A worker thread as a supervised actor: `placement: thread`.
 *
 * Messages sent to the actor go to the thread; what the thread posts comes to `onSignal`. The thread must post something
 * at least every `silentAfterMs`, else it counts as hung. Crash, hang, heap exhaustion and an unexpected end each become
 * an ordinary failure of the actor. On shutdown the thread gets `{type: 'SHUTDOWN'}` and ends by itself. With `spare`
 * the next thread is already there, loaded, when this one fails.
 */
import { Worker } from 'node:worker_threads';
import type { Transferable } from 'node:worker_threads';
import type { EventObject } from 'xstate';
import { Fault } from '../contracts/faults.ts';
import { fromProcess } from './process.ts';
import type { ProcessLogic } from './process.ts';
import { SPARE } from './thread-start.ts';

export type ThreadSpec = {
  readonly entry: URL;
  /** Made anew for every incarnation, so that message ports are fresh. The entry gets it from `threadStart()`. */
  readonly start: () => { readonly workerData: unknown; readonly transferList?: readonly Transferable[] };
  readonly onSignal: (signal: unknown) => void;
  readonly onEnd?: () => void;
  readonly silentAfterMs?: number;
  readonly maxHeapMb?: number;
  readonly spare?: boolean;
};

/** Event by which the owner of the actor posts any value to the thread. */
export type Post = EventObject & { readonly type: 'POST'; readonly value: unknown };

export type ThreadLogic = ProcessLogic<Post, undefined> & {
  readonly placement: 'thread';
  readonly dismissSpare: () => void;
};

export function inThread(spec: ThreadSpec): ThreadLogic {
  const { silentAfterMs = 15_000, maxHeapMb = 512 } = spec;
  const resourceLimits = { maxOldGenerationSizeMb: maxHeapMb };
  let spare: Worker | undefined;

  const logic = fromProcess<Post>(async ({ signal, clock, onMessage, lease }) => {
    const { workerData, transferList = [] } = spec.start();
    const worker = spare ?? new Worker(spec.entry, { workerData, transferList: [...transferList], resourceLimits });
    if (spare) {
      spare.removeAllListeners();
      spare.ref();
      worker.postMessage({ type: SPARE, workerData }, transferList);
      spare = undefined;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let heardAt = clock.now();
    worker.on('message', (message: unknown) => {
      heardAt = clock.now();
      if (lease.held) spec.onSignal(message);
    });
    worker.on('error', reject);
    worker.on('exit', (code) =>
      signal.aborted ? resolve() : reject(new Fault('CHILD_EXITED', `thread ended with code ${code}`)),
    );
    onMessage(({ value }) => worker.postMessage(value));
    signal.addEventListener('abort', () => worker.postMessage({ type: 'SHUTDOWN' }));
    lease.lost.addEventListener('abort', () => void worker.terminate());
    if (spec.spare) prepareSpare();

    const watch = (): void => {
      if (clock.now() - heardAt > silentAfterMs)
        return reject(new Fault('CHILD_SILENT', `thread silent for ${silentAfterMs} ms`));
      timer = clock.setTimeout(watch, silentAfterMs / 5);
    };
    let timer = clock.setTimeout(watch, silentAfterMs / 5);
    try {
      await promise;
    } finally {
      clock.clearTimeout(timer);
      spec.onEnd?.();
      void worker.terminate();
    }
  });

  return Object.assign(logic, { placement: 'thread' as const, dismissSpare });

  /** Loads the entry in a thread that waits for its start; one that dies meanwhile is simply not there when it is needed. */
  function prepareSpare(): void {
    const waiting = new Worker(spec.entry, { workerData: SPARE, resourceLimits });
    waiting.unref();
    const gone = (): void => {
      if (spare === waiting) spare = undefined;
    };
    waiting.on('error', gone);
    waiting.on('exit', gone);
    spare = waiting;
  }

  function dismissSpare(): void {
    void spare?.terminate();
    spare = undefined;
  }
}
