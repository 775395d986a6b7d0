/**
 * When a stop has no effect: may the battery be disconnected by its own management system? (control rules 7)
 *
 * Contactors that open under load wear out or weld, so this comes last: only where the site file allows it, only while an
 * E-stop or a trip stands, and only when power was still *measured* after the whole stop, limits and shutdown included, was
 * written once more and had its time. A power that nobody measures is no reason.
 */
import type { LatchRecord } from '../../contracts/latch.ts';
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

/** Whether an E-stop or a trip stands for that asset; a fault that its device reports is none. */
export function isStopped({ estop, trips }: LatchRecord, assetId: string): boolean {
  return estop !== null || trips[assetId]?.kind === 'trip';
}

/** A request to disconnect counts only while the asset is stopped in the very epoch for which it was made. */
export function believesDisconnect(latch: LatchRecord, assetId: string, epoch: number): boolean {
  return epoch === latch.epoch && isStopped(latch, assetId);
}

/** The latch as a management system sees it: a trip of its own once it was asked, and the tag of its asset; nothing else. */
export function latchForSecondMeans(latch: LatchRecord, { ownId, disconnects, disconnect }: SecondMeans): LatchRecord {
  const tag = latch.maintenance[disconnects];
  const stands = disconnect !== undefined && isStopped(latch, disconnects);
  return {
    ...latch,
    estop: null,
    trips: stands ? { [ownId]: { kind: 'trip', cause: disconnect, sinceWallMs: 0 } } : {},
    maintenance: tag ? { [ownId]: tag } : {},
  };
}

export type SecondMeans = {
  readonly ownId: string;
  /** The asset whose battery it may disconnect. */
  readonly disconnects: string;
  /** Why it was asked to; undefined: it was not. */
  readonly disconnect: string | undefined;
};
