/**
 * The door seen from the models: the state that the driver shows it, what must hold of whatever it lets pass, and what it
 * would say to requests that nobody should make.
 */
import type { Order } from '../contracts/operation.ts';
import type { WriteRequest, WriteState } from '../machines/device/may-write.ts';
import type { Situation } from '../machines/device/posture.ts';
import { isUnwatched, NOW, situationOf } from './driver-model.ts';
import type { Driver, Setting } from './driver-model.ts';
import type { Registers } from './plant.ts';

export const UNWATCHED = 'no power while nobody could tell the driver of a press';

/** Everything that a write needs, written out once more and not by the code that is judged. */
export function brokenBy(driver: Driver, { kind, purpose, targetW, order }: WriteRequest): string | undefined {
  const { context } = driver.op;
  const { permit, memory, epoch } = driver;
  if (!driver.linked || !driver.proven) return 'no write before the identity is proven on this connection';
  if (context.maintenance !== undefined) return 'no write at all in maintenance';
  if (driver.local && purpose !== 'estop') return 'local control: nothing but the emergency stop';
  if (kind === 'safe') return undefined;
  if (context.estopped || memory.newest.latched) return 'no charge or discharge command while latched';
  if (driver.unwatched) return UNWATCHED;
  if (context.trip !== undefined || context.fault !== undefined) return 'no charge or discharge command while tripped';
  if (!memory.permitted) return 'after a restart no power before a fresh permit';
  const live =
    permit !== undefined && permit.expiresAtMs > NOW && permit.epoch === epoch && epoch === memory.newest.epoch;
  if (!live) return 'a setpoint only under a live permit of the same epoch';
  if (!driver.fresh) return 'no power on stale telemetry';
  if (purpose === 'release')
    return permit.maxChargeW + permit.maxDischargeW > 0 ? undefined : 'no release under a zero permit';
  const room = targetW < 0 ? permit.maxChargeW : permit.maxDischargeW;
  if (targetW !== 0 && Math.abs(targetW) > room) return 'a setpoint only within its permit';
  const valid = order !== undefined && order.epoch === epoch && order.expiresAtMs > NOW;
  return valid ? undefined : 'power only for a live order of the same epoch';
}

/**
 * What the door would say to anything that may be asked of it here, whoever asks: the helm could be wrong. An order of this
 * moment is forged for it, and the one under way is shown too.
 */
export function probeDoor(driver: Driver, registers: Registers, setting: Setting): string | undefined {
  const { parts } = setting;
  const situation = situationOf(driver, registers, setting);
  const { order } = situation.context;
  const state = writeStateOf(driver, situation, setting);
  for (const request of requestsAt(driver.epoch, order)) {
    const { allowed } = parts.mayWrite(request, state);
    const broken = allowed ? brokenBy(driver, request) : undefined;
    if (broken !== undefined) return `${broken} (the door, asked for ${request.purpose} ${request.targetW} W)`;
    if (allowed || request.kind === 'power' || !driver.proven || isExcused(driver, request.purpose)) continue;
    return `a safe write is never refused (the door, asked for ${request.purpose})`;
  }
  return undefined;
}

function requestsAt(epoch: number, order: Order | undefined): readonly WriteRequest[] {
  const powers = [1000, -1000].flatMap((targetW) =>
    (['order', 'rearm'] as const).map((purpose) => ({ kind: 'power' as const, purpose, targetW })),
  );
  const forged = { epoch, expiresAtMs: NOW + 1 };
  return [
    { kind: 'safe', purpose: 'estop', targetW: 0 },
    { kind: 'safe', purpose: 'hold', targetW: 0 },
    { kind: 'power', purpose: 'release', targetW: 0 },
    ...powers.map((power) => ({ ...power, order: forged })),
    ...(order ? powers.map((power) => ({ ...power, order })) : []),
  ];
}

/** Local control refuses all but the stop, maintenance everything. */
export function isExcused({ op, local }: Driver, purpose: WriteRequest['purpose']): boolean {
  return op.context.maintenance !== undefined || (local && purpose !== 'estop');
}

export function writeStateOf(driver: Driver, situation: Situation, { parts }: Pick<Setting, 'parts'>): WriteState {
  const { context } = situation;
  return {
    nowMs: NOW,
    leaseHeld: true,
    identityProven: driver.proven,
    readOnly: situation.readOnly,
    shadow: situation.shadow,
    maintenance: context.maintenance !== undefined,
    local: situation.local,
    latched: context.estopped || isUnwatched(driver, parts),
    tripped: context.trip !== undefined || context.fault !== undefined,
    epoch: driver.epoch,
    permit: driver.permit,
    telemetryAgeMs: driver.fresh ? 0 : 2,
    staleAfterMs: 1,
    firmwareAccepted: true,
    originalsSaved: true,
    scalesProven: true,
    sinceLastPowerWriteMs: situation.sinceLastPowerWriteMs,
    minWriteIntervalMs: situation.minWriteIntervalMs,
    withinBudget: true,
  };
}
