/**
 * From the power that an order wants to the power that is written now: permit, then ramp, through zero at a reversal.
 */
import type { Permit } from '../../contracts/permit.ts';

export type SetpointInput = {
  /** Battery power wanted, W, signed. */
  readonly targetW: number;
  /** Battery power written last, W; 0 when none is in force. */
  readonly currentW: number;
  readonly permit: Pick<Permit, 'maxChargeW' | 'maxDischargeW'>;
  readonly rampRateWPerS: number;
  /** Since the last power write; a first step counts as one write interval. */
  readonly elapsedMs: number;
};

/** A cut by the permit is immediate; everything else moves no faster than the ramp. */
export function nextSetpoint({ targetW, currentW, permit, rampRateWPerS, elapsedMs }: SetpointInput): number {
  const allowedW = clampToPermit(targetW, permit);
  const startW = clampToPermit(currentW, permit);
  // Also where the permit has just closed the old direction: the power in place is the one that was written.
  if (Math.sign(allowedW) * Math.sign(currentW) < 0) return stepTowards(startW, 0, rampRateWPerS, elapsedMs);
  return stepTowards(startW, allowedW, rampRateWPerS, elapsedMs);
}

/** Written so that a NaN anywhere is zero. */
export function clampToPermit(
  watts: number,
  { maxChargeW, maxDischargeW }: Pick<Permit, 'maxChargeW' | 'maxDischargeW'>,
): number {
  if (watts > 0) return Math.min(watts, positive(maxDischargeW));
  if (watts < 0) return -Math.min(-watts, positive(maxChargeW));
  return 0;
}

function positive(watts: number): number {
  return watts > 0 ? watts : 0;
}

function stepTowards(fromW: number, toW: number, rateWPerS: number, elapsedMs: number): number {
  const largest = (rateWPerS * elapsedMs) / 1000;
  if (Number.isNaN(largest)) return 0;
  return Math.abs(toW - fromW) <= largest ? toW : fromW + Math.sign(toW - fromW) * largest;
}
