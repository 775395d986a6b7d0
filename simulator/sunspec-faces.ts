/**
 * The SunSpec devices that are simulated, each as its chain of models.
 */
import type { Face } from './device.ts';
import type { Sense } from './measurements.ts';
import type { PlantSettings } from './plant-settings.ts';
import type { Plant, PlantState } from './plant.ts';
import { bankControl, batteryBank, cellsOfModule, firstModule, lithiumBank, stringControl } from './sunspec-battery.ts';
import { activePowerControl, capacityControl, operationControl } from './sunspec-der-control.ts';
import type { SunspecBlock } from './sunspec-face.ts';
import { sunspecFace } from './sunspec-face.ts';
import type { Heartbeat } from './sunspec-heartbeat.ts';
import { heartbeatOf } from './sunspec-heartbeat.ts';
import { common, dcMeasurement, derMeasurement, derRatings, inverter, storageCapacity } from './sunspec-measured.ts';
import { gridMeter, meterIdentity } from './sunspec-meter.ts';
import { immediateControl, settingsControl, storageControl } from './sunspec-storage-control.ts';
import { basicSettings, inputs, inverterStatus, nameplate, inputCount, storageStatus } from './sunspec-storage.ts';
import type { SunspecValues } from './sunspec-words.ts';

const PORTS = 2;

/** A storage inverter after IEEE 1547-2018 with its battery. */
export function derFace(plant: Plant, sense?: Sense): Face {
  const heartbeat = heartbeatOf(plant);
  const blocks: SunspecBlock[] = [
    { id: 1, measured: common },
    { id: 701, measured: derMeasurement },
    { id: 702, measured: derRatings, control: capacityControl(plant) },
    { id: 703, measured: () => ({ ES: 1 }) },
    { id: 704, control: activePowerControl(plant) },
    { id: 713, measured: storageCapacity },
    { id: 714, counts: () => ({ Prt: PORTS }), measured: dcMeasurement },
    {
      id: 715,
      measured: ({ timeMs, settings }) => ({
        LocRemCtl: Number(settings.localControl),
        DERHb: Math.floor(timeMs / 1000) % 0xffff_ffff,
      }),
      control: operationControl(plant, heartbeat),
    },
    ...battery(plant, heartbeat),
  ];
  return sunspecFace(plant, blocks, sense);
}

/** A hybrid inverter of the generation before. */
export function storageFace(plant: Plant, sense?: Sense): Face {
  const blocks: SunspecBlock[] = [
    { id: 1, measured: common },
    { id: plant.settings.inverterModel, measured: inverter },
    { id: 120, measured: nameplate },
    { id: 121, measured: basicSettings, control: settingsControl(plant) },
    { id: 122, measured: inverterStatus },
    { id: 123, control: immediateControl(plant) },
    { id: 124, measured: storageStatus, control: storageControl(plant) },
    { id: 160, counts: (settings) => ({ module: inputCount(settings) }), measured: inputs },
  ];
  return sunspecFace(plant, blocks, sense);
}

/** A meter where the site meets the grid. */
export function meterFace(plant: Plant, sense?: Sense): Face {
  return sunspecFace(
    plant,
    [
      { id: 1, measured: meterIdentity },
      { id: 203, measured: gridMeter },
    ],
    sense,
  );
}

/** A battery with its own interface, beside that of the inverter or without one. */
export function bmsFace(plant: Plant, sense?: Sense): Face {
  const identity = (state: PlantState): SunspecValues => ({
    ...common(state),
    Md: 'BMS-LFP',
    SN: `B-${state.settings.serialNumber}`,
  });
  const cells = ({ seriesCells }: PlantSettings): Record<string, number> => ({
    'lithium-ion-module-cell': cellsOfModule(seriesCells),
  });
  return sunspecFace(
    plant,
    [
      { id: 1, measured: identity },
      ...battery(plant, heartbeatOf(plant)),
      { id: 805, counts: cells, measured: firstModule },
    ],
    sense,
  );
}

function battery(plant: Plant, heartbeat: Heartbeat): SunspecBlock[] {
  return [
    { id: 802, measured: batteryBank, control: bankControl(plant, heartbeat) },
    {
      id: 803,
      counts: ({ strings }: PlantSettings) => ({ string: strings }),
      measured: lithiumBank,
      control: stringControl(plant),
    },
  ];
}
