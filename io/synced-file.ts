/**
 * Small files that survive a power cut: the E-stop latch and its like.
 *
 * Invariant: the file always holds one whole text that was saved, never a mixture. Saves of one file go one after the
 * other; a save that a later one overtakes in the queue is done when the later text is on the disk.
 */
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { Fault } from '../contracts/faults.ts';
import type { OpenSyncedFile, SyncedFile } from '../contracts/ports.ts';

type Queue = { next: { text: string; readonly done: PromiseWithResolvers<void> } | undefined; running: boolean };

/** One queue per path in this process, however often the file was opened. */
const queues = new Map<string, Queue>();

export function openSyncedFiles(dir: string): OpenSyncedFile {
  return (name: string): SyncedFile => {
    const file = path.resolve(dir, name);
    if (path.dirname(file) !== path.resolve(dir))
      throw new Error(`a synced file lies in its folder, "${name}" does not`);
    return { load: () => load(file), save: (text) => save(file, text) };
  };
}

async function load(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw new Fault('FILE_UNREADABLE', `${file} cannot be read`, { cause });
  }
}

function save(file: string, text: string): Promise<void> {
  const queue = queues.get(file) ?? { next: undefined, running: false };
  queues.set(file, queue);
  queue.next ??= { text, done: Promise.withResolvers<void>() };
  queue.next.text = text;
  const { promise } = queue.next.done;
  if (!queue.running) void drain(file, queue);
  return promise;
}

/** Never rejects: each save hears its own outcome. */
async function drain(file: string, queue: Queue): Promise<void> {
  queue.running = true;
  while (queue.next) {
    const { text, done } = queue.next;
    queue.next = undefined;
    await replace(file, text).then(done.resolve, (cause: unknown) => {
      done.reject(new Fault('FILE_UNREADABLE', `${file} cannot be written`, { cause }));
    });
  }
  queue.running = false;
  queues.delete(file);
}

async function replace(file: string, text: string): Promise<void> {
  const folder = path.dirname(file);
  const madeFrom = await mkdir(folder, { recursive: true });
  const temporary = `${file}.new`;
  const handle = await open(temporary, 'w');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  await syncFolder(folder);
  if (madeFrom !== undefined) await syncFolder(path.dirname(madeFrom));
}

/** The new name is on the disk only when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
