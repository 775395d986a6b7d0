/** A thread that says that it is up and crashes when told to. */
import { parentPort } from 'node:worker_threads';
import { threadStart } from '../../supervisor/thread-start.ts';

await threadStart();
parentPort?.on('message', ({ type }: { readonly type: string }) => {
  if (type === 'CRASH') throw new Error('crash');
  if (type === 'SHUTDOWN') parentPort?.close();
});
parentPort?.postMessage('up');
