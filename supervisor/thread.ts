/**
 * A worker thread as a supervised actor: `placement: thread`.
 *
 * Messages sent to the actor go to the thread; what the thread posts comes to `onSignal`. The thread must post something
 * at least every `silentAfterMs`, else it counts as hung. Crash, hang, heap exhaustion and an end with a code other than 0
 * each become an ordinary failure of the actor; code 0 is a normal exit, and an error named ShutdownExit a shutdown. Told
 * to end, the thread gets `{type: 'SHUTDOWN'}` and ends by itself. With `spare` the next thread is already there, loaded,
 * when this one fails; it is dismissed when the actor is told to end.
 */
import { Worker } from 'node:worker_threads';
import type { Transferable } from 'node:worker_threads';
import type { EventObject } from 'xstate';
import { Fault } from '../contracts/faults.ts';
import { fromProcess } from './process.ts';
import type { ProcessLogic } from './process.ts';
import { createSilence } from './silence.ts';
import { dismissSpare, prepareSpare, takeSpare, threadName } from './spare-thread.ts';
import { SPARE } from './thread-start.ts';

/** So often within the time after which a silent thread counts as hung. */
const LOOKS = 5;

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

export type ThreadLogic = ProcessLogic<Post, undefined> & { readonly placement: 'thread' };

export function inThread(spec: ThreadSpec): ThreadLogic {
  const { silentAfterMs = 15_000, maxHeapMb = 512 } = spec;
  const resourceLimits = { maxOldGenerationSizeMb: maxHeapMb };

  const logic = fromProcess<Post>(async ({ signal, clock, onMessage, lease }) => {
    const worker = begin();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const everyMs = silentAfterMs / LOOKS;
    const silence = createSilence(clock, everyMs);
    worker.on('message', (message: unknown) => {
      silence.heard();
      try {
        if (lease.held) spec.onSignal(message);
      } catch (error) {
        reject(error);
      }
    });
    worker.on('error', reject);
    worker.on('exit', (code) =>
      signal.aborted || code === 0 ? resolve() : reject(new Fault('CHILD_EXITED', `thread ended with code ${code}`)),
    );
    onMessage(({ value }) => worker.postMessage(value));
    signal.addEventListener('abort', () => worker.postMessage({ type: 'SHUTDOWN' }));
    lease.lost.addEventListener('abort', () => void worker.terminate());
    if (spec.spare) prepareSpare(spec.entry, resourceLimits);

    const watch = (): void => {
      if (silence.look() > silentAfterMs)
        return reject(new Fault('CHILD_SILENT', `thread silent for ${silentAfterMs} ms`));
      clock.setTimeout(watch, everyMs);
    };
    clock.setTimeout(watch, everyMs);
    // Told to end, it has no successor; after a failure, which takes the lease first, the spare is for the next one.
    signal.addEventListener('abort', () => {
      if (lease.held) dismissSpare(spec.entry);
    });
    try {
      await promise;
    } finally {
      spec.onEnd?.();
      void worker.terminate();
    }
  });

  return Object.assign(logic, { placement: 'thread' as const });

  function begin(): Worker {
    const { workerData, transferList = [] } = spec.start();
    const spare = spec.spare ? takeSpare(spec.entry) : undefined;
    const name = threadName(spec.entry);
    if (!spare) return new Worker(spec.entry, { name, workerData, transferList: [...transferList], resourceLimits });
    spare.postMessage({ type: SPARE, workerData }, transferList);
    return spare;
  }
}
