/** Which errors of SQLite and of the file system are the disk's doing, and which are ours. */
import { Fault } from '../contracts/faults.ts';

/** What the writer can do about it. */
export type RecordTrouble = 'full' | 'damaged' | 'unavailable';

/** Primary result codes of SQLite; an extended code has its primary one in the low byte. */
const TROUBLES: Readonly<Record<number, RecordTrouble>> = {
  3: 'unavailable', // PERM
  5: 'unavailable', // BUSY
  6: 'unavailable', // LOCKED
  8: 'unavailable', // READONLY
  10: 'unavailable', // IOERR
  11: 'damaged', // CORRUPT
  13: 'full', // FULL
  14: 'unavailable', // CANTOPEN
  15: 'unavailable', // PROTOCOL: the locks of a write-ahead log could not be had
  26: 'damaged', // NOTADB
};

/** Runs `work`; an error of the disk becomes a RECORD_UNAVAILABLE fault, a defect of ours passes as it is. */
export function guarded<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const trouble = error instanceof Fault ? undefined : troubleIn(error);
    if (trouble === undefined) throw error;
    const message = `${what}: ${error instanceof Error ? error.message : String(error)}`;
    throw new Fault('RECORD_UNAVAILABLE', message, { cause: error, details: { trouble } });
  }
}

export function troubleOf(fault: Fault): RecordTrouble {
  const trouble = fault.details?.['trouble'];
  return trouble === 'full' || trouble === 'damaged' ? trouble : 'unavailable';
}

function troubleIn(error: unknown): RecordTrouble | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('errcode' in error && typeof error.errcode === 'number') return TROUBLES[error.errcode & 0xff];
  if (!('syscall' in error) || !('code' in error)) return undefined;
  return error.code === 'ENOSPC' || error.code === 'EDQUOT' ? 'full' : 'unavailable';
}
