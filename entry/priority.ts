/**
 * A site comes before other programs, where the system allows it (root, CAP_SYS_NICE, or a limit of nice): on a machine
 * without a free processor a stop that goes over three threads else waits for its turn three times.
 */
import { setPriority } from 'node:os';

/** Of nice, -20 to 19: before everything ordinary, behind what keeps the machine itself going. */
const AHEAD = -10;

/** For the calling thread, and for the threads and processes that it makes from now on: all of a runtime, and its stopper. */
export function comeFirst(): 'ahead' | 'like others' {
  try {
    setPriority(AHEAD);
    return 'ahead';
  } catch {
    return 'like others'; // an ordinary user may not; nothing but time depends on it
  }
}
