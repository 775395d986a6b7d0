/**
 * Scale factors of a simulated SunSpec device: the smallest power of ten with which the plant's numbers fit their registers.
 */
import type { PlantSettings } from './plant-settings.ts';

/** What the register of a quantity must be able to hold above the plant's rating. */
const HEADROOM = 1.2;
const INT16_MAX = 32_767;
const UINT16_MAX = 65_534;

/** Names without their `_SF`; what stands nowhere here has the factor 0. */
const FIXED: Readonly<Record<number, string>> = {
  [-3]: 'CellV PF PFRtg PFMin OutPFSet',
  [-2]: 'Hz ECPNomHz InOutWRte',
  [-1]: 'V VRef VMinMax InBatV DCV A AMax ARtg DCA Tmp ModTmp SoC SoH DoD Pct WMaxLimPct WSetPct VarSetPct VArPct MinRsvPct ChaState',
};
const POWERS =
  'W VA Var VAR VAr DCW WRtg VARtg VArRtg MaxChaRte MaxDisChaRte WMax VAMax VArMax VArAval WAval WChaMax VAChaMax WChaDisChaMax';
/** Energies in a single register. */
const ENERGIES = ['713.WH', '802.WHRtg', '120.WHRtg'];

export function scaleFactor(settings: PlantSettings, model: number, name: string): number {
  const { scaleFactors, ratedW, apparentVa, capacityWh } = settings;
  const chosen = scaleFactors[`${model}.${name}`] ?? scaleFactors[name];
  if (chosen !== undefined) return chosen;
  const quantity = name.replace(/_SF$/, '');
  for (const [exponent, names] of Object.entries(FIXED)) if (isAmong(names, quantity)) return Number(exponent);
  if (ENERGIES.includes(`${model}.${quantity}`)) return exponentFor(capacityWh, UINT16_MAX);
  if (isAmong(POWERS, quantity)) return exponentFor(Math.max(ratedW, apparentVa) * HEADROOM, INT16_MAX);
  return 0;
}

function exponentFor(largest: number, highest: number): number {
  return Math.max(0, Math.ceil(Math.log10(largest / highest)));
}

function isAmong(names: string, quantity: string): boolean {
  return names.split(' ').includes(quantity);
}
