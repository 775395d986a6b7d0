/**
 * Is the clock of this machine kept by a time server? Asked of files, so that no program is started for it.
 *
 * systemd-timesyncd touches its file at every synchronisation, at the latest every 2048 s. For chrony and others the
 * operator lets a timer touch the second one (docs/runbook/BESSClockNotSynchronised.md).
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';

const TIMESYNCD = '/run/systemd/timesync/synchronized';
/** Three of the longest intervals of timesyncd. */
const BELIEVED_MS = 3 * 2048 * 1000;

/** Beside the socket of the site. */
export function clockFiles(socketPath: string): readonly string[] {
  return [TIMESYNCD, path.join(path.dirname(socketPath), 'clock-synchronised')];
}

/** Undefined: nobody says. */
export async function clockSynchronised(files: readonly string[], wallMs: number): Promise<boolean | undefined> {
  const touched = (await Promise.all(files.map(touchedAtMs))).filter((atMs) => atMs !== undefined);
  if (touched.length === 0) return undefined;
  return touched.some((atMs) => Math.abs(wallMs - atMs) <= BELIEVED_MS);
}

async function touchedAtMs(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).mtimeMs;
  } catch {
    return undefined; // nobody keeps the clock this way
  }
}
