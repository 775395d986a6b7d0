/**
 * Room kept for a small file whose saving must not fail because the disk is full: slots that are as large as the text may
 * become, overwritten in place, which takes no room.
 *
 *   full disk:  text → slot, synced;  slot takes the name of the file;  what had that name, or the other slot, is the next slot
 *
 * Invariant: the file holds one whole text at any moment. A slot is only written while the file is another one.
 */
import { link, open, rename, rm, stat } from 'node:fs/promises';

/** Between the text and the padding; no text of ours ends so. */
const PADDING = /\n *$/;

/** Makes the slots that are missing. A disk without room for them costs nothing but them. */
export async function keepSlots(file: string, bytes: number): Promise<void> {
  for (const slot of slotsOf(file)) {
    try {
      if ((await sizeOf(slot)) === bytes) continue;
      await writeWhole(`${slot}.new`, Buffer.alloc(bytes, ' '), 'w');
      await rename(`${slot}.new`, slot);
    } catch {
      await rm(`${slot}.new`, { force: true }).catch(() => undefined); // tried again after the next save
    }
  }
}

/** Throws where there is no slot, or none that is large enough. The caller syncs the folder. */
export async function saveInSlot(file: string, text: string): Promise<void> {
  const [slot, other] = slotsOf(file);
  const bytes = await sizeOf(slot);
  const words = Buffer.from(text);
  if (bytes === undefined || words.length >= bytes) throw new Error(`no room is kept for ${words.length} bytes`);
  const whole = Buffer.alloc(bytes, ' ');
  words.copy(whole);
  whole[words.length] = 0x0a;
  await writeWhole(slot, whole, 'r+');
  const old = `${slot}.old`;
  await rm(old, { force: true });
  // A file that was a slot itself is as large, and keeps its room under the name of one.
  const wasSlot = (await sizeOf(file)) === bytes;
  if (wasSlot) await link(file, old);
  await rename(slot, file);
  if (wasSlot) await rename(old, slot);
  else if ((await sizeOf(other)) === bytes) await rename(other, slot);
}

export function withoutPadding(text: string): string {
  return text.replace(PADDING, '');
}

function slotsOf(file: string): readonly [string, string] {
  return [`${file}.slot`, `${file}.slot2`];
}

async function writeWhole(file: string, bytes: Buffer, flags: 'w' | 'r+'): Promise<void> {
  const handle = await open(file, flags);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch {
    return undefined;
  }
}
