/**
 * The Sungrow profile against an independent Modbus server: telemetry in input registers, the low word of 32-bit values
 * first, and other values under the same numbers in the holding registers.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { measuredAsAsset, readThrough, shippedBound } from './through-server.ts';

const test = suite('Sungrow SH');
const profile = shippedBound('sungrow-sh');

/** As the register tables have them, by wire address; the battery discharges 10 kW, the site sells 3 kW. */
const INPUT: Readonly<Record<number, readonly number[]>> = {
  4989: [0x4132, 0x3334, 0x3536, 0, 0, 0, 0, 0, 0, 0],
  4999: [3587, 100, 1],
  5007: [412],
  5010: [6400, 52, 6100, 48, 0xffff, 0xffff, 5000, 0, 2312, 2305, 2298],
  5032: [0xff38, 0xffff, 990],
  5213: [10_000, 0],
  5241: [5003],
  5600: [0xf448, 0xffff, 0xfc18, 0xffff, 0xfc18, 0xffff, 0xfc18, 0xffff],
  5627: [100],
  5634: [30, 35],
  5638: [1280],
  12_999: [64, 0b1_0101, 125, 0x86a0, 1, 30, 400, 0, 11_500, 0, 3000, 0, 45, 500, 0],
  13_019: [3965, 0, 10_000, 834, 990, 257, 61, 7000, 0],
  13_030: [210, 211, 209, 14_500, 0, 12, 900, 0],
  13_039: [80, 9000, 0],
  13_044: [150, 20_000, 0],
  13_249: [0x5341, 0x5050, ...Array.from({ length: 13 }, () => 0)],
};
const HOLDING: Readonly<Record<number, readonly number[]>> = {
  5213: [1, 1],
  12_999: [0xcf],
  13_022: [1],
  13_049: [0, 0xcc, 0],
  13_057: [1000, 50],
};

const REGISTERS = { input: INPUT, holding: HOLDING };

test('telemetry comes from the input registers with the low word first, in bessd signs and units', async () => {
  const shown = await readThrough(profile, REGISTERS);
  const expected = {
    serial_number: 'A23456',
    device_type: 3587,
    rated_power: 10_000,
    output_type: 1,
    firmware_version: 'SAPP',
    battery_capacity: 12_800,
    battery_converter_rated_power: 10_000,
    system_state: 64,
    soc: 83.4,
    battery_soh: 99,
    battery_power: 10_000,
    battery_voltage: 396.5,
    battery_temperature: 25.7,
    active_power: 14_500,
    pv_power: 5000,
    export_power: -3000,
    load_power: 11_500,
    meter_power: -3000,
    grid_frequency: 50.03,
    phase_voltage_a: 231.2,
    phase_voltage_c: 229.8,
    reactive_power: -200,
    pv_energy_total: 10_000,
    energy_discharged_total: 700,
    ems_mode: 0,
    forced_command: 0xcc,
    min_soc: 5,
  };
  for (const [name, value] of Object.entries(expected)) assert.is(shown[name], value, name);
});

test('charging at 5 kW reads -5000, and buying 2 kW +2000', async () => {
  const input = {
    ...INPUT,
    5213: [0x1_0000 - 5000, 0xffff],
    12_999: [64, 0b10_0010, 0, 0, 0, 0, 0, 0, 0, 0, 0x1_0000 - 2000, 0xffff, 0, 0, 0],
  };
  const shown = await readThrough(profile, { ...REGISTERS, input });
  assert.is(shown['battery_power'], -5000);
  assert.is(shown['export_power'], 2000);
});

test('a site can have it as an asset, and knows its battery power and charge', () => {
  const measured = measuredAsAsset('sungrow-sh');
  for (const measurand of ['socPct', 'batteryPowerW', 'gridPowerW'] as const)
    assert.ok(measured.has(measurand), measurand);
});

test('it is only read: no row can be written, nothing commands the device', () => {
  assert.is(profile.control, undefined);
  assert.equal(
    Object.entries(profile.points).filter(([, { writable }]) => writable),
    [],
  );
  assert.match(profile.verified.join(' '), /Not commanded\. .*Missing for control/);
});

test.run();
