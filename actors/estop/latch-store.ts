/**
 * The latch on the disk: E-stop, trips and maintenance tags of the site, in one small synced file.
 *
 * A file that is there but cannot be understood counts as latched: nobody may move power on a doubt. A disk that does
 * not answer is given two seconds, then counts the same.
 */
import type { Clock } from '../../contracts/clock.ts';
import { latchSchema } from '../../contracts/latch.ts';
import type { LatchRecord } from '../../contracts/latch.ts';
import { parse } from '../../contracts/parse.ts';
import type { SyncedFile } from '../../contracts/ports.ts';

export const NEVER_LATCHED: LatchRecord = { version: 1, epoch: 0, estop: null, trips: {}, maintenance: {} };
const LOAD_DEADLINE_MS = 2000;

export async function loadLatch(
  file: SyncedFile,
  clock: Clock,
): Promise<{ latch: LatchRecord; doubt: string | undefined }> {
  try {
    const text = await Promise.race([file.load(), deadline(clock)]);
    if (text === undefined) return { latch: NEVER_LATCHED, doubt: undefined };
    const parsed = parse(latchSchema, JSON.parse(text));
    if (parsed.ok) return { latch: parsed.value, doubt: undefined };
    return { latch: latchedBy(clock, 'the latch file is damaged'), doubt: 'damaged' };
  } catch (error) {
    const doubt = error instanceof Error ? error.message : String(error);
    return { latch: latchedBy(clock, `the latch file cannot be read: ${doubt}`), doubt };
  }
}

function deadline(clock: Clock): Promise<never> {
  return new Promise((_resolve, reject) =>
    clock.setTimeout(() => reject(new Error(`no answer within ${LOAD_DEADLINE_MS} ms`)), LOAD_DEADLINE_MS),
  );
}

/** The epoch of an unknown past: the wall clock is above any counter. */
function latchedBy(clock: Clock, reason: string): LatchRecord {
  return {
    ...NEVER_LATCHED,
    epoch: Math.floor(clock.wall() / 1000),
    estop: { sinceWallMs: clock.wall(), reason, issuer: 'bessd' },
  };
}
