/** The Victron profile against an independent Modbus server at unit 100. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { measuredAsAsset, readThrough, shippedBound } from './through-server.ts';

const test = suite('Victron GX');
const profile = shippedBound('victron-gx');

/** As the maker's list has them; charging is positive there, import too. */
const HOLDING: Readonly<Record<number, readonly number[]>> = {
  800: [0x6330, 0x3631, 0x3935, 0x6162, 0x6364, 0x3132],
  817: [400, 500, 600, 0xff38, 300, 0xffce],
  826: [1],
  840: [523, 0xff9c, 0xec78, 71, 2],
  846: [36],
  865: [0xff38, 0xd8f0],
  2700: [0xffce],
  2705: [0xffff],
  2900: [10, 200, 2],
};

test('a battery that discharges 5 kW reads +5000, power bought reads positive, and phases add up', async () => {
  const shown = await readThrough(profile, { holding: HOLDING });
  const expected = {
    serial_number: 'c06195abcd12',
    consumption_l1: 400,
    grid_power_l1: -200,
    grid_power_l2: 300,
    grid_power_l3: -50,
    grid_power: 50,
    consumption: 1500,
    battery_voltage: 52.3,
    battery_current: 10,
    battery_power: 5000,
    soc: 71,
    battery_state: 2,
    time_to_go: 3600,
    grid_setpoint: -50,
    max_charge_current: -1,
    ess_state: 10,
    min_soc: 20,
    ess_mode: 2,
  };
  for (const [name, value] of Object.entries(expected)) assert.is(shown[name], value, name);
});

test('the serial number has the form of a portal id, or the device is another one', () => {
  const pattern = new RegExp(profile.identity.modelPattern);
  assert.ok(pattern.test('c06195abcd12'));
  for (const other of ['', 'HQ2132ABCDE', 'c06195abcd1', 'SUN2000-10KTL']) assert.not.ok(pattern.test(other), other);
});

test('a site can have it as an asset, and knows its battery power and charge', () => {
  const measured = measuredAsAsset('victron-gx');
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
