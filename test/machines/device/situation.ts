/** A device that carries out an order, with nothing in its way; tests change one thing at a time. */
import type { Order } from '../../../contracts/operation.ts';
import type { Situation } from '../../../machines/device/posture.ts';
import { permit } from '../support.ts';

export const ORDER: Order = {
  id: 'o',
  w: 3000,
  reference: 'battery',
  expiresAtMs: 9000,
  expiresAtWallMs: 0,
  epoch: 7,
  issuer: 'i',
};
export const SITUATION: Situation = {
  nowMs: 1000,
  operation: 'discharging',
  context: {
    assetId: 'a',
    stopTimeoutMs: 1,
    order: ORDER,
    holding: false,
    estopped: false,
    trip: undefined,
    fault: undefined,
    maintenance: undefined,
  },
  epoch: 7,
  permit: permit(),
  idle: 'release',
  readOnly: false,
  shadow: false,
  local: false,
  hybrid: false,
  batteryW: 0,
  acW: 0,
  forced: false,
  posture: { kind: 'hold' },
  effect: undefined,
  sinceLastPowerWriteMs: 60_000,
  minWriteIntervalMs: 1000,
  restsUntilMs: Number.NEGATIVE_INFINITY,
  rampRateWPerS: 1e6,
  ratingW: 10_000,
  closesDirections: true,
  foreignControl: false,
  releaseBlocked: false,
};
