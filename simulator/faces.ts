/**
 * The devices that can be simulated, and which of them stands for a profile.
 */
import type { Face } from './device.ts';
import { huaweiFace } from './huawei-face.ts';
import type { Sense } from './measurements.ts';
import { DEFAULT_SETTINGS } from './plant-settings.ts';
import type { Plant } from './plant.ts';
import { bmsFace, derFace, meterFace, storageFace } from './sunspec-faces.ts';

export type FaceName = 'huawei' | 'sunspec-der' | 'sunspec-storage' | 'bms' | 'meter';

/** What the inverter calls itself where nothing else is said. */
export const MODEL_NAMES: Readonly<Record<FaceName, string>> = {
  huawei: DEFAULT_SETTINGS.modelName,
  'sunspec-der': 'SIM-DER-100',
  'sunspec-storage': 'SIM-HYBRID-100',
  bms: 'SIM-BATTERY-200',
  meter: 'SIM-METER',
};

/** By the name of the profile that speaks to it. */
export const FACE_OF_PROFILE: Readonly<Record<string, FaceName>> = {
  'huawei-sun2000-luna2000': 'huawei',
  'sunspec-704': 'sunspec-der',
  'sunspec-124': 'sunspec-storage',
  'sunspec-802': 'bms',
};

export function faceOf(name: FaceName, plant: Plant, sense?: Sense): Face {
  switch (name) {
    case 'huawei':
      return huaweiFace(plant, sense);
    case 'sunspec-der':
      return derFace(plant, sense);
    case 'sunspec-storage':
      return storageFace(plant, sense);
    case 'bms':
      return bmsFace(plant, sense);
    case 'meter':
      return meterFace(plant, sense);
  }
}
