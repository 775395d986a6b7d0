/** What an earlier version of bessd left in the data folder. */
import { statSync } from 'node:fs';
import path from 'node:path';

/** The one file that the record of an earlier version was, where it is still there. */
export function oldRecord(dataDir: string): { readonly file: string; readonly bytes: number } | undefined {
  const file = path.join(dataDir, 'record.db');
  try {
    const found = statSync(file, { throwIfNoEntry: false });
    return found?.isFile() ? { file, bytes: found.size } : undefined;
  } catch {
    return undefined; // a folder that cannot be looked into keeps nothing from starting
  }
}
