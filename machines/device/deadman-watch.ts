/**
 * Does the device count down? What its own timer shows while bessd commands power (control rules 6).
 *
 *   unproven ──seen to fall, and to jump back after a re-arm──▶ armed
 *       └──stands still for longer than its step──▶ not_counting ──falls and jumps back──▶ armed
 *
 * Neither is a proof of what the device does at zero: that is for the commissioning drill, and caps stay until then.
 */

export type DeadmanWatch = {
  readonly state: 'unproven' | 'armed' | 'not_counting';
  /** The arming that the newest sample belongs to, and its first sample. */
  readonly armedAtMs: number | undefined;
  readonly firstAtMs: number;
  readonly lastS: number | undefined;
  readonly fell: boolean;
};

export const UNWATCHED: DeadmanWatch = {
  state: 'unproven',
  armedAtMs: undefined,
  firstAtMs: 0,
  lastS: undefined,
  fell: false,
};

/** A timer in whole seconds has moved by then. */
const STANDSTILL_MS = 3000;

export type DeadmanSample = {
  /** Undefined: not read, or no number. */
  readonly remainingS: number | undefined;
  readonly readAtMs: number;
  /** When the dead-man was last armed completely. */
  readonly armedAtMs: number;
};

/** One poll later, while power is commanded. */
export function watchDeadman(watch: DeadmanWatch, { remainingS, readAtMs, armedAtMs }: DeadmanSample): DeadmanWatch {
  if (readAtMs <= armedAtMs) return watch;
  if (watch.armedAtMs !== armedAtMs) {
    const jumped = watch.fell && watch.lastS !== undefined && remainingS !== undefined && remainingS > watch.lastS;
    const state = jumped ? 'armed' : watch.fell ? 'not_counting' : watch.state;
    return { state, armedAtMs, firstAtMs: readAtMs, lastS: remainingS, fell: false };
  }
  const falls = watch.lastS !== undefined && remainingS !== undefined && remainingS < watch.lastS;
  if (falls) return { ...watch, lastS: remainingS, fell: true };
  const stands = !watch.fell && readAtMs - watch.firstAtMs >= STANDSTILL_MS;
  return { ...watch, lastS: remainingS ?? watch.lastS, state: stands ? 'not_counting' : watch.state };
}
