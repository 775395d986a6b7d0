/**
 * Posture: what the registers of a device should make it do now, derived anew from the whole situation each time.
 *
 *   none      do not touch the device
 *   estop     the profile's `estop` sequence, its trigger written again on every poll
 *   hold      zero in both directions, and stays zero
 *   power     forced to a battery power
 *   release   the vendor's own control, within the permit
 */
import type { Code } from '../../contracts/faults.ts';
import type { Order, OperationContext } from '../../contracts/operation.ts';
import type { Permit } from '../../contracts/permit.ts';
import type { OperationState, SetpointState } from '../../contracts/telemetry.ts';
import type { Effect } from './effect.ts';
import { toleranceW } from './effect.ts';
import { clampToPermit, nextSetpoint } from './setpoint.ts';

export type Posture =
  | { readonly kind: 'none' }
  | { readonly kind: 'estop' }
  | { readonly kind: 'hold' }
  | { readonly kind: 'power'; readonly w: number }
  | { readonly kind: 'release'; readonly charge: boolean; readonly discharge: boolean };

export type Situation = {
  readonly nowMs: number;
  readonly operation: OperationState;
  readonly context: OperationContext;
  readonly epoch: number;
  readonly permit: Permit | undefined;
  readonly idle: 'hold' | 'release';
  /** No writes at all: configuration, or a firmware that nobody accepted. */
  readonly readOnly: boolean;
  readonly shadow: boolean;
  readonly local: boolean;
  readonly hybrid: boolean;
  readonly batteryW: number | undefined;
  readonly acW: number | undefined;
  /** What the panels give, where it is measured. */
  readonly pvW?: number | undefined;
  /** The device says that it is forced. */
  readonly forced: boolean;
  /** What our writes on this connection have made of the device; undefined: nothing yet. */
  readonly posture: Posture | undefined;
  readonly effect: Effect | undefined;
  readonly sinceLastPowerWriteMs: number;
  /** No power was written since the order under way came: what stands is that of another one. */
  readonly unwritten?: boolean;
  readonly minWriteIntervalMs: number;
  /** Some register of the orders' sequences may not be written for power before this moment. */
  readonly restsUntilMs: number;
  readonly rampRateWPerS: number;
  readonly ratingW: number;
  /** The device has limits for each direction, so that one can be closed while it is released. */
  readonly closesDirections: boolean;
  readonly foreignControl: boolean;
  /** The released device moved power outside the permit a moment ago. */
  readonly releaseBlocked: boolean;
};

/** Why the order under way must end now; undefined: it goes on. */
export function endOfOrder(s: Situation, order: Order): Code | undefined {
  const { permit, nowMs } = s;
  if (!(nowMs < order.expiresAtMs)) return 'EXPIRED';
  if (order.epoch !== s.epoch) return 'STALE_EPOCH';
  if (s.readOnly) return 'READ_ONLY';
  if (s.local) return 'LOCAL';
  if (s.foreignControl) return 'FOREIGN_CONTROL';
  if (!isLive(permit, s.epoch, nowMs)) return 'PERMIT_LAPSED';
  const targetW = batteryTarget(s, order);
  if (targetW !== 0 && clampToPermit(targetW, permit) === 0) return 'LIMIT';
  return s.effect?.state === 'not_following' && s.posture?.kind === 'power' ? 'NOT_FOLLOWING' : undefined;
}

/** The same situation once the order under way has ended. */
export function withoutOrder(s: Situation): Situation {
  return { ...s, operation: 'standby', context: { ...s.context, order: undefined } };
}

export function wantedPosture(s: Situation): Posture {
  if (s.operation === 'maintenance' || s.readOnly) return { kind: 'none' };
  if (s.operation === 'tripped') return { kind: 'estop' };
  if (s.shadow || s.local) return { kind: 'none' };
  if (s.operation === 'fault') return { kind: 'hold' };
  if (s.operation === 'standby') return s.context.holding || s.idle === 'hold' ? { kind: 'hold' } : released(s);
  return powered(s);
}

export function samePosture(a: Posture | undefined, b: Posture): boolean {
  if (a?.kind !== b.kind) return false;
  if (a.kind === 'power' && b.kind === 'power') return Math.abs(a.w - b.w) < 1 && Math.sign(a.w) === Math.sign(b.w);
  if (a.kind === 'release' && b.kind === 'release') return a.charge === b.charge && a.discharge === b.discharge;
  return true;
}

export function isLive(permit: Permit | undefined, epoch: number, nowMs: number): permit is Permit {
  return permit !== undefined && permit.epoch === epoch && nowMs < permit.expiresAtMs;
}

/** Battery power that an order asks for: at the AC terminal of a hybrid, PV takes part of it. */
export function batteryTarget(
  { hybrid, acW, batteryW, pvW = Number.POSITIVE_INFINITY }: Pick<Situation, 'hybrid' | 'acW' | 'batteryW' | 'pvW'>,
  { w, reference }: Order,
): number {
  if (reference === 'battery' || !hybrid) return w;
  // The losses of the inverter make AC smaller than battery power; they are no PV. Neither is what the battery did between
  // the moments at which the two were read, so it is never more than the panels give, where they are measured.
  return acW === undefined || batteryW === undefined ? 0 : w - Math.min(Math.max(0, acW - batteryW), Math.max(0, pvW));
}

/** The other way round: a battery power in the reference of the order, W. At the AC terminal of a hybrid its PV comes on top. */
export function inReference(s: Parameters<typeof batteryTarget>[0], order: Order, batteryW: number): number {
  return batteryW + order.w - batteryTarget(s, order);
}

function powered(s: Situation): Posture {
  const { order } = s.context;
  const stopping = s.operation === 'stopping';
  if (!order || !isLive(s.permit, s.epoch, s.nowMs)) return { kind: 'hold' };
  const currentW = s.posture?.kind === 'power' ? s.posture.w : 0;
  // A device that is forced by somebody, or whose state is unknown, is brought to zero before it gets a new power.
  if (s.posture === undefined && s.forced) return { kind: 'hold' };
  const targetW = stopping ? 0 : steady(s, order, currentW);
  const allowedW = clampToPermit(currentW, s.permit);
  const resting = s.nowMs < s.restsUntilMs && currentW !== 0;
  const goesOn = allowedW === currentW && targetW !== 0 && Math.sign(targetW) === Math.sign(currentW);
  // Less power is another power write, for which the registers are not ready; they always are for a stop.
  if (resting && !goesOn) return { kind: 'hold' };
  const early = resting || (s.sinceLastPowerWriteMs < s.minWriteIntervalMs && currentW !== 0);
  if (early && goesOn) return { kind: 'power', w: currentW };
  const elapsedMs = currentW === 0 ? s.minWriteIntervalMs : Math.max(s.sinceLastPowerWriteMs, s.minWriteIntervalMs);
  const w = nextSetpoint({
    targetW,
    currentW,
    permit: s.permit,
    rampRateWPerS: s.rampRateWPerS,
    elapsedMs: Math.min(elapsedMs, 2 * s.minWriteIntervalMs),
  });
  return w === 0 ? { kind: 'hold' } : { kind: 'power', w };
}

/**
 * PV moves all the time: an AC order is rewritten only when it is off by more than the tolerance. Its first write is its own,
 * however near the order before was.
 */
function steady(s: Situation, order: Order, currentW: number): number {
  const targetW = batteryTarget(s, order);
  const follows = order.reference === 'ac' && s.hybrid && currentW !== 0 && !s.unwritten;
  return follows && Math.abs(targetW - currentW) <= toleranceW(s.ratingW) ? currentW : targetW;
}

/** How the setpoint of the order under way stands, to 1 W. */
export function setpointState(s: Situation, order: Order): SetpointState {
  const writtenW = s.posture?.kind === 'power' ? s.posture.w : 0;
  const targetW = steady(s, order, writtenW);
  const allowedW = isLive(s.permit, s.epoch, s.nowMs) ? clampToPermit(targetW, s.permit) : 0;
  if (!(Math.abs(writtenW - allowedW) < 1)) return 'ramping';
  return Math.abs(targetW - allowedW) < 1 ? 'steady' : 'limited';
}

function released(s: Situation): Posture {
  const untouched = s.posture === undefined && !s.forced;
  if (!isLive(s.permit, s.epoch, s.nowMs)) return untouched ? { kind: 'none' } : { kind: 'hold' };
  const { maxChargeW, maxDischargeW } = s.permit;
  if ((maxChargeW === 0 && maxDischargeW === 0) || s.releaseBlocked) return { kind: 'hold' };
  if (!s.closesDirections && (maxChargeW === 0 || maxDischargeW === 0)) return { kind: 'hold' };
  if (s.posture === undefined && s.forced) return { kind: 'hold' };
  return { kind: 'release', charge: maxChargeW > 0, discharge: maxDischargeW > 0 };
}
