/**
 * Entry of the stopper process: channel, signals, lock and note put around `stopper/`.
 *
 * Arguments: socket of its lock, file for its note. It lives in a process group of its own, so that what ends the runtime
 * does not end it; the note has its process id for whoever has to.
 */
import { rmSync, writeFileSync } from 'node:fs';
import type { FromStopper, ToStopper } from '../contracts/stopper.ts';
import { openModbus } from '../io/modbus-open.ts';
import { isTrusted } from '../io/socket-path.ts';
import { createStopper } from '../stopper/stopper.ts';
import { takeLock } from '../stopper/lock.ts';
import type { Lock } from '../stopper/lock.ts';
import { systemClock } from '../supervisor/clock.ts';

const [socketPath = '', noteFile = ''] = process.argv.slice(2);
const LOCK_AGAIN_MS = 5000;

process.title = 'bessd-stopper';
process.umask(0o177);
// The runtime holds the other end, and may be gone.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

let lock: Lock | undefined;
const stopper = createStopper({ clock: systemClock, open: openModbus(systemClock), tell, end });
process.on('message', (message: ToStopper) => stopper.hear(message));
process.on('disconnect', () => stopper.orphaned());
process.on('SIGTERM', () => stopper.dismissed());
// These are for the runtime, which says what becomes of it.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
note();
tell({ type: 'READY' });
void hold();

async function hold(): Promise<void> {
  const taken = await takeLock({
    socketPath,
    isOurs: isTrusted,
    handOver: () => (stopper.isFed() ? undefined : stopper.bequeath()),
    handedOver: () => process.exit(0),
  });
  tell({ type: 'SECOND_RUNTIME', active: taken.how === 'refused' });
  if (taken.how !== 'held') return void systemClock.setTimeout(() => void hold(), LOCK_AGAIN_MS);
  lock = taken.lock;
  if (taken.inheritance) stopper.inherit(taken.inheritance);
}

function tell(message: FromStopper): void {
  // One that cannot be told will hear of it by its own silence.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

function note(): void {
  try {
    writeFileSync(noteFile, `${JSON.stringify({ pid: process.pid })}\n`);
  } catch {
    return; // a disk that does not take the note must not keep the devices unprotected
  }
}

function end(): never {
  lock?.release();
  if (lock) rmSync(noteFile, { force: true });
  process.exit(0);
}
