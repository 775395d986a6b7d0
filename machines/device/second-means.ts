/**
 * When a stop has no effect: may the battery be disconnected by its own management system? (control rules 7)
 *
 * Contactors that open under load wear out or weld, so this comes last: only where the site file allows it, only while an
 * E-stop or a trip stands, and only when power was still *measured* after the whole stop, limits and shutdown included, was
 * written once more and had its time. A power that nobody measures is no reason.
 */
import type { OperationState } from '../../contracts/telemetry.ts';
import { toleranceW } from './effect.ts';

export type StopLook = {
  readonly nowMs: number;
  readonly operation: OperationState;
  /** Not at zero after a stop and its settling time. */
  readonly stuckOn: boolean;
  readonly powerW: number | undefined;
  readonly ratingW: number;
  readonly settleMs: number;
};

/** Since when stops have no effect; undefined: they have, or none was written. */
export type StuckSince = number | undefined;

export function watchStop(before: StuckSince, look: StopLook): { readonly since: StuckSince; readonly due: boolean } {
  const { nowMs, operation, stuckOn, powerW, ratingW, settleMs } = look;
  if (!stuckOn || operation !== 'tripped') return { since: undefined, due: false };
  const since = before ?? nowMs;
  const flows = powerW !== undefined && Math.abs(powerW) > toleranceW(ratingW);
  return { since, due: flows && nowMs - since >= settleMs };
}
