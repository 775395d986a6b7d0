/**
 * A permit speaks of power at the battery. The setpoint of some devices is the power at their AC terminal, and the battery
 * gives the losses on top while it discharges: for them the permit is narrowed to what the setpoint may be. Pure.
 *
 * Charging needs nothing: of what goes in at the terminal less arrives at the battery.
 */
import type { Permit } from '../../contracts/permit.ts';
import type { TelemetryFrame } from '../../contracts/telemetry.ts';
import { believe } from './measurands.ts';

/** From this share of the permit on the measured losses count; below it standing losses would look like a bad inverter. */
const LOADED = 0.5;
/** Beyond this the two powers were not measured at the same moment. */
const MOST_LOSS = 0.8;

/** `efficiency`: AC round trip, as a fraction. */
export function narrowedToAc(permit: Permit, frame: TelemetryFrame, efficiency: number, nowMs: number): Permit {
  const { maxDischargeW, reasons } = permit;
  if (maxDischargeW === 0) return permit;
  return {
    ...permit,
    maxDischargeW: maxDischargeW * Math.min(Math.sqrt(efficiency), measuredShare(frame, maxDischargeW, nowMs)),
    reasons: { ...reasons, discharge: [...reasons.discharge, 'AC_LOSSES'] },
  };
}

/** What arrives at the terminal of a watt that the battery gives. */
function measuredShare(frame: TelemetryFrame, maxDischargeW: number, nowMs: number): number {
  const ac = believe(frame, 'acPowerW', nowMs);
  const battery = believe(frame, 'batteryPowerW', nowMs);
  if (typeof ac === 'string' || typeof battery === 'string' || battery.max < LOADED * maxDischargeW) return 1;
  return Math.max(MOST_LOSS, Math.min(1, ac.min / battery.max));
}
