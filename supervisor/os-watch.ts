/**
 * Watches over an operating-system process that lives: does it still speak, is it still of its size?
 */
import { readFile } from 'node:fs/promises';
import type { ChildProcess } from 'node:child_process';
import type { Clock } from '../contracts/clock.ts';
import { Fault } from '../contracts/faults.ts';
import { createSilence } from './silence.ts';

export type OsWatch = {
  /** The child must send an IPC message (`process.send`) at least so often, else it counts as hung. */
  readonly silentAfterMs?: number;
  /** Most resident memory, in MiB; looked at once a second where /proc tells (Linux). */
  readonly maxRssMb?: number;
};

const LOOK_EVERY_MS = 1000;
const PAGES_PER_MB = 256;

/** Calls `condemn` once, with the fault, when the child is to be killed; the answer ends the watch. */
export function watchOver(
  child: ChildProcess,
  { silentAfterMs, maxRssMb }: OsWatch,
  clock: Clock,
  condemn: (fault: Fault) => void,
): () => void {
  const everyMs = Math.min(LOOK_EVERY_MS, (silentAfterMs ?? LOOK_EVERY_MS) / 2);
  const silence = createSilence(clock, everyMs);
  child.on('message', silence.heard);
  const look = async (): Promise<void> => {
    const silentMs = silence.look();
    if (silentAfterMs !== undefined && silentMs > silentAfterMs)
      return condemn(new Fault('CHILD_SILENT', `process silent for ${silentAfterMs} ms`));
    const rssMb = maxRssMb === undefined ? undefined : await residentMb(child.pid);
    if (maxRssMb !== undefined && rssMb !== undefined && rssMb > maxRssMb)
      return condemn(new Fault('CHILD_EXITED', `process uses ${Math.round(rssMb)} MiB, more than ${maxRssMb}`));
    timer = clock.setTimeout(() => void look(), everyMs);
  };
  let timer = clock.setTimeout(() => void look(), everyMs);
  return () => clock.clearTimeout(timer);
}

async function residentMb(pid: number | undefined): Promise<number | undefined> {
  try {
    const [, resident] = (await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ');
    return Number(resident) / PAGES_PER_MB;
  } catch {
    return undefined; // no /proc here, or the process has just ended
  }
}
