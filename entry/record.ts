/**
 * The record thread: takes reports from control, keeps them on the disk.
 *
 * Gets `RecordStart` as workerData, `Report`s (one or several in an array), `SYNC` and `SHUTDOWN` as messages. Posts READY,
 * ALIVE every second, SYNCED when all that came before a SYNC is on the disk, and a NOTICE when the record becomes
 * unavailable and when it is written again, or is about to give up what an uplink has not sent.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { RecordStart, RecordSync, ThreadSignal, ToRecord } from '../contracts/links.ts';
import { openRecordStore } from '../io/record-store.ts';
import { openSyncedFiles } from '../io/synced-file.ts';
import { createRecordWriter } from '../io/record-writer.ts';
import { systemClock } from '../supervisor/clock.ts';
import { standBehind } from './priority.ts';
import { watchUnsent } from './unsent.ts';

type ToThread = ToRecord | readonly ToRecord[] | RecordSync | { readonly type: 'SHUTDOWN' };

const ALIVE_EVERY_MS = 1000;
const UNSENT_EVERY_MS = 60_000;
/** Of what the record may take, this share should still be free on its disk, up to a quarter of a gigabyte. */
const LOW = { share: 0.1, bytes: 250_000_000 };

if (parentPort === null) throw new Error('entry/record.ts runs as a worker thread');
standBehind();
const port = parentPort;
const start = workerData as RecordStart;
const signal = (message: ThreadSignal): void => port.postMessage(message);

const writer = createRecordWriter({
  open: (check) => openRecordStore({ ...start, nowMs: Date.now(), check }),
  clock: systemClock,
  signal,
  lowBytes: Math.min(start.maxBytes * LOW.share, LOW.bytes),
});

const unsent = watchUnsent({ start, openFile: openSyncedFiles(start.dataDir), signal });
const watching = setInterval(() => void unsent(Date.now()), UNSENT_EVERY_MS);
void unsent(Date.now());
const alive = setInterval(() => signal({ type: 'ALIVE' }), ALIVE_EVERY_MS);
port.on('message', (message: ToThread) => {
  if (isBatch(message)) for (const report of message) writer.add(report);
  else if (message.type === 'SYNC') writer.sync(() => signal({ type: 'SYNCED', id: message.id }));
  else if (message.type !== 'SHUTDOWN') writer.add(message);
  else {
    clearInterval(alive);
    clearInterval(watching);
    writer.stop();
    port.close();
  }
});
writer.start();

function isBatch(message: ToThread): message is readonly ToRecord[] {
  return Array.isArray(message);
}
