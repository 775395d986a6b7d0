/**
 * The devices that can be simulated, and which of them stands for a profile.
 */
import type { Face } from './device.ts';
import { huaweiFace } from './huawei-face.ts';
import type { Sense } from './measurements.ts';
import type { PlantSettings } from './plant-settings.ts';
import type { Plant } from './plant.ts';
import { solaredgeFace } from './solaredge-face.ts';
import { bmsFace, derFace, meterFace, storageFace } from './sunspec-faces.ts';

export type FaceName = 'huawei' | 'solaredge' | 'sunspec-der' | 'sunspec-storage' | 'bms' | 'meter';

/** What the device calls itself where nothing else is said. SunSpec has 16 characters for the version. */
export const NAMES: Readonly<Record<FaceName, Pick<PlantSettings, 'modelName' | 'firmwareVersion'>>> = {
  huawei: { modelName: 'SUN2000-100KTL-SIM', firmwareVersion: 'V100R001C00SPC120' },
  solaredge: { modelName: 'SE100K-SIM', firmwareVersion: '4.20.36' },
  'sunspec-der': { modelName: 'SIM-DER-100', firmwareVersion: '7.1.0' },
  'sunspec-storage': { modelName: 'SIM-HYBRID-100', firmwareVersion: '1.2.0' },
  bms: { modelName: 'SIM-BATTERY-200', firmwareVersion: '8.0.2' },
  meter: { modelName: 'SIM-METER', firmwareVersion: '2.0.3' },
};

/** By the name of the profile that speaks to it. */
export const DEVICE_OF_PROFILE: Readonly<
  Record<string, { readonly face: FaceName; readonly settings?: Partial<PlantSettings> }>
> = {
  'huawei-sun2000-luna2000': { face: 'huawei' },
  'solaredge-storedge': { face: 'solaredge' },
  'sunspec-704': { face: 'sunspec-der' },
  'sunspec-124': { face: 'sunspec-storage' },
  'sunspec-802': { face: 'bms' },
  'fronius-gen24': {
    face: 'sunspec-storage',
    settings: { modelName: 'GEN24 SIM', pvInputs: 2, storageRates: 'limit' },
  },
};

export function faceOf(name: FaceName, plant: Plant, sense?: Sense): Face {
  switch (name) {
    case 'huawei':
      return huaweiFace(plant, sense);
    case 'solaredge':
      return solaredgeFace(plant, sense);
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
