/**
 * A meter at the point of common coupling as model 203 of SunSpec shows it: import positive, energies as two counters.
 *
 * A meter that is offline answers and shows every measurement as not implemented.
 */
import type { PlantState } from './plant.ts';
import { electrical } from './sunspec-measured.ts';
import type { SunspecValues } from './sunspec-words.ts';

export function meterIdentity({ settings }: PlantState): SunspecValues {
  const { firmwareVersion, serialNumber } = settings;
  return { Mn: 'bessd simulator', Md: 'METER-3P', Opt: 'SIM', Vr: firmwareVersion, SN: `M-${serialNumber}`, DA: 1 };
}

export function gridMeter(state: PlantState): SunspecValues {
  const { settings, gridW, importedWh, exportedWh } = state;
  if (!settings.meterOnline) return {};
  // Reactive power of the inverter is no business of this meter: the load may make up for it or not.
  const { ampsA, phaseV, lineV, apparentVa, powerFactor } = electrical(
    { ...state, settings: { ...settings, reactiveVar: 0 } },
    gridW,
  );
  const phases = ['A', 'B', 'C'].map((phase) => ({
    [`Aph${phase}`]: ampsA / 3,
    [`Wph${phase}`]: gridW / 3,
    [`VAph${phase}`]: apparentVa / 3,
    [`VARph${phase}`]: 0,
    [`PFph${phase}`]: powerFactor,
  }));
  return {
    A: ampsA,
    PhV: phaseV(0),
    PhVphA: phaseV(0),
    PhVphB: phaseV(1),
    PhVphC: phaseV(2),
    PPV: lineV(0),
    PhVphAB: lineV(0),
    PhVphBC: lineV(1),
    PhVphCA: lineV(2),
    Hz: settings.gridFrequencyHz,
    W: gridW,
    VA: apparentVa,
    VAR: 0,
    PF: powerFactor,
    TotWhExp: exportedWh,
    TotWhImp: importedWh,
    Evt: 0,
    ...Object.assign({}, ...phases),
  };
}

/** One meter over several plants behind the same connection. Energies are summed, so flows between plants count twice. */
export function together(first: PlantState, others: readonly PlantState[]): PlantState {
  const sum = (of: (state: PlantState) => number): number => others.reduce((all, state) => all + of(state), of(first));
  return {
    ...first,
    gridW: sum(({ gridW }) => gridW),
    loadW: sum(({ loadW }) => loadW),
    importedWh: sum(({ importedWh }) => importedWh),
    exportedWh: sum(({ exportedWh }) => exportedWh),
  };
}
