/**
 * Loaded before a child of the demo: the child ends in order when the demo is gone, however that happened (kill -9).
 */
import { isMainThread } from 'node:worker_threads';

if (isMainThread && process.channel) {
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // The listener must not keep a child alive that has nothing left to do.
  process.channel.unref();
}
