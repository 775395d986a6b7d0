/**
 * Sensors of a simulated device that can go wrong one by one: what they make of the plant's state.
 *
 * NaN stands for "no value"; each face shows the marker of its registers for it.
 */
import type { PlantState } from './plant.ts';

type Change = (value: number) => number;
type Numbers = {
  [Name in keyof PlantState]: PlantState[Name] extends number ? Name : never;
}[keyof PlantState];

const SENSORS = {
  soc: one('socPct'),
  soh: one('sohPct'),
  batteryPower: one('batteryW'),
  acPower: one('acW'),
  pvPower: one('pvW'),
  gridPower: one('gridW'),
  busVoltage: one('busVoltageV'),
  busCurrent: one('busCurrentA'),
  /** All packs. */
  temperature: (state: PlantState, change: Change): PlantState => ({
    ...state,
    packTemperaturesC: state.packTemperaturesC.map(change),
  }),
  cellVoltage: (state: PlantState, change: Change): PlantState => {
    const { max, avg, min } = state.cellV;
    return { ...state, cellV: { max: change(max), avg: change(avg), min: change(min) } };
  },
  gridVoltage: setting('gridVoltageV'),
  gridFrequency: setting('gridFrequencyHz'),
} as const;

export type SensorName = keyof typeof SENSORS;
export const SENSOR_NAMES = Object.keys(SENSORS) as [SensorName, ...SensorName[]];

/** The state with what that sensor shows changed; several values of one sensor are changed in a fixed order. */
export function throughSensor(name: SensorName, state: PlantState, change: Change): PlantState {
  return SENSORS[name](state, change);
}

function one(name: Numbers): (state: PlantState, change: Change) => PlantState {
  return (state, change) => ({ ...state, [name]: change(state[name]) });
}

function setting(name: 'gridVoltageV' | 'gridFrequencyHz'): (state: PlantState, change: Change) => PlantState {
  return (state, change) => ({ ...state, settings: { ...state.settings, [name]: change(state.settings[name]) } });
}
