/**
 * Says in time that retention is about to give up what an uplink has not sent yet: an alarm with the number of reports.
 *
 * An uplink that has never delivered has no cursor, and has sent nothing. A cursor or a record that cannot be read now says
 * nothing, and leaves the alarm as it is.
 */
import { Fault } from '../contracts/faults.ts';
import type { RecordStart, ThreadSignal } from '../contracts/links.ts';
import { parse } from '../contracts/parse.ts';
import type { OpenSyncedFile } from '../contracts/ports.ts';
import { cursorSchema } from '../contracts/uplink.ts';
import type { Cursor } from '../contracts/uplink.ts';
import { endangered } from '../io/record-endangered.ts';
import { depth } from '../machines/uplink/cursor.ts';

const NOTHING_SENT: Cursor = { version: 1, streams: {} };

export function watchUnsent(parts: {
  readonly start: RecordStart;
  readonly openFile: OpenSyncedFile;
  readonly signal: (signal: ThreadSignal) => void;
}): (nowMs: number) => Promise<void> {
  const { start, openFile, signal } = parts;
  let told = '';

  return async (nowMs) => {
    const owed = await owing(nowMs).catch((error: unknown) => {
      if (error instanceof Fault || error instanceof SyntaxError) return undefined;
      throw error;
    });
    if (owed === undefined || owed === told) return;
    const state = owed === '' ? 'returned' : 'active';
    const message = owed === '' ? 'nothing unsent is given up soon' : owed;
    told = owed;
    notice('record-unsent', state, message);
  };

  function notice(alarm_id: string, state: 'active' | 'returned', message: string): void {
    signal({ type: 'NOTICE', severity: 'P3', alarm_id, state, message });
  }

  async function owing(nowMs: number): Promise<string> {
    const { uplinks = [] } = start;
    const going = uplinks.length === 0 ? [] : endangered(start.dataDir, start, nowMs);
    const all = await Promise.all(uplinks.map(async (id) => [id, depth(await cursorOf(id), going)] as const));
    return all
      .filter(([, reports]) => reports > 0)
      .map(([id, reports]) => `the record gives up ${reports} reports soon that the uplink ${id} has not sent`)
      .join('; ');
  }

  async function cursorOf(id: string): Promise<Cursor> {
    const text = await openFile(`uplink-${id}.json`).load();
    if (text === undefined) return NOTHING_SENT;
    const parsed = parse(cursorSchema, JSON.parse(text));
    return parsed.ok ? parsed.value : NOTHING_SENT;
  }
}
