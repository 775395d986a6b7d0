/**
 * The permit: what the guard lets one driver do, for a short time. No permit means no power.
 */

/** Why a permit is smaller than the rating: the row of the limits table or the condition that did it. */
export type PermitReason =
  | 'SOC_CRITICAL_LOW'
  | 'SOC_LOW'
  | 'SOC_LOW_DERATE'
  | 'SOC_RESERVE'
  | 'SOC_TAPER'
  | 'SOC_HIGH'
  /** Over the row before, gently, because an authorised person asked for a calibration charge. */
  | 'CALIBRATION'
  | 'SOC_CRITICAL_HIGH'
  | 'COLD_NO_CHARGE'
  | 'COLD_CHARGE_TAPER'
  | 'COLD_DERATE'
  | 'COLD_NO_DISCHARGE'
  | 'HOT_DERATE'
  | 'HOT_STOP'
  | 'HOT_TRIP'
  | 'CELL_SPREAD_DERATE'
  | 'CELL_SPREAD_STOP'
  | 'CELL_LOW'
  | 'CELL_HIGH'
  | 'CELL_TRIP'
  | 'GRID_WINDOW'
  | 'DEVICE_ALARM'
  | 'DEVICE_FAULT'
  | 'DEVICE_LIMIT'
  | 'CONTACTOR_OPEN'
  | 'INSULATION_FAULT'
  | 'MISSING'
  /** The battery management system of its own measures nothing now. */
  | 'BMS_MISSING'
  | 'GRID_LIMIT'
  | 'STALE'
  | 'IMPLAUSIBLE'
  | 'FROZEN'
  | 'DEADMAN_CAP'
  | 'UNATTENDED_CAP'
  | 'RATING'
  /** The device is told AC power, and its battery gives the losses on top. */
  | 'AC_LOSSES'
  | 'TRIPPED'
  | 'ESTOP_LATCHED'
  | 'NO_TELEMETRY';

export type Permit = {
  readonly assetId: string;
  readonly epoch: number;
  /** Unsigned, W at the battery. */
  readonly maxChargeW: number;
  readonly maxDischargeW: number;
  /** Monotonic, ms. */
  readonly expiresAtMs: number;
  readonly reasons: { readonly charge: readonly PermitReason[]; readonly discharge: readonly PermitReason[] };
};
