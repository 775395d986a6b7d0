/**
 * The limits table of the control rules (section 3) as a pure function: frame in, limits with reasons out.
 *
 * Rows combine by minimum, per direction. Every factor is of `base` = min(rating, site maximum). The result can only be
 * smaller than the base; a row whose measurand is missing blocks the direction that it protects.
 */
import type { Limits } from '../../contracts/limits.ts';
import type { PermitReason } from '../../contracts/permit.ts';
import type { Severity } from '../../contracts/reports.ts';
import type { TelemetryFrame } from '../../contracts/telemetry.ts';
import { engaged } from './hysteresis.ts';
import type { Engaged } from './hysteresis.ts';
import { believe } from './measurands.ts';
import type { Believed } from './measurands.ts';

export type LimitsInput = {
  readonly frame: TelemetryFrame;
  readonly limits: Limits;
  readonly reserveSocPct: number;
  readonly capacityWh: number;
  readonly baseChargeW: number;
  readonly baseDischargeW: number;
  readonly nowMs: number;
  readonly before: Engaged;
  /** A calibration charge is allowed at this moment. */
  readonly calibrating?: boolean;
};

/** The one way over the upper limit of the state of charge (control rules 3): gently, and neither cold nor warm. */
const CALIBRATION = { ofCapacityPerHour: 0.1, coldestC: 10, hottestC: 40 };

export type RowAlarm = { readonly id: string; readonly severity: Severity; readonly message: string };

export type LimitsResult = {
  readonly chargeW: number;
  readonly dischargeW: number;
  readonly reasons: { readonly charge: readonly PermitReason[]; readonly discharge: readonly PermitReason[] };
  readonly engaged: Engaged;
  readonly alarms: readonly RowAlarm[];
  /** Set when the asset must trip; the cause in words. */
  readonly trip: { readonly reason: PermitReason; readonly cause: string } | undefined;
  /** Cell voltage is outside its bounds; the guard trips when this lasts. */
  readonly cellOutside: boolean;
  /** Earliest moment at which one of the inputs turns stale. */
  readonly staleAtMs: number;
};

export function judgeLimits(input: LimitsInput): LimitsResult {
  const sheet = new Sheet(input);
  judgeSoc(sheet, input);
  judgeCold(sheet, input);
  judgeHot(sheet, input);
  judgeCells(sheet, input);
  return sheet.result();
}

/** Collects what the rows say. Lives for one judgement. */
class Sheet {
  readonly #input: LimitsInput;
  readonly #reasons = { charge: new Set<PermitReason>(), discharge: new Set<PermitReason>() };
  readonly #limitW: { charge: number; discharge: number };
  readonly #engaged: Record<string, boolean> = {};
  readonly #alarms: RowAlarm[] = [];
  #trip: LimitsResult['trip'];
  #staleAtMs = Number.POSITIVE_INFINITY;
  cellOutside = false;

  constructor(input: LimitsInput) {
    this.#input = input;
    this.#limitW = { charge: input.baseChargeW, discharge: input.baseDischargeW };
  }

  believe(
    measurand: Parameters<typeof believe>[1],
    protects: readonly ('charge' | 'discharge')[],
  ): Exclude<Believed, string> | undefined {
    const believed = believe(this.#input.frame, measurand, this.#input.nowMs);
    if (believed === 'missing') for (const direction of protects) this.allow(direction, 0, 'MISSING');
    if (typeof believed === 'string') return undefined;
    this.#staleAtMs = Math.min(this.#staleAtMs, believed.staleAtMs);
    return believed;
  }

  row(name: PermitReason, side: 'above' | 'below', value: number, action: number, release: number): boolean {
    const now = engaged(this.#input.before[name], side, value, action, release);
    this.#engaged[name] = now;
    return now;
  }

  /** Allows at most `factor` of the base in that direction, for that reason. */
  allow(direction: 'charge' | 'discharge', factor: number, reason: PermitReason): void {
    const base = direction === 'charge' ? this.#input.baseChargeW : this.#input.baseDischargeW;
    this.allowW(direction, base * Math.min(1, Math.max(0, factor)), reason);
  }

  /** `always`: the reason is named also where another row narrows more. */
  allowW(direction: 'charge' | 'discharge', watts: number, reason: PermitReason, always = false): void {
    if (watts < this.#limitW[direction] || watts === 0 || always) this.#reasons[direction].add(reason);
    this.#limitW[direction] = Math.min(this.#limitW[direction], watts);
  }

  both(factor: number, reason: PermitReason): void {
    this.allow('charge', factor, reason);
    this.allow('discharge', factor, reason);
  }

  alarm(id: string, severity: Severity, message: string): void {
    this.#alarms.push({ id, severity, message });
  }

  trip(reason: PermitReason, cause: string): void {
    this.#trip ??= { reason, cause };
  }

  result(): LimitsResult {
    return {
      chargeW: this.#limitW.charge,
      dischargeW: this.#limitW.discharge,
      reasons: { charge: [...this.#reasons.charge], discharge: [...this.#reasons.discharge] },
      engaged: this.#engaged,
      alarms: this.#alarms,
      trip: this.#trip,
      cellOutside: this.cellOutside,
      staleAtMs: this.#staleAtMs,
    };
  }
}

function judgeSoc(sheet: Sheet, { limits: { soc }, reserveSocPct, capacityWh, calibrating }: LimitsInput): void {
  const believed = sheet.believe('socPct', ['charge', 'discharge']);
  if (!believed) return;
  const { min: lowest, max: highest } = believed;
  if (sheet.row('SOC_CRITICAL_LOW', 'below', lowest, soc.criticalLowPct, soc.criticalLowReleasePct)) {
    sheet.allow('discharge', 0, 'SOC_CRITICAL_LOW');
    sheet.allowW('charge', soc.criticalLowChargeC * capacityWh, 'SOC_CRITICAL_LOW');
    sheet.alarm(
      'soc-critical-low',
      'P1',
      `state of charge ${lowest} % is at or under ${soc.criticalLowPct} %: charge gently, do not discharge`,
    );
  }
  if (sheet.row('SOC_LOW', 'below', lowest, soc.minPct, soc.minPct + soc.minReleaseAbovePct))
    sheet.allow('discharge', 0, 'SOC_LOW');
  if (
    reserveSocPct > 0 &&
    sheet.row('SOC_RESERVE', 'below', lowest, reserveSocPct, reserveSocPct + soc.minReleaseAbovePct)
  ) {
    sheet.allow('discharge', 0, 'SOC_RESERVE');
  }
  if (sheet.row('SOC_LOW_DERATE', 'below', lowest, soc.lowDeratePct, soc.lowDerateReleasePct))
    sheet.allow('discharge', soc.lowDerateFactor, 'SOC_LOW_DERATE');

  const taper = 1 - ((highest - soc.taperStartPct) / (soc.maxPct - soc.taperStartPct)) * (1 - soc.taperEndFactor);
  if (highest > soc.taperStartPct) sheet.allow('charge', Math.max(taper, soc.taperEndFactor), 'SOC_TAPER');
  if (sheet.row('SOC_HIGH', 'above', highest, soc.maxPct, soc.maxReleasePct)) {
    if (!mayCalibrate(sheet, calibrating)) sheet.allow('charge', 0, 'SOC_HIGH');
    else sheet.allowW('charge', CALIBRATION.ofCapacityPerHour * capacityWh, 'CALIBRATION', true);
  }
  if (sheet.row('SOC_CRITICAL_HIGH', 'above', highest, soc.criticalHighPct, soc.criticalHighReleasePct)) {
    sheet.allow('charge', 0, 'SOC_CRITICAL_HIGH');
    sheet.alarm('soc-critical-high', 'P2', `state of charge ${highest} % is at or over ${soc.criticalHighPct} %`);
  }
}

function mayCalibrate(sheet: Sheet, calibrating = false): boolean {
  const believed = calibrating ? sheet.believe('temperatureC', ['charge']) : undefined;
  return believed !== undefined && believed.min >= CALIBRATION.coldestC && believed.max <= CALIBRATION.hottestC;
}

function judgeCold(sheet: Sheet, { limits: { temperature: t } }: LimitsInput): void {
  const believed = sheet.believe('temperatureC', ['charge', 'discharge']);
  if (!believed) return;
  const coldest = believed.min;
  if (sheet.row('COLD_NO_CHARGE', 'below', coldest, t.noChargeC, t.noChargeReleaseC))
    sheet.allow('charge', 0, 'COLD_NO_CHARGE');
  if (coldest < t.chargeTaperEndC)
    sheet.allow('charge', (coldest - t.noChargeC) / (t.chargeTaperEndC - t.noChargeC), 'COLD_CHARGE_TAPER');
  if (sheet.row('COLD_DERATE', 'below', coldest, t.dischargeDerateC, t.dischargeDerateC + t.coldReleaseC))
    sheet.allow('discharge', t.dischargeDerateFactor, 'COLD_DERATE');
  if (sheet.row('COLD_NO_DISCHARGE', 'below', coldest, t.noDischargeC, t.noDischargeC + t.coldReleaseC))
    sheet.allow('discharge', 0, 'COLD_NO_DISCHARGE');
}

function judgeHot(sheet: Sheet, { limits: { temperature: t } }: LimitsInput): void {
  const believed = sheet.believe('temperatureC', ['charge', 'discharge']);
  if (!believed) return;
  const hottest = believed.max;
  if (sheet.row('HOT_DERATE', 'above', hottest, t.hotDerateC, t.hotDerateReleaseC)) {
    sheet.both(t.hotDerateFactor, 'HOT_DERATE');
    sheet.alarm('battery-warm', 'P3', `the hottest sensor shows ${hottest} °C: both directions are limited`);
  }
  if (sheet.row('HOT_STOP', 'above', hottest, t.hotStopC, t.hotStopReleaseC)) {
    sheet.both(0, 'HOT_STOP');
    sheet.alarm('battery-hot', 'P1', `the hottest sensor shows ${hottest} °C: no power in either direction`);
  }
  if (hottest >= t.tripC) sheet.trip('HOT_TRIP', `the hottest sensor shows ${hottest} °C, at or over ${t.tripC} °C`);
  sheet.row('HOT_TRIP', 'above', hottest, t.tripC, t.tripReleaseC);
}

function judgeCells(sheet: Sheet, { limits: { cell } }: LimitsInput): void {
  const spread = sheet.believe('cellSpreadMv', ['charge', 'discharge']);
  if (spread) {
    if (sheet.row('CELL_SPREAD_DERATE', 'above', spread.max, cell.spreadDerateMv, cell.spreadDerateReleaseMv)) {
      sheet.both(cell.spreadDerateFactor, 'CELL_SPREAD_DERATE');
      sheet.alarm('cell-spread', 'P3', `cell voltages differ by ${spread.max} mV: equalisation is advised`);
    }
    if (sheet.row('CELL_SPREAD_STOP', 'above', spread.max, cell.spreadStopMv, cell.spreadStopReleaseMv))
      sheet.both(0, 'CELL_SPREAD_STOP');
  }
  const highest = sheet.believe('cellVoltageMaxV', ['charge']);
  if (highest && sheet.row('CELL_HIGH', 'above', highest.max, cell.maxV, cell.maxV - cell.releaseV)) {
    sheet.allow('charge', 0, 'CELL_HIGH');
    sheet.cellOutside ||= highest.max >= cell.maxV;
  }
  const lowest = sheet.believe('cellVoltageMinV', ['discharge']);
  if (lowest && sheet.row('CELL_LOW', 'below', lowest.min, cell.minV, cell.minV + cell.releaseV)) {
    sheet.allow('discharge', 0, 'CELL_LOW');
    sheet.cellOutside ||= lowest.min <= cell.minV;
  }
}
