/**
 * The SunSpec devices that are simulated, each as its chain of models.
 */
import type { Face } from './device.ts';
import type { Sense } from './measurements.ts';
import type { PlantSettings } from './plant-settings.ts';
import type { Plant } from './plant.ts';
import { bankControl, batteryBank, lithiumBank, stringControl } from './sunspec-battery.ts';
import { activePowerControl, capacityControl, operationControl } from './sunspec-der-control.ts';
import type { SunspecBlock } from './sunspec-face.ts';
import { sunspecFace } from './sunspec-face.ts';
import type { Heartbeat } from './sunspec-heartbeat.ts';
import { heartbeatOf } from './sunspec-heartbeat.ts';
import { common, dcMeasurement, derMeasurement, derRatings, storageCapacity } from './sunspec-measured.ts';

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
