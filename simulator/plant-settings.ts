/**
 * What surrounds and shapes a simulated plant: ratings, weather, load, wiring faults. Settable at any moment.
 *
 * Signs are those of bessd: battery power positive = discharge. `null` in a change takes an override away.
 */
import { z } from 'zod';
import { DEFAULT_SUNSPEC, sunspecShape } from './sunspec-settings.ts';

const watts = z.number().min(0).max(1e9);
const signedWatts = z.number().min(-1e9).max(1e9);
const word = z.int().min(0).max(65_535);
const celsius = z.number().min(-60).max(200);

/** Of every member of this the plant has a value at all times. */
const settingsShape = {
  capacityWh: z.number().positive().max(1e9),
  /** Rated power of the battery, either direction, and active power rating of the inverter. */
  ratedW: watts,
  apparentVa: watts,
  /** One way, between the DC side and the AC terminal; the site file's efficiency is its square. */
  efficiency: z.number().gt(0.3).max(1),
  loadW: watts,
  /** What the panels would give at the DC side. */
  pvW: watts,
  /** At the AC terminal, positive = out; without an effect on the active power. */
  reactiveVar: signedWatts,
  gridVoltageV: z.number().min(0).max(1000),
  gridFrequencyHz: z.number().min(0).max(100),
  ambientC: celsius,
  cellSpreadMv: z.number().min(0).max(5000),
  /** What the BMS allows at this moment; the vendor's limits cannot be set above it. */
  maxChargeW: watts,
  maxDischargeW: watts,
  /** From a new target to 90 % of the step. Registers echo at once all the same. */
  actuatorMs: z.number().min(0).max(600_000),
  /** The forced period never ends, as was seen on real systems. */
  deaf: z.boolean(),
  /** The forced power is also a ceiling for PV, so forcing 0 W throttles the panels. */
  forcedCeiling: z.boolean(),
  /** Measurements stand still while the device keeps answering. */
  frozen: z.boolean(),
  /** Measurements are renewed this often; 0: at every read. */
  refreshMs: z.number().min(0).max(600_000),
  meterOnline: z.boolean(),
  alarms: z.tuple([word, word, word]),
  packs: z.int().min(1).max(6),
  /** State of health at the start; it falls by use, 20 % in `cycleLife` full cycles. */
  sohPct: z.number().min(1).max(100),
  cycleLife: z.number().positive().max(1e6),
  /** LFP cells in series. */
  seriesCells: z.int().min(1).max(1000),
  strings: z.int().min(1).max(16),
  /** Of a string, between its middle and its warmest or coldest module. */
  moduleSpreadC: z.number().min(0).max(50),
  ...sunspecShape,
  modelName: z.string().min(1).max(30),
  serialNumber: z.string().min(1).max(20),
  firmwareVersion: z.string().min(1).max(30),
};

/** Overrides: absent means that the plant decides. */
const overrideShape = {
  /** The power stage holds this power whatever it is told; only a shutdown ends it. */
  stuckOnW: signedWatts.nullable(),
  deviceStatus: word.nullable(),
  batteryStatus: word.nullable(),
};

const settingsSchema = z.strictObject(settingsShape);
const overridesSchema = z.strictObject(overrideShape);

export type PlantOverrides = {
  readonly stuckOnW?: number;
  readonly deviceStatus?: number;
  readonly batteryStatus?: number;
};
export type PlantSettings = Readonly<z.output<typeof settingsSchema>> & PlantOverrides;

/** How a plant is when it starts; what is left out is as in `DEFAULT_SETTINGS`. */
export const startSettingsSchema = settingsSchema.partial();

/** A change from outside: any setting, and jumps of what the plant otherwise computes. */
export const plantChangeSchema = settingsSchema
  .partial()
  .extend(overridesSchema.partial().shape)
  .extend({
    socPct: z.number().min(0).max(100).optional(),
    /** Both sensors of each pack, first pack first. They stay there until `null` hands them back to physics. */
    packTemperaturesC: z.array(celsius).min(1).max(6).nullable().optional(),
    /** A shutdown or start-up as if somebody had pressed the button. */
    on: z.boolean().optional(),
    /** 0 adaptive, 1 fixed, 2 self-consumption, 4 fully fed to grid, 5 time of use. */
    workingMode: z.int().min(0).max(5).optional(),
  });
export type PlantChange = z.output<typeof plantChangeSchema>;

/** Slow enough for rules about echo and effect: the Huawei actuator as field reports describe it. */
export const ACTUATORS = { fast: 200, slow: 20_000 } as const;
export type Actuator = keyof typeof ACTUATORS;

export const DEFAULT_SETTINGS: PlantSettings = {
  capacityWh: 200_000,
  ratedW: 100_000,
  apparentVa: 110_000,
  efficiency: 0.96,
  loadW: 0,
  pvW: 0,
  reactiveVar: 0,
  gridVoltageV: 230,
  gridFrequencyHz: 50,
  ambientC: 25,
  cellSpreadMv: 20,
  maxChargeW: 100_000,
  maxDischargeW: 100_000,
  actuatorMs: ACTUATORS.fast,
  deaf: false,
  forcedCeiling: false,
  frozen: false,
  refreshMs: 0,
  meterOnline: true,
  alarms: [0, 0, 0],
  packs: 1,
  sohPct: 100,
  cycleLife: 6000,
  seriesCells: 200,
  strings: 2,
  moduleSpreadC: 1,
  ...DEFAULT_SUNSPEC,
  modelName: 'SUN2000-100KTL-SIM',
  serialNumber: 'HV2140012345',
  firmwareVersion: 'V100R001C00SPC120',
};

/** The settings after a change; `null` removes an override. */
export function changedSettings(settings: PlantSettings, change: PlantChange): PlantSettings {
  const { socPct: _soc, packTemperaturesC: _packs, on: _on, workingMode: _mode, ...rest } = change;
  const merged: Record<string, unknown> = { ...settings };
  for (const [name, value] of Object.entries(rest)) {
    if (value === null) delete merged[name];
    else if (value !== undefined) merged[name] = value;
  }
  return merged as PlantSettings;
}
