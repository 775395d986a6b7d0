/**
 * What a thread of `inThread` was started with: at once, or, in a warm spare, when its turn comes.
 */
import { parentPort, workerData } from 'node:worker_threads';

/** workerData of a spare, and the type of the message that makes it the real one. */
export const SPARE = 'bessd.spare';

export async function threadStart<Start>(): Promise<Start> {
  if (workerData !== SPARE) return workerData as Start;
  return new Promise((resolve) => {
    parentPort?.once('message', (message: { readonly type: string; readonly workerData: Start }) =>
      resolve(message.workerData),
    );
  });
}
