/**
 * Who waits for whom when a processor is wanted by several: a site comes before other programs, where the system allows it
 * (root, CAP_SYS_NICE, or a limit of nice), and in a site control comes before what only helps it or keeps what it tells.
 *
 * On a machine without a free processor a stop that goes over three threads else waits for its turn three times.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import path from 'node:path';

/** Of nice, -20 to 19: before everything ordinary, behind what keeps the machine itself going. */
const AHEAD = -10;
/** Like everybody. */
const BEHIND = 0;
/** As Node names the threads that work for V8. */
const V8_HELPER = 'V8Worker';

/** For the calling thread, and for the threads and processes that it makes from now on: all of a runtime, and its stopper. */
export function comeFirst(): 'ahead' | 'like others' {
  helpersBehind();
  try {
    setPriority(AHEAD);
    for (const thread of threadsOfNode()) setPriority(thread, AHEAD);
    return 'ahead';
  } catch {
    return 'like others'; // an ordinary user may not; nothing but time depends on it
  }
}

/**
 * For a thread that only keeps or copies what control tells, or brings what can wait: every report wakes it, and on a busy
 * processor it would put control aside just when the next stop is due. It counts like everybody, and waits for its turn when it
 * wakes up. What brings a stop from outside stays in front.
 */
export function standBehind(): void {
  if (process.platform !== 'linux') return;
  if (getPriority() === AHEAD) setPriority(BEHIND);
  const thread = ownThread();
  if (thread !== undefined) schedule('batch', thread);
}

/** Those that are there from the beginning, as far as the system tells. */
function threadsOfNode(): readonly number[] {
  return told(() => readdirSync('/proc/self/task'))?.map(Number) ?? [];
}

function ownThread(): number | undefined {
  const link = told(() => readlinkSync('/proc/thread-self'));
  return link === undefined ? undefined : Number(path.basename(link));
}

/**
 * V8 compiles beside control, in threads that nobody waits for (`node-flags.ts`): they run where a processor is free, and
 * leave it at once. Nice does not do that: whoever has begun keeps the processor for a while, however little he counts.
 */
function helpersBehind(): void {
  for (const thread of threadsOfNode()) if (nameOf(thread) === V8_HELPER) schedule('idle', thread);
}

function nameOf(thread: number): string | undefined {
  return told(() => readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').trimEnd());
}

/** Undefined where there is no such file: another system, no /proc, a thread that has ended since it was listed. */
function told<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

/** By the program of util-linux, since Node has no call for it. Everybody may do so with threads of his own. */
function schedule(policy: 'batch' | 'idle', thread: number): void {
  // Where there is no such program nothing but time is lost.
  execFile('chrt', [`--${policy}`, '--pid', '0', String(thread)], () => undefined);
}
