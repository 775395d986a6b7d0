/**
 * Echo is not effect: does the measured power follow what was written? (control rules 7)
 *
 *   settling ──at the target twice running──▶ verified
 *      └──settle time over, and off twice running──▶ not_following
 */

export type Effect = {
  readonly targetW: number;
  readonly writtenAtMs: number;
  readonly hits: number;
  /** Measurements off the target since the last one at it. */
  readonly misses: number;
  readonly state: 'settling' | 'verified' | 'not_following';
};

export function expectEffect(targetW: number, nowMs: number): Effect {
  return { targetW, writtenAtMs: nowMs, hits: 0, misses: 0, state: 'settling' };
}

/** How far measured power may be from the target: max(2 % of rating, 200 W). */
export function toleranceW(ratingW: number): number {
  return Math.max(0.02 * ratingW, 200);
}

/** One measurement later. Missing power is not a hit. Once verified it may still be lost again. */
export function observeEffect(
  effect: Effect,
  measuredW: number | undefined,
  nowMs: number,
  { settleMs, ratingW }: { settleMs: number; ratingW: number },
): Effect {
  const near = measuredW !== undefined && Math.abs(measuredW - effect.targetW) <= toleranceW(ratingW);
  if (near) {
    const hits = effect.hits + 1;
    return { ...effect, hits, misses: 0, state: hits >= 2 ? 'verified' : effect.state };
  }
  const misses = effect.misses + 1;
  const late = nowMs - effect.writtenAtMs >= settleMs && misses >= 2;
  return {
    ...effect,
    hits: 0,
    misses,
    state: late ? 'not_following' : effect.state === 'verified' ? 'settling' : effect.state,
  };
}
