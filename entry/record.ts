/**
 * The record thread: takes reports from control, keeps them on the disk.
 *
 * Gets `RecordStart` as workerData, `Report`s (one or several in an array) and `{type: 'SHUTDOWN'}` as messages. Posts
 * READY, ALIVE every second, and a NOTICE when the record becomes unavailable and when it is written again.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { RecordStart, ThreadSignal, ToRecord } from '../contracts/links.ts';
import { openRecordStore } from '../io/record-store.ts';
import { createRecordWriter } from '../io/record-writer.ts';
import { systemClock } from '../supervisor/clock.ts';

type ToThread = ToRecord | readonly ToRecord[] | { readonly type: 'SHUTDOWN' };

const ALIVE_EVERY_MS = 1000;

if (parentPort === null) throw new Error('entry/record.ts runs as a worker thread');
const port = parentPort;
const start = workerData as RecordStart;
const signal = (message: ThreadSignal): void => port.postMessage(message);

const writer = createRecordWriter({
  open: (check) => openRecordStore({ ...start, nowMs: Date.now(), check }),
  clock: systemClock,
  signal,
});

const alive = setInterval(() => signal({ type: 'ALIVE' }), ALIVE_EVERY_MS);
port.on('message', (message: ToThread) => {
  if (isBatch(message)) for (const report of message) writer.add(report);
  else if (message.type !== 'SHUTDOWN') writer.add(message);
  else {
    clearInterval(alive);
    writer.stop();
    port.close();
  }
});
writer.start();

function isBatch(message: ToThread): message is readonly ToRecord[] {
  return Array.isArray(message);
}
