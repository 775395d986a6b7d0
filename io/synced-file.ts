/**
 * Small files that survive a power cut: the E-stop latch and its like.
 *
 * Invariant: the file always holds one whole text that was saved, never a mixture. Saves of one file go one after the
 * other; a save that a later one overtakes in the queue is done when the later text is on the disk.
 */
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Fault } from '../contracts/faults.ts';
import type { OpenSyncedFile, SyncedFile } from '../contracts/ports.ts';
import { keepSlots, saveInSlot, withoutPadding } from './synced-slot.ts';

type Queue = { next: { text: string; readonly done: PromiseWithResolvers<void> } | undefined; running: boolean };

/** One queue per path in this process, however often the file was opened. */
const queues = new Map<string, Queue>();

/** `slots`: files, by name, that are saved on a full disk too as long as their text is shorter than so many bytes. */
export function openSyncedFiles(dir: string, slots: Readonly<Record<string, number>> = {}): OpenSyncedFile {
  return (name: string): SyncedFile => {
    const file = path.resolve(dir, name);
    const slotBytes = slots[name];
    if (path.dirname(file) !== path.resolve(dir))
      throw new Error(`a synced file lies in its folder, "${name}" does not`);
    if (slotBytes !== undefined) void keepFirstSlots(file, slotBytes);
    return { load: () => load(file), save: (text) => save(file, text, slotBytes) };
  };
}

async function load(file: string): Promise<string | undefined> {
  try {
    return withoutPadding(await readFile(file, 'utf8'));
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw new Fault('FILE_UNREADABLE', `${file} cannot be read`, { cause });
  }
}

function save(file: string, text: string, slotBytes: number | undefined): Promise<void> {
  const queue = queues.get(file) ?? { next: undefined, running: false };
  queues.set(file, queue);
  queue.next ??= { text, done: Promise.withResolvers<void>() };
  queue.next.text = text;
  const { promise } = queue.next.done;
  if (!queue.running) void drain(file, queue, slotBytes);
  return promise;
}

/** Never rejects: each save hears its own outcome. */
async function drain(file: string, queue: Queue, slotBytes: number | undefined): Promise<void> {
  queue.running = true;
  while (queue.next) {
    const { text, done } = queue.next;
    queue.next = undefined;
    await replace(file, text, slotBytes).then(done.resolve, (cause: unknown) => {
      done.reject(new Fault('FILE_UNREADABLE', `${file} cannot be written`, { cause }));
    });
  }
  queue.running = false;
  queues.delete(file);
}

/** Once what is saved meanwhile is saved: slots and saves must not meet. */
async function keepFirstSlots(file: string, slotBytes: number): Promise<void> {
  if (queues.has(file)) return;
  const queue: Queue = { next: undefined, running: true };
  queues.set(file, queue);
  await mkdir(path.dirname(file), { recursive: true }).catch(() => undefined);
  await keepSlots(file, slotBytes);
  await drain(file, queue, slotBytes);
}

async function replace(file: string, text: string, slotBytes: number | undefined): Promise<void> {
  try {
    await replaceByNew(file, text);
  } catch (error) {
    if (slotBytes === undefined || !isFull(error)) throw error;
    await rm(`${file}.new`, { force: true });
    await saveInSlot(file, text);
    return syncFolder(path.dirname(file));
  }
  if (slotBytes !== undefined) await keepSlots(file, slotBytes);
}

async function replaceByNew(file: string, text: string): Promise<void> {
  const folder = path.dirname(file);
  const temporary = `${file}.new`;
  let madeFrom: string | undefined;
  // The folder is nearly always there: it is made when it turns out that it is not.
  const handle = await open(temporary, 'w').catch(async (error: unknown) => {
    if (!isMissing(error)) throw error;
    madeFrom = await mkdir(folder, { recursive: true });
    return await open(temporary, 'w');
  });
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

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
