/** The cursor of an uplink on the disk. One that cannot be read begins again: the receiver removes what comes twice. */
import { parse } from '../../contracts/parse.ts';
import type { SyncedFile } from '../../contracts/ports.ts';
import { cursorSchema } from '../../contracts/uplink.ts';
import type { Cursor } from '../../contracts/uplink.ts';
import { Fault } from '../../contracts/faults.ts';
import type { Log } from '../../contracts/log-events.ts';

const BEGIN: Cursor = { version: 1, streams: {} };

export async function loadCursor(file: SyncedFile, uplink: string, log: Log): Promise<Cursor> {
  try {
    const text = await file.load();
    if (text === undefined) return BEGIN;
    const parsed = parse(cursorSchema, JSON.parse(text));
    if (parsed.ok) return parsed.value;
    log('cursor_unreadable', { uplink, why: 'it is not valid' });
  } catch (error) {
    if (!(error instanceof Fault) && !(error instanceof SyntaxError)) throw error;
    log('cursor_unreadable', { uplink, why: error.message });
  }
  return BEGIN;
}

/** A disk that refuses costs only duplicates after a restart. */
export async function saveCursor(file: SyncedFile, cursor: Cursor): Promise<void> {
  try {
    await file.save(JSON.stringify(cursor));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
}
