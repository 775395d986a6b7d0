/**
 * Why a driver refuses an order before it tries to write anything.
 */
import type { Code } from '../../contracts/faults.ts';
import type { Order } from '../../contracts/operation.ts';
import type { ConnectionState } from '../../contracts/telemetry.ts';
import { batteryTarget, isLive } from '../../machines/device/posture.ts';
import { clampToPermit } from '../../machines/device/setpoint.ts';
import { firmwareChanged, situationOf } from './situation.ts';
import type { Cockpit } from './cockpit.ts';
import { withinBudgetToItsEnd } from './door.ts';

/** An order whose registers may not be written for longer than this is not taken: who gave it would wait in vain. */
const MOST_REST_MS = 2000;

export function refusalOf(cockpit: Cockpit, order: Order, connection: ConnectionState): Code | undefined {
  const situation = situationOf(cockpit);
  const { context, operation, permit, epoch, nowMs } = situation;
  if (cockpit.exiting || cockpit.unwatched) return 'NOT_READY';
  const { control } = cockpit.input.profile;
  if (!control) return 'READ_ONLY';
  if (!control.sequences.charge) return 'NO_SETPOINT';
  if (context.estopped) return 'ESTOP_LATCHED';
  if (operation === 'tripped' || operation === 'fault') return 'TRIPPED';
  if (operation === 'maintenance') return 'MAINTENANCE';
  if (firmwareChanged(cockpit)) return 'FIRMWARE_CHANGED';
  if (situation.readOnly) return 'READ_ONLY';
  if (situation.shadow) return 'SHADOW';
  if (situation.local) return 'LOCAL';
  if (connection === 'stale') return 'STALE';
  if (connection !== 'online') return 'LINK_DOWN';
  if (order.epoch !== epoch) return 'STALE_EPOCH';
  if (!isLive(permit, epoch, nowMs)) return 'NO_PERMIT';
  if (!(nowMs < order.expiresAtMs)) return 'EXPIRED';
  if (!withinBudgetToItsEnd(cockpit, order)) return 'WRITE_BUDGET';
  // Another share of the order under way is written when its time comes.
  if (situation.restsUntilMs > nowMs + MOST_REST_MS && context.order?.id !== order.id) return 'WRITE_INTERVAL';
  const targetW = batteryTarget(situation, order);
  return targetW !== 0 && clampToPermit(targetW, permit) === 0 ? 'LIMIT' : undefined;
}

/** Why no write at all may go to the device, a stop included; whoever asks for one must be told at once. */
export function refusalOfAll(cockpit: Cockpit, tagged: boolean): Code | undefined {
  if (tagged) return 'MAINTENANCE';
  if (firmwareChanged(cockpit)) return 'FIRMWARE_CHANGED';
  return cockpit.input.readOnly || cockpit.input.asset.readOnly ? 'READ_ONLY' : undefined;
}
