/**
 * What a program of `inOsProcess` with `spare` was started with: at once, or, in a warm spare, when its turn comes.
 *
 * Loaded by the child, so it imports nothing of the supervisor.
 */

/** Variable that tells a process that it is a spare, and the type of the message that makes it the real one. */
export const SPARE_VARIABLE = 'BESSD_SPARE';
export const BEGIN = 'bessd.begin';

/** Resolves when the process is to begin. A spare whose owner has gone ends. */
export async function processStart(): Promise<void> {
  if (process.env[SPARE_VARIABLE] === undefined) return;
  const orphaned = (): never => process.exit(0);
  process.once('disconnect', orphaned);
  await new Promise<void>((resolve) => {
    const heard = (message: unknown): void => {
      if ((message as { readonly type?: unknown } | null)?.type !== BEGIN) return;
      process.off('message', heard);
      resolve();
    };
    process.on('message', heard);
  });
  process.off('disconnect', orphaned);
}
