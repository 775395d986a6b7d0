/**
 * A site comes before other programs, where the system allows it (root, CAP_SYS_NICE, or a limit of nice): on a machine
 * without a free processor a stop that goes over three threads else waits for its turn three times.
 */
import { readdirSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** Of nice, -20 to 19: before everything ordinary, behind what keeps the machine itself going. */
const AHEAD = -10;
/** Like everybody. */
const BEHIND = 0;

/** For the calling thread, and for the threads and processes that it makes from now on: all of a runtime, and its stopper. */
export function comeFirst(): 'ahead' | 'like others' {
  try {
    setPriority(AHEAD);
    for (const thread of threadsOfNode()) setPriority(thread, AHEAD);
    return 'ahead';
  } catch {
    return 'like others'; // an ordinary user may not; nothing but time depends on it
  }
}

/**
 * For a thread that only keeps or copies what control tells: every report wakes it, and on a busy processor it would put
 * control aside just when the next stop is due. What brings a stop from outside stays in front.
 */
export function standBehind(): void {
  if (process.platform === 'linux' && getPriority() === AHEAD) setPriority(BEHIND);
}

/** Those that are there from the beginning: control waits for them when it collects garbage. */
function threadsOfNode(): readonly number[] {
  return process.platform === 'linux' ? readdirSync('/proc/self/task').map(Number) : [];
}
