/**
 * Every point of the Huawei profile against a device in which no two values are alike.
 *
 * Each point is then broken on purpose (sign, gain, signedness, width, neighbouring register): a profile row that can be
 * wrong without this test noticing would be a row that nobody has checked.
 */
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseOrThrow } from '../../contracts/parse.ts';
import type { Point } from '../../contracts/profile.ts';
import { profileSchema, registersOf } from '../../contracts/profile.ts';
import { boundAsWritten } from '../../machines/sunspec/bind.ts';
import type { Controls } from '../../simulator/plant-control.ts';
import type { SimulatedAsset } from '../../simulator/asset.ts';
import { createAsset } from '../../simulator/asset.ts';
import { virtualClock } from '../../supervisor/clock.ts';

const file = new URL('../../profiles/huawei-sun2000-luna2000.json', import.meta.url);
const profile = boundAsWritten(parseOrThrow(profileSchema, JSON.parse(readFileSync(file, 'utf8')), 'huawei'));
const MINUTE_MS = 60_000;
const test = suite('Huawei profile, value by value');

/** In bessd's signs and units: the battery discharges, the site exports. */
const EXPECTED: Readonly<Record<string, number | string>> = {
  model_name: 'SUN2000-50KTL-X',
  serial_number: 'SN123',
  software_version: 'FW9',
  p_rated: 120_000,
  s_max: 160_000,
  rated_capacity: 150_000,
  alarm_1: 0x8001,
  alarm_2: 0xffff,
  alarm_3: 0x9004,
  pv_power: 70_345,
  phase_voltage_a: 231,
  phase_voltage_b: 231.5,
  phase_voltage_c: 230.5,
  active_power: 79_276,
  reactive_power: -1234,
  grid_frequency: 50.07,
  device_status: 0x0201,
  max_charge_power: 87_000,
  max_discharge_power: 86_000,
  meter_status: 1,
  grid_power: -78_276,
  soc: 43.2,
  battery_status: 2,
  bus_voltage: 657.6,
  bus_current: 18.6,
  battery_power: 12_234,
  working_mode: 1,
  unit1_temperature: -2.3,
  unit2_temperature: 45.1,
  unit1_pack1_temperature_max: -12.5,
  unit1_pack1_temperature_min: -12.5,
  unit1_pack2_temperature_max: -4.5,
  unit1_pack2_temperature_min: -4.5,
  unit1_pack3_temperature_max: 10,
  unit1_pack3_temperature_min: 10,
  unit2_pack1_temperature_max: 40.1,
  unit2_pack1_temperature_min: 40.1,
  unit2_pack2_temperature_max: 45.2,
  unit2_pack2_temperature_min: 45.2,
  unit2_pack3_temperature_max: 50,
  unit2_pack3_temperature_min: 50,
  limit_charge_power: 71_000,
  limit_discharge_power: 72_000,
  forcible_period: 117,
  forcible_power_readback: -12_234,
  working_mode_set: 5,
  forcible_command: 2,
  forcible_mode: 1,
  forcible_charge_power: 50_000,
  forcible_discharge_power: 12_234,
  part_number: 'SIM-01',
  firmware_version: 'I-FW9',
  modbus_protocol_version: 3,
  model_id: 348,
  pv_string_count: 4,
  mppt_count: 2,
  p_max: 132_000,
  q_max_out: 96_000,
  q_max_in: -96_000,
  state_1: 6,
  state_2: 7,
  state_3: 2,
  pv1_voltage: 640,
  pv1_current: 43.97,
  pv2_voltage: 620,
  pv2_current: 34.04,
  pv3_voltage: 600,
  pv3_current: 23.45,
  pv4_voltage: 580,
  pv4_current: 12.13,
  line_voltage_ab: 400.1,
  line_voltage_bc: 400.9,
  line_voltage_ca: 399.3,
  phase_current_a: 114.395,
  phase_current_b: 114.624,
  phase_current_c: 114.166,
  peak_power_today: 79_276,
  power_factor: 1,
  efficiency: 96,
  inverter_temperature: 31,
  insulation_resistance: 3,
  fault_code: 2064,
  energy_total: 5046.15,
  pv_energy_total: 7058.62,
  energy_hour: 23.07,
  energy_day: 46.15,
  energy_month: 146.15,
  energy_year: 1046.15,
  leakage_current: 12,
  energy_charged_total: 1251.17,
  energy_discharged_total: 1117.22,
  energy_charged_today: 16.67,
  energy_discharged_today: 6.12,
  unit1_status: 2,
  unit1_power: 6301,
  unit1_bus_voltage: 656.3,
  unit1_soc: 43.1,
  unit1_bus_current: 9.6,
  unit1_energy_charged_today: 8.33,
  unit1_energy_discharged_today: 3.06,
  unit1_energy_charged_total: 1242.83,
  unit1_energy_discharged_total: 1114.16,
  unit1_rated_charge_power: 60_000,
  unit1_rated_discharge_power: 60_000,
  unit1_fault_id: 1,
  unit1_remaining_time: 318,
  unit1_dcdc_version: 'D-FW9',
  unit1_bms_version: 'B-FW9',
  unit1_serial_number: 'L-SN123',
  unit1_software_version: 'S1-FW9',
  unit2_status: 2,
  unit2_power: 5933,
  unit2_bus_voltage: 652.4,
  unit2_soc: 42.9,
  unit2_bus_current: 9.1,
  unit2_energy_charged_today: 8.33,
  unit2_energy_discharged_today: 3.06,
  unit2_energy_charged_total: 2477.33,
  unit2_energy_discharged_total: 2225.26,
  unit2_serial_number: 'L2-SN123',
  unit2_software_version: 'S2-FW9',
  unit1_pack1_serial_number: 'P1-SN123',
  unit1_pack1_firmware: 'F1-FW9',
  unit1_pack1_status: 2,
  unit1_pack1_soc: 43.2,
  unit1_pack1_power: 2141,
  unit1_pack1_voltage: 657.6,
  unit1_pack1_current: 3.3,
  unit1_pack2_serial_number: 'P2-SN123',
  unit1_pack2_firmware: 'F2-FW9',
  unit1_pack2_status: 2,
  unit1_pack2_soc: 43.1,
  unit1_pack2_power: 2100,
  unit1_pack2_voltage: 656.3,
  unit1_pack2_current: 3.2,
  unit1_pack3_serial_number: 'P3-SN123',
  unit1_pack3_firmware: 'F3-FW9',
  unit1_pack3_status: 2,
  unit1_pack3_soc: 43,
  unit1_pack3_power: 2059,
  unit1_pack3_voltage: 655,
  unit1_pack3_current: 3.1,
  unit2_pack1_serial_number: 'P4-SN123',
  unit2_pack1_firmware: 'F4-FW9',
  unit2_pack1_status: 2,
  unit2_pack1_soc: 42.9,
  unit2_pack1_power: 2019,
  unit2_pack1_voltage: 653.7,
  unit2_pack1_current: 3.1,
  unit2_pack2_serial_number: 'P5-SN123',
  unit2_pack2_firmware: 'F5-FW9',
  unit2_pack2_status: 2,
  unit2_pack2_soc: 42.9,
  unit2_pack2_power: 1978,
  unit2_pack2_voltage: 652.4,
  unit2_pack2_current: 3,
  unit2_pack3_serial_number: 'P6-SN123',
  unit2_pack3_firmware: 'F6-FW9',
  unit2_pack3_status: 2,
  unit2_pack3_soc: 42.8,
  unit2_pack3_power: 1937,
  unit2_pack3_voltage: 651.1,
  unit2_pack3_current: 3,
  meter_voltage_a: 231,
  meter_voltage_b: 231.5,
  meter_voltage_c: 230.5,
  meter_current_a: 112.95,
  meter_current_b: 113.18,
  meter_current_c: 112.73,
  meter_reactive_power: 1234,
  meter_power_factor: 0.99,
  meter_frequency: 50.07,
  meter_energy_exported: 39.14,
  meter_energy_imported: 23.49,
  meter_reactive_energy: 42,
  meter_type: 1,
  meter_line_voltage_ab: 400.1,
  meter_line_voltage_bc: 400.9,
  meter_line_voltage_ca: 399.3,
  meter_power_a: -26_092,
  meter_power_b: -26_144,
  meter_power_c: -26_040,
  charge_cutoff_soc: 97,
  discharge_cutoff_soc: 7,
  charge_from_grid: 1,
  grid_charge_cutoff_soc: 80,
  forcible_target_soc: 5,
  backup_soc: 15,
  active_power_control_mode: 6,
  max_feed_in_power: 158_000,
  max_feed_in_share: 90,
  remote_control_mode: 2,
  active_power_derating_share: 100,
  active_power_derating: 159_000,
};

test('every point that is read shows what the plant has', async () => {
  const asset = await odd();
  for (const [name, point] of Object.entries(profile.points)) {
    if (point.group === 'never') continue;
    assert.is(shown(asset, point), EXPECTED[name], name);
  }
  assert.equal(
    Object.keys(EXPECTED).toSorted(),
    Object.keys(profile.points)
      .filter((name) => profile.points[name]?.group !== 'never')
      .toSorted(),
  );
});

test('a point with a wrong sign, scale, type or address would be noticed', async () => {
  const asset = await odd();
  const unnoticed: string[] = [];
  for (const [name, point] of Object.entries(profile.points)) {
    if (point.group === 'never') continue;
    for (const [title, mutant] of mutantsOf(name, point)) {
      if (shown(asset, mutant) === EXPECTED[name]) unnoticed.push(`${name} ${title}`);
    }
  }
  assert.equal(unnoticed, []);
});

test.run();

/** A plant whose every measurement is its own. */
async function odd(): Promise<SimulatedAsset> {
  const clock = virtualClock();
  const controls: Partial<Controls> = {
    command: 'charge',
    forcedDischargeW: 12_234,
    forcedChargeW: 50_000,
    byTargetSoc: true,
    targetSocPct: 95,
    periodMin: 117,
    workingMode: 5,
    limitChargeW: 71_000,
    limitDischargeW: 72_000,
    chargeCutoffPct: 97,
    dischargeCutoffPct: 7,
  };
  const asset = createAsset({
    clock,
    controls,
    settings: {
      modelName: 'SUN2000-50KTL-X',
      serialNumber: 'SN123',
      firmwareVersion: 'FW9',
      ratedW: 120_000,
      apparentVa: 160_000,
      reactiveVar: -1234,
      capacityWh: 150_000,
      maxChargeW: 87_000,
      maxDischargeW: 86_000,
      pvW: 70_345,
      loadW: 90_000,
      gridVoltageV: 231,
      gridFrequencyHz: 50.07,
      alarms: [0x8001, 0xffff, 0x9004],
      deviceStatus: 0x0201,
      packs: 6,
      actuatorMs: 0,
    },
  });
  // Every counter moves: some energy is bought and charged, more is discharged and sold.
  await clock.advance(MINUTE_MS * 20);
  asset.state();
  asset.plant.control({ command: 'discharge', targetSocPct: 5 });
  asset.set({ loadW: 1000, ambientC: 21 });
  await clock.advance(MINUTE_MS * 30);
  asset.set({ socPct: 43.2, packTemperaturesC: [-12.5, -4.5, 10, 40.1, 45.2, 50] });
  return asset;
}

function mutantsOf(name: string, point: Point): [string, Point][] {
  if (point.type === 'string') return [['next register', { ...point, register: point.register + 1 }]];
  // Both sensors of a simulated pack agree, so the neighbour is the next pack's.
  const next = name.endsWith('_temperature_max') ? 2 : 1;
  const before = name.endsWith('_temperature_min') ? 2 : 1;
  const mutants: [string, Point][] = [
    ['next register', { ...point, register: point.register + next }],
    ['register before', { ...point, register: point.register - before }],
    ['gain × 10', { ...point, gain: point.gain * 10 }],
    ['gain / 10', { ...point, gain: point.gain / 10 }],
    ['half the width', { ...point, type: registersOf(point) === 2 ? 'u16' : 'u32' }],
  ];
  const flipped = {
    discharge: 'charge',
    charge: 'discharge',
    import: 'export',
    export: 'import',
    generation: 'charge',
  } as const;
  if (point.positive) mutants.push(['flipped', { ...point, positive: flipped[point.positive] }]);
  return mutants;
}

function shown(asset: SimulatedAsset, point: Point): number | string | undefined {
  const words = asset.device.read(point.register, registersOf(point), 1);
  if ('exception' in words) return undefined;
  const bytes = Buffer.from(words.flatMap((word) => [word >> 8, word & 255]));
  const sign = point.positive === 'charge' || point.positive === 'export' ? -1 : 1;
  const scaled = (raw: number): number => Math.round((raw / point.gain) * sign * 1000) / 1000 + 0;
  if (point.type === 'string') return bytes.toString('latin1').replace(/\0+$/, '');
  if (point.type === 'u16') return scaled(bytes.readUInt16BE());
  if (point.type === 'i16') return scaled(bytes.readInt16BE());
  if (point.type === 'u32') return scaled(bytes.readUInt32BE());
  if (point.type === 'i32') return scaled(bytes.readInt32BE());
  throw new Error(`${point.type} is not in this profile`);
}
