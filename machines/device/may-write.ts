/**
 * The one door to the device: may this write go out, at this moment?
 *
 * Two kinds (control rules 1). A *safe write* can only reduce power: it needs the write lease and a device identity that
 * is proven on this connection, and is never refused for permit, age, interval or budget. A *power write* needs
 * everything. Read-only and maintenance refuse all writes; local control refuses all but the emergency stop. A drill that an
 * authorised person started is the exception to maintenance, for its time and its power.
 *
 * Invariant: a power write passes only under a live permit of the current epoch that covers it, for an unexpired order.
 */
import type { Code } from '../../contracts/faults.ts';
import type { Permit } from '../../contracts/permit.ts';

export type WriteRequest = {
  readonly kind: 'safe' | 'power';
  /** Only the E-stop passes local control. */
  readonly purpose: 'estop' | 'hold' | 'order' | 'rearm' | 'release' | 'drill';
  /** Battery power that the device may move after this write, W, signed; 0 for safe writes and `release`. */
  readonly targetW: number;
  /** Epoch and expiry (monotonic ms) of the order; `release` has none. */
  readonly order?: { readonly epoch: number; readonly expiresAtMs: number };
};

export type WriteState = {
  readonly nowMs: number;
  readonly leaseHeld: boolean;
  readonly identityProven: boolean;
  readonly readOnly: boolean;
  readonly shadow: boolean;
  readonly maintenance: boolean;
  readonly local: boolean;
  readonly latched: boolean;
  readonly tripped: boolean;
  readonly epoch: number;
  readonly permit: Permit | undefined;
  /** Age of the newest telemetry frame, ms, and the age from which it is stale. */
  readonly telemetryAgeMs: number;
  readonly staleAfterMs: number;
  readonly firmwareAccepted: boolean;
  readonly originalsSaved: boolean;
  /** Every scale factor that the value depends on was read in the exchange before, and is the one it was encoded with. */
  readonly scalesProven: boolean;
  readonly sinceLastPowerWriteMs: number;
  readonly minWriteIntervalMs: number;
  readonly withinBudget: boolean;
  /** An authorised commissioning drill: until then, and up to that power, it may be done on an asset that is tagged out. */
  readonly drill?: { readonly endsAtMs: number; readonly maxW: number } | undefined;
};

export type Verdict = { readonly allowed: true } | { readonly allowed: false; readonly code: Code };

/** Rounding of registers may exceed the permit by less than one unit. */
const ROUNDING_W = 1;

export function mayWrite(request: WriteRequest, state: WriteState): Verdict {
  const code = commonRefusal(request, state) ?? (request.kind === 'power' ? powerRefusal(request, state) : undefined);
  return code === undefined ? { allowed: true } : { allowed: false, code };
}

function commonRefusal(request: WriteRequest, state: WriteState): Code | undefined {
  if (!state.leaseHeld) return 'NO_LEASE';
  if (!state.identityProven) return 'NO_IDENTITY';
  if (state.readOnly) return 'READ_ONLY';
  if (state.maintenance && !isDrill(request, state)) return 'MAINTENANCE';
  if (state.local && request.purpose !== 'estop') return 'LOCAL';
  return undefined;
}

/** The one exception to a tag: the drill that was asked for, its own small power and whatever stops it again. */
function isDrill({ kind, purpose, targetW }: WriteRequest, { drill, nowMs }: WriteState): boolean {
  if (!drill || !isBefore(nowMs, drill.endsAtMs)) return false;
  return kind === 'safe' || (purpose === 'drill' && Math.abs(targetW) <= drill.maxW);
}

function powerRefusal({ purpose, targetW, order }: WriteRequest, state: WriteState): Code | undefined {
  const { permit, nowMs, epoch } = state;
  // A drill is done on an asset that is tagged out, and on no other.
  if (purpose === 'drill' && !state.maintenance) return 'NOT_AUTHORISED';
  if (state.shadow) return 'SHADOW';
  if (state.latched) return 'ESTOP_LATCHED';
  if (state.tripped) return 'TRIPPED';
  if (!state.firmwareAccepted) return 'FIRMWARE_CHANGED';
  if (!state.originalsSaved) return 'ORIGINALS_UNSAVED';
  if (!permit) return 'NO_PERMIT';
  if (permit.epoch !== epoch) return 'STALE_EPOCH';
  if (!isBefore(nowMs, permit.expiresAtMs)) return 'PERMIT_LAPSED';
  if (!(state.telemetryAgeMs <= state.staleAfterMs) || state.staleAfterMs === Number.POSITIVE_INFINITY) return 'STALE';
  if (purpose === 'release') {
    if (!isBounded(permit) || (permit.maxChargeW <= 0 && permit.maxDischargeW <= 0)) return 'OVER_PERMIT';
  } else {
    if (!order || order.epoch !== epoch) return 'STALE_EPOCH';
    if (!isBefore(nowMs, order.expiresAtMs)) return 'ORDER_ENDED';
    if (!covers(permit, targetW)) return 'OVER_PERMIT';
  }
  if (purpose !== 'rearm' && !(state.sinceLastPowerWriteMs >= state.minWriteIntervalMs)) return 'WRITE_INTERVAL';
  if (!state.withinBudget) return 'WRITE_BUDGET';
  // Last, because it costs an exchange: it is only asked of a write that nothing else keeps back.
  return state.scalesProven ? undefined : 'SCALE_UNPROVEN';
}

/** Written so that a NaN anywhere is a no. Rounding never opens a direction that the permit closes. */
function covers(permit: Permit, targetW: number): boolean {
  if (!isBounded(permit)) return false;
  if (targetW === 0) return true;
  const roomW = targetW < 0 ? permit.maxChargeW : permit.maxDischargeW;
  return roomW > 0 && Math.abs(targetW) <= roomW + ROUNDING_W;
}

/** An unbounded permit is an invalid one. */
function isBounded({ maxChargeW, maxDischargeW }: Permit): boolean {
  return Number.isFinite(maxChargeW) && Number.isFinite(maxDischargeW);
}

/** Nothing lasts for ever: an end that is not a moment is over. */
function isBefore(nowMs: number, endMs: number): boolean {
  return Number.isFinite(nowMs) && Number.isFinite(endMs) && nowMs < endMs;
}
