/**
 * Warm spares: for an entry at most one thread that has loaded it and waits for its start.
 *
 * Kept by entry and not by actor, because a supervisor may make the logic of a child anew for every incarnation. A spare
 * keeps no process alive. One that dies meanwhile is simply not there when it is needed.
 */
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ResourceLimits } from 'node:worker_threads';
import { SPARE } from './thread-start.ts';

const spares = new Map<string, Worker>();

export function prepareSpare(entry: URL, resourceLimits: ResourceLimits): void {
  if (spares.has(entry.href)) return;
  const waiting = new Worker(entry, { name: threadName(entry), workerData: SPARE, resourceLimits });
  waiting.unref();
  const gone = (): void => {
    if (spares.get(entry.href) === waiting) spares.delete(entry.href);
  };
  waiting.on('error', gone);
  waiting.on('exit', gone);
  spares.set(entry.href, waiting);
}

/** The caller owns it from now on. */
export function takeSpare(entry: URL): Worker | undefined {
  const taken = spares.get(entry.href);
  spares.delete(entry.href);
  taken?.removeAllListeners();
  taken?.ref();
  return taken;
}

export function dismissSpare(entry: URL): void {
  const dismissed = spares.get(entry.href);
  spares.delete(entry.href);
  void dismissed?.terminate();
}

/** As the tools of the system show it (`top -H`, /proc): the name of the entry. */
export function threadName(entry: URL): string {
  return path.basename(entry.pathname, '.ts');
}
