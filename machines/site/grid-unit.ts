/**
 * What one asset has, or is on its way to, at the grid connection; and a cut of it back in terms of its battery. Pure.
 */
import type { Order } from '../../contracts/operation.ts';
import type { Permit } from '../../contracts/permit.ts';
import type { TelemetryFrame } from '../../contracts/telemetry.ts';
import { batteryTarget } from '../device/posture.ts';
import { clampToPermit } from '../device/setpoint.ts';
import type { GridCut, GridUnit } from './grid-cut.ts';
import { pvAcOf, valueOf } from './headroom.ts';

/** How an asset stands at its AC terminal. */
export type Terminal = {
  readonly hybrid: boolean;
  /** Its setpoint is the power at the AC terminal, so that losses are inside. */
  readonly acSetpoint: boolean;
  /** One way, 0..1. */
  readonly oneWay: number;
};

export type Shown = {
  readonly terminal: Terminal;
  readonly frame: TelemetryFrame;
  /** Without the grid. */
  readonly permit: Permit;
  readonly order: Pick<Order, 'w' | 'reference'> | undefined;
};

/** Undefined where the AC power is not known: the meter sees it, and it counts as load. */
export function gridUnitOf({ terminal, frame, permit, order }: Shown, nowMs: number): GridUnit | undefined {
  const acW = valueOf(frame, 'acPowerW', nowMs);
  if (acW === undefined) return undefined;
  const pvW = pvAcOf({ ...terminal, frame }, nowMs);
  const perBattery = (direction: 'charge' | 'discharge'): number => acPerBatteryW(terminal, frame, direction, nowMs);
  const batteryW = valueOf(frame, 'batteryPowerW', nowMs);
  const target =
    order &&
    clampToPermit(
      batteryTarget({ ...terminal, acW, batteryW, pvW: valueOf(frame, 'pvPowerW', nowMs) }, { ...NO_ORDER, ...order }),
      permit,
    );
  const batteryAcW = target === undefined ? acW - pvW : target * perBattery(target < 0 ? 'charge' : 'discharge');
  return {
    id: frame.assetId,
    pvW,
    batteryAcW,
    chargeW: permit.maxChargeW * perBattery('charge'),
    dischargeW: permit.maxDischargeW * perBattery('discharge'),
  };
}

/** The permit under a cut; it only gets smaller. */
export function narrowToCut({ terminal, frame, permit }: Shown, cut: GridCut | undefined, nowMs: number): Permit {
  if (!cut) return permit;
  const maxW = cut.maxW / acPerBatteryW(terminal, frame, cut.direction, nowMs);
  const { reasons } = permit;
  return cut.direction === 'charge'
    ? {
        ...permit,
        maxChargeW: Math.min(permit.maxChargeW, maxW),
        reasons: { ...reasons, charge: [...reasons.charge, 'GRID_LIMIT'] },
      }
    : {
        ...permit,
        maxDischargeW: Math.min(permit.maxDischargeW, maxW),
        reasons: { ...reasons, discharge: [...reasons.discharge, 'GRID_LIMIT'] },
      };
}

/** An asset whose part at the grid connection nobody can see moves nothing while that connection has a limit. */
export function blockedByGrid(permit: Permit): Permit {
  const { charge, discharge } = permit.reasons;
  return {
    ...permit,
    maxChargeW: 0,
    maxDischargeW: 0,
    reasons: { charge: [...charge, 'GRID_LIMIT'], discharge: [...discharge, 'GRID_LIMIT'] },
  };
}

/** Never too small: what charging takes from the grid includes the losses, as measured where they are larger than stated. */
function acPerBatteryW(
  { acSetpoint, oneWay }: Terminal,
  frame: TelemetryFrame,
  direction: 'charge' | 'discharge',
  nowMs: number,
): number {
  if (direction === 'discharge' || acSetpoint) return 1;
  const acW = valueOf(frame, 'acPowerW', nowMs) ?? 0;
  const batteryW = valueOf(frame, 'batteryPowerW', nowMs) ?? 0;
  const measured = batteryW < 0 && acW < 0 ? acW / batteryW : 1;
  return Math.min(MOST_LOSS, Math.max(1 / oneWay, measured));
}

/** Beyond this the two powers were not measured at the same moment. */
const MOST_LOSS = 1.25;

const NO_ORDER: Order = {
  id: '',
  w: 0,
  reference: 'battery',
  expiresAtMs: 0,
  expiresAtWallMs: 0,
  epoch: 0,
  issuer: '',
};
