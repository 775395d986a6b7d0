/** Which processes hold files of a folder open, as Linux tells it; nobody where it does not. */
import { readdirSync, readlinkSync, realpathSync } from 'node:fs';
import path from 'node:path';

export function writersOf(folder: string): readonly number[] {
  let inside: string;
  let processes: readonly string[];
  try {
    inside = realpathSync(folder) + path.sep;
    processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return []; // no such folder, or no /proc
  }
  return processes.filter((pid) => openFiles(pid).some((file) => file.startsWith(inside))).map(Number);
}

function openFiles(pid: string): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
      } catch {
        return []; // closed meanwhile
      }
    });
  } catch {
    return []; // ended meanwhile, or another user's
  }
}
