/**
 * How Node and V8 are set for a runtime: nothing of them takes a processor just when the answer to a request comes in.
 *
 * What V8 does beside control (compiling, collecting garbage with helpers) is short, but a thread that has begun keeps its
 * processor for a millisecond or more, whoever wakes up meanwhile, and control collects with helpers only as fast as the
 * slowest of them gets a processor. Such settings are taken from the command line when Node starts, and at no other time.
 */
import { accessSync, constants } from 'node:fs';

/** Of the Node that this program brings; another one may not know them, and would not start at all. */
const WITHOUT_HELPERS_24: readonly string[] = [
  // A collection is the thread's own work and waits for no helper; it takes as long as with them, since little survives.
  '--single-threaded-gc',
  // Memory is collected where it runs out, not while the thread waits for an answer, which is when it looks idle.
  '--no-minor-gc-task',
  // The threads that compile, of which `priority.ts` lets one run where nobody else wants to.
  '--v8-pool-size=1',
];

const FLAGS_OF_24: readonly string[] = [
  ...WITHOUT_HELPERS_24,
  // And once more when nobody waits: `rehearsal.ts`, `quiet-collection.ts`.
  '--expose-gc',
  // Young objects stay in the same few megabytes: memory that is new to a process is slow just when the machine is busy.
  '--min-semi-space-size=4',
  '--max-semi-space-size=4',
  // What was rehearsed stays compiled, however seldom a stop comes.
  '--no-flush-bytecode',
  // The code of Node in large pages: the first use of it after other programs ran costs less. About 25 MB of memory.
  '--use-largepages=silent',
];

/** `version`: as in `process.versions.node`. */
export function flagsFor(version: string, flags = FLAGS_OF_24): readonly string[] {
  return version.startsWith('24.') ? flags : [];
}

/** For a process beside the runtime, whose threads would else run just when control wants to. */
export const WITHOUT_HELPERS = flagsFor(process.versions.node, WITHOUT_HELPERS_24);

export const NODE_FLAGS = flagsFor(process.versions.node);

/**
 * Starts this program again, in place (same process id, same arguments and files), where it runs without the flags; returns
 * where it has them or cannot. A parent that talks to this process over a channel would lose it, and gives the flags itself.
 */
export function restartWithFlags(): void {
  if (process.channel || NODE_FLAGS.every((flag) => process.execArgv.includes(flag))) return;
  const { execPath, execArgv, argv, env } = process;
  try {
    accessSync(execPath, constants.X_OK); // Node gives up altogether where it finds nothing to start
    process.execve?.(execPath, [execPath, ...NODE_FLAGS, ...execArgv, ...argv.slice(1)], env);
  } catch {
    // Not on this system; nothing but time depends on it.
  }
}
