/**
 * Plant: one hybrid inverter with its battery, panels, house load and grid meter, stepped by whoever knows the time.
 *
 * `advanceTo(nowMs)` integrates in small steps; nothing here reads a clock or draws a random number, so the same calls
 * give the same trace. Signs: battery and AC positive = out of the device, grid positive = import.
 *
 * Invariants: load = grid + AC at any moment; stored energy changes by exactly what the two battery counters say.
 */
import type { Controls } from './plant-control.ts';
import { acFromDcW, defaultControls, isClosed, NOT_FORCED, usedPvW, wantedBatteryW } from './plant-control.ts';
import type { CellVoltages } from './plant-cells.ts';
import { agedSohPct, cellVoltages, fullCycles, usableWh } from './plant-cells.ts';
import type { PlantChange, PlantSettings } from './plant-settings.ts';
import { changedSettings } from './plant-settings.ts';
import { PlantTimers } from './plant-timers.ts';

export type PlantState = {
  readonly timeMs: number;
  readonly socPct: number;
  readonly storedWh: number;
  readonly batteryW: number;
  /** Where the battery's power is going; equal to `batteryW` once the actuator has arrived. */
  readonly targetW: number;
  readonly pvW: number;
  readonly acW: number;
  readonly loadW: number;
  readonly gridW: number;
  readonly busVoltageV: number;
  readonly busCurrentA: number;
  readonly cellV: CellVoltages;
  readonly sohPct: number;
  /** Equivalent full cycles since the start. */
  readonly cycles: number;
  readonly packTemperaturesC: readonly number[];
  readonly chargedWh: number;
  readonly dischargedWh: number;
  readonly importedWh: number;
  readonly exportedWh: number;
  readonly generatedWh: number;
  /** At the AC terminal. */
  readonly acOutWh: number;
  readonly acInWh: number;
  /** When the forced command falls back to the working mode; absent while nothing is forced or it never does. */
  readonly forcedEndsAtMs: number | undefined;
  readonly settings: PlantSettings;
  readonly controls: Controls;
};

const RAMP_STEP_MS = 50;
const STEADY_STEP_MS = 1000;
const MS_PER_HOUR = 3_600_000;
/** Full power in a steady state warms a pack by this much, with this time constant. */
const HEATING_C = 8;
const THERMAL_MS = MS_PER_HOUR;

export class Plant {
  /** Of the device's own control, such as reversion to a default after the controller fell silent. */
  readonly timers = new PlantTimers();
  #settings: PlantSettings;
  #controls: Controls;
  #timeMs: number;
  #storedWh: number;
  #batteryW = 0;
  #targetW = 0;
  #rampWPerMs = 0;
  #packsC: number[];
  #pinned = false;
  #forcedEndsAtMs: number | undefined;
  #chargedWh = 0;
  #dischargedWh = 0;
  #importedWh = 0;
  #exportedWh = 0;
  #generatedWh = 0;
  #acOutWh = 0;
  #acInWh = 0;
  /** What `state` showed last, until something changes: a device is asked for many registers at one moment. */
  #shown: PlantState | undefined;

  constructor(
    settings: PlantSettings,
    options: { socPct?: number; startMs?: number; controls?: Partial<Controls> } = {},
  ) {
    this.#settings = settings;
    this.#controls = { ...defaultControls(settings), ...options.controls };
    this.#timeMs = options.startMs ?? 0;
    this.#storedWh = ((options.socPct ?? 50) / 100) * this.#usableWh();
    this.#packsC = Array.from({ length: settings.packs }, () => settings.ambientC);
    this.#aim();
  }

  get settings(): PlantSettings {
    return this.#settings;
  }

  get controls(): Controls {
    return this.#controls;
  }

  get batteryW(): number {
    return this.#batteryW;
  }

  get timeMs(): number {
    return this.#timeMs;
  }

  /** Runs physics up to a moment; earlier moments change nothing. */
  advanceTo(nowMs: number): void {
    while (this.#timeMs < nowMs) {
      const largest = this.#batteryW === this.#targetW ? STEADY_STEP_MS : RAMP_STEP_MS;
      const untilEnd = Math.min(this.#forcedEndsAtMs ?? Infinity, this.timers.nextMs) - this.#timeMs;
      this.#step(Math.min(largest, nowMs - this.#timeMs, Math.max(untilEnd, 1)));
    }
  }

  /** Carries out what was written to the device. A command or a period while forced starts the period anew. */
  control(change: Partial<Controls>): void {
    this.#controls = { ...this.#controls, ...change };
    if (change.command !== undefined || change.periodMin !== undefined || change.byTargetSoc !== undefined)
      this.#armForced();
    if (!isClosed(this.#controls)) this.#fallToZero();
    this.#aim();
    this.#shown = undefined;
  }

  /** Changes the surroundings at once; SOC and temperatures jump. */
  set(change: PlantChange): void {
    const { socPct, packTemperaturesC, on, workingMode } = change;
    const before = this.#socPct();
    this.#settings = changedSettings(this.#settings, change);
    const resized = change.capacityWh !== undefined || change.sohPct !== undefined;
    if (resized || socPct !== undefined) this.#storedWh = ((socPct ?? before) / 100) * this.#usableWh();
    this.#packsC = Array.from({ length: this.#settings.packs }, (_, at) => this.#packsC[at] ?? this.#settings.ambientC);
    if (packTemperaturesC !== undefined) {
      this.#pinned = packTemperaturesC !== null;
      this.#packsC = this.#packsC.map((before, at) => packTemperaturesC?.[at] ?? before);
    }
    this.#controls = {
      ...this.#controls,
      ...(on === undefined ? {} : { on }),
      ...(workingMode === undefined ? {} : { workingMode }),
    };
    if (change.deaf !== undefined) this.#armForced();
    this.#aim();
    this.#shown = undefined;
  }

  /** A restart of the device: persistent registers stay, everything forced is gone, power starts from zero. */
  reboot(): void {
    this.#controls = { ...this.#controls, ...NOT_FORCED, on: true };
    this.#forcedEndsAtMs = undefined;
    this.#fallToZero();
    this.#aim();
    this.#shown = undefined;
  }

  state(): PlantState {
    this.#shown ??= this.#stateNow();
    return this.#shown;
  }

  #stateNow(): PlantState {
    const { seriesCells, loadW } = this.#settings;
    const { pvW, acW } = this.#powers();
    const socPct = this.#socPct();
    const cellV = cellVoltages(this.#settings, socPct, this.#batteryW);
    const busVoltageV = cellV.avg * seriesCells;
    return {
      timeMs: this.#timeMs,
      socPct,
      storedWh: this.#storedWh,
      batteryW: this.#batteryW,
      targetW: this.#targetW,
      pvW,
      acW,
      loadW,
      gridW: loadW - acW,
      busVoltageV,
      busCurrentA: this.#batteryW / busVoltageV,
      cellV,
      sohPct: this.#sohPct(),
      cycles: fullCycles(this.#settings, this.#chargedWh, this.#dischargedWh),
      packTemperaturesC: [...this.#packsC],
      chargedWh: this.#chargedWh,
      dischargedWh: this.#dischargedWh,
      importedWh: this.#importedWh,
      exportedWh: this.#exportedWh,
      generatedWh: this.#generatedWh,
      acOutWh: this.#acOutWh,
      acInWh: this.#acInWh,
      forcedEndsAtMs: this.#forcedEndsAtMs,
      settings: this.#settings,
      controls: this.#controls,
    };
  }

  #step(stepMs: number): void {
    this.#shown = undefined;
    const before = this.#batteryW;
    this.#ramp(stepMs);
    this.#store(((before + this.#batteryW) / 2) * (stepMs / MS_PER_HOUR));
    const { pvW, acW } = this.#powers();
    const acWh = (acW * stepMs) / MS_PER_HOUR;
    const gridWh = (this.#settings.loadW * stepMs) / MS_PER_HOUR - acWh;
    this.#acOutWh += Math.max(0, acWh);
    this.#acInWh += Math.max(0, -acWh);
    this.#importedWh += Math.max(0, gridWh);
    this.#exportedWh += Math.max(0, -gridWh);
    this.#generatedWh += (pvW * stepMs) / MS_PER_HOUR;
    this.#warm(stepMs);
    this.#timeMs += stepMs;
    this.#endForced();
    this.timers.fireDue(this.#timeMs);
    this.#aim();
    this.#shown = undefined;
  }

  /** Straight to the target at the rate that was fixed when the target changed. */
  #ramp(stepMs: number): void {
    const missing = this.#targetW - this.#batteryW;
    const reach = this.#rampWPerMs * stepMs;
    this.#batteryW = Math.abs(missing) <= reach ? this.#targetW : this.#batteryW + Math.sign(missing) * reach;
  }

  /** Takes energy out of the cells, or puts it in; an empty or full battery gives or takes no more. */
  #store(outWh: number): void {
    const taken = Math.min(this.#storedWh, Math.max(Math.min(0, this.#storedWh - this.#usableWh()), outWh));
    this.#storedWh -= taken;
    if (taken >= 0) this.#dischargedWh += taken;
    else this.#chargedWh -= taken;
    if (taken !== outWh) this.#fallToZero();
  }

  /** The next aim starts a new ramp from zero, even to the same target. */
  #fallToZero(): void {
    this.#batteryW = 0;
    this.#targetW = 0;
  }

  #warm(stepMs: number): void {
    if (this.#pinned) return;
    const { ambientC, ratedW } = this.#settings;
    const steadyC = ambientC + HEATING_C * (this.#batteryW / Math.max(ratedW, 1)) ** 2;
    const share = Math.min(1, stepMs / THERMAL_MS);
    this.#packsC = this.#packsC.map((nowC) => nowC + (steadyC - nowC) * share);
  }

  #powers(): { pvW: number; acW: number } {
    const pvW = usedPvW(this.#settings, this.#controls, this.#batteryW);
    return { pvW, acW: acFromDcW(this.#batteryW + pvW, this.#settings.efficiency) };
  }

  #armForced(): void {
    const { command, byTargetSoc, periodMin } = this.#controls;
    const endless = command === 'none' || byTargetSoc || this.#settings.deaf;
    this.#forcedEndsAtMs = endless ? undefined : this.#timeMs + periodMin * 60_000;
  }

  /** The device's dead-man: the period or the target SOC is reached, and the working mode takes over. */
  #endForced(): void {
    if (!this.#forcedIsOver()) return;
    this.#forcedEndsAtMs = undefined;
    this.#controls = { ...this.#controls, command: 'none' };
  }

  #forcedIsOver(): boolean {
    const { command, byTargetSoc, targetSocPct } = this.#controls;
    const socPct = this.#socPct();
    if (byTargetSoc && command === 'charge') return socPct >= targetSocPct;
    if (byTargetSoc && command === 'discharge') return socPct <= targetSocPct;
    return this.#forcedEndsAtMs !== undefined && this.#timeMs >= this.#forcedEndsAtMs;
  }

  /** Fixes the rate of the ramp once per target, so that a step ends in finite time and exactly on its target. */
  #aim(): void {
    const target = wantedBatteryW(this.#settings, this.#controls, this.#socPct());
    if (target === this.#targetW) return;
    this.#targetW = target;
    const fullStepMs = this.#settings.actuatorMs / 0.9;
    const actuator = fullStepMs > 0 ? Math.abs(target - this.#batteryW) / fullStepMs : Infinity;
    const { rampWPerS } = this.#controls;
    this.#rampWPerMs = rampWPerS > 0 ? Math.min(actuator, rampWPerS / 1000) : actuator;
  }

  #socPct(): number {
    return Math.min(100, (this.#storedWh / this.#usableWh()) * 100);
  }

  #sohPct(): number {
    return agedSohPct(this.#settings, fullCycles(this.#settings, this.#chargedWh, this.#dischargedWh));
  }

  #usableWh(): number {
    return usableWh(this.#settings, this.#sohPct());
  }
}
