/**
 * The Huawei profile against an independent device: what the profile says must be what the simulated device shows.
 *
 * Decodes with a few lines of its own, so that a mistake in bessd's decoder cannot hide one in the profile.
 */
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse, parseOrThrow } from '../../contracts/parse.ts';
import type { Control, Measurand, Point, SequenceName, StepValue } from '../../contracts/profile.ts';
import { INVERTER_STATES, profileSchema, registersOf } from '../../contracts/profile.ts';
import { pollRounds } from '../../machines/device/poll-rounds.ts';
import { installedPoints } from '../../machines/device/read-plan.ts';
import { boundAsWritten } from '../../machines/sunspec/bind.ts';
import type { SimulatedAsset } from '../../simulator/asset.ts';
import { createAsset } from '../../simulator/asset.ts';
import type { VirtualClock } from '../../supervisor/clock.ts';
import { virtualClock } from '../../supervisor/clock.ts';

const raw = JSON.parse(
  readFileSync(new URL('../../profiles/huawei-sun2000-luna2000.json', import.meta.url), 'utf8'),
) as Record<string, unknown>;
const profile = boundAsWritten(parseOrThrow(profileSchema, raw, 'huawei'));
const test = suite('Huawei profile');

test('discharging at 10 kW reads +10000', async () => {
  const { asset, clock } = site();
  carryOut(asset, 'discharge', 10_000);
  await clock.advance(2000);
  assert.is(value(asset, 'batteryPowerW'), 10_000);
  assert.is(value(asset, 'acPowerW'), 9600);
  assert.ok(value(asset, 'currentA') > 0);
});

test('charging at 10 kW reads -10000', async () => {
  const { asset, clock } = site();
  carryOut(asset, 'charge', 10_000);
  await clock.advance(2000);
  assert.is(value(asset, 'batteryPowerW'), -10_000);
  assert.ok(value(asset, 'acPowerW') < -10_000);
  assert.ok(value(asset, 'currentA') < 0);
});

test('power bought from the grid reads positive, power sold negative', async () => {
  const { asset, clock } = site();
  carryOut(asset, 'hold', 0);
  asset.set({ loadW: 3000 });
  await clock.advance(1000);
  assert.is(value(asset, 'gridPowerW'), 3000);
  asset.set({ loadW: 0, pvW: 5000 });
  await clock.advance(1000);
  assert.is(value(asset, 'gridPowerW'), -4800);
  assert.is(value(asset, 'pvPowerW'), 5000);
});

test('every point can be read from the device, and in the blocks that the profile declares', () => {
  const { asset } = site();
  for (const [name, point] of Object.entries(profile.points)) {
    if (point.group === 'never') continue;
    assert.ok(Array.isArray(asset.device.read(point.register, registersOf(point), point.unitId ?? 1)), name);
  }
  for (const { register, count } of profile.transport.blocks)
    assert.ok(Array.isArray(asset.device.read(register, count, 1)), `${register}+${count}`);
});

test('a poll takes 13 requests with one pack and 17 with all six and an SDongle, each inside registers that the device knows', () => {
  const { asset } = site();
  const most = (parts?: readonly string[]): number => {
    const { first, rounds } = pollRounds(profile, installedPoints(profile, parts));
    for (const { register, count, unitId = 1 } of [...first, ...rounds.flat()])
      assert.ok(Array.isArray(asset.device.read(register, count, unitId)), `${register}+${count}`);
    return Math.max(...rounds.map((blocks) => blocks.length));
  };
  assert.is(most(), 13);
  assert.is(most(profile.parts?.all), 17);
});

test('a point of another unit may be shown, and neither judged, nor written, nor taken for the identity', () => {
  const complaints = (name: string, more: Record<string, unknown>): readonly string[] => {
    const points = raw['points'] as Record<string, object>;
    const row = { ...points[name], unitId: 100, ...more };
    const judged = profileSchema.safeParse({ ...raw, points: { ...points, [name]: row } });
    return judged.error?.issues.map(({ path: place }) => place.join('.')) ?? [];
  };
  assert.equal(complaints('plant_pv_power', {}), []);
  assert.equal(complaints('plant_pv_power', { measures: 'loadPowerW' }), ['points.plant_pv_power.unitId']);
  assert.equal(complaints('forcible_command', {}), ['points.forcible_command.unitId']);
  assert.equal(complaints('serial_number', {}), ['identity.serial']);
});

test('model, serial number and firmware are what the device was given', () => {
  const { asset } = site();
  const { settings } = asset.state();
  assert.is(textOf(asset, profile.identity.model), settings.modelName);
  assert.ok(new RegExp(profile.identity.modelPattern).test(settings.modelName));
  assert.is(textOf(asset, profile.identity.serial), settings.serialNumber);
  assert.is(textOf(asset, profile.identity.firmware), settings.firmwareVersion);
});

test('hold stops both directions although load and sun ask for power', async () => {
  const { asset, clock } = site();
  carryOut(asset, 'discharge', 10_000);
  asset.set({ loadW: 20_000 });
  await clock.advance(1000);
  carryOut(asset, 'hold', 0);
  await clock.advance(1000);
  assert.is(value(asset, 'batteryPowerW'), 0);
  asset.set({ loadW: 0, pvW: 20_000 });
  await clock.advance(1000);
  assert.is(value(asset, 'batteryPowerW'), 0);
});

test('estop leaves nothing forced, and shuts the inverter down only where that is allowed', async () => {
  const { asset, clock } = site();
  carryOut(asset, 'discharge', 10_000);
  await clock.advance(1000);
  carryOut(asset, 'estop', 0);
  await clock.advance(1000);
  const { controls, batteryW } = asset.state();
  assert.is(batteryW, 0);
  assert.equal(
    [controls.command, controls.forcedChargeW, controls.forcedDischargeW, controls.on],
    ['none', 0, 0, true],
  );
  carryOut(asset, 'estop', 0, true);
  assert.is(asset.state().controls.on, false);
});

test('release hands the battery back to the working mode with its limits', async () => {
  const { asset, clock } = site();
  carryOut(asset, 'hold', 0);
  asset.set({ loadW: 9600 });
  await clock.advance(1000);
  carryOut(asset, 'release', 0);
  await clock.advance(1000);
  assert.is(value(asset, 'batteryPowerW'), 10_000);
  assert.is(asset.state().controls.limitDischargeW, 100_000);
});

test('the sequences are written parameters first, limit next, trigger last', () => {
  assert.equal(order('discharge'), [
    ['forcible_discharge_power'],
    ['forcible_period'],
    ['forcible_mode'],
    ['limit_discharge_power'],
    ['forcible_command'],
  ]);
  assert.equal(order('charge'), [
    ['forcible_charge_power'],
    ['forcible_period'],
    ['forcible_mode'],
    ['limit_charge_power'],
    ['forcible_command'],
  ]);
  assert.equal(order('hold'), [['limit_charge_power', 'limit_discharge_power'], ['forcible_command']]);
  assert.equal(order('estop'), [
    ['limit_charge_power', 'limit_discharge_power'],
    ['forcible_command'],
    ['forcible_charge_power', 'forcible_discharge_power'],
    ['inverter_shutdown'],
  ]);
  assert.is(order('release').at(-1)?.join(), 'limit_charge_power,limit_discharge_power');
  for (const name of ['charge', 'discharge', 'hold', 'release', 'estop'] as const) {
    assert.equal(
      sequence(name)
        .filter(({ trigger }) => trigger)
        .map(({ set }) => Object.keys(set)),
      [['forcible_command']],
      name,
    );
  }
});

test('all 48 alarm bits have a name of their own, and faults of battery, insulation and ground stop', () => {
  const bits = ['alarm_1', 'alarm_2', 'alarm_3'].flatMap((name) => Object.values(profile.points[name]?.bits ?? {}));
  assert.is(bits.length, 48);
  assert.is(new Set(bits.map(({ name }) => name)).size, 48);
  const stopping = bits.filter(({ effect }) => effect === 'stop');
  for (const name of [
    'dc_arc',
    'insulation_resistance_low',
    'grounding_abnormal',
    'battery_abnormal',
    'battery_reversed',
    'device_fault',
  ]) {
    assert.ok(
      stopping.some((bit) => bit.name === name),
      name,
    );
  }
  assert.ok(stopping.every(({ severity }) => severity === 'P1'));
  for (const name of ['alarm_1', 'alarm_2', 'alarm_3']) assert.equal(profile.points[name]?.invalid, []);
});

test('the severity of every alarm bit follows the grade that the maker gives it, except for those that stop', () => {
  const grades = {
    alarm_1: 'Ma Ma Ma W W Ma Ma Ma Ma Ma Ma Ma Ma Ma Ma Ma',
    alarm_2: 'Ma Ma Ma Mi Ma Mi W Mi Ma Mi Ma Ma Ma W Ma Ma',
    alarm_3: 'W Mi Ma Ma Ma Ma W Ma Ma Mi Ma Ma Ma Ma Mi W',
  };
  const severities: Readonly<Record<string, string>> = { Ma: 'P2', Mi: 'P3', W: 'P4' };
  for (const [name, line] of Object.entries(grades)) {
    const { bits = {} } = profile.points[name] ?? {};
    for (const [bit, grade] of line.split(' ').entries()) {
      const { severity, effect, name: alarm } = bits[String(bit)] ?? {};
      assert.is(severity, effect === 'stop' ? 'P1' : severities[grade], `${name} bit ${bit} (${alarm})`);
    }
  }
});

test('0x0200 is running: every device status has one of the known states', () => {
  const { values = {} } = profile.points['device_status'] ?? {};
  const listed =
    '0 1 2 3 100 200 201 202 203 300 301 302 303 304 305 306 307 308 30c 401 402 403 404 405 500 501 600 700 800 900 a00 a000';
  const known = listed.split(' ').map((hex) => String(Number.parseInt(hex, 16)));
  assert.equal(Object.keys(values).toSorted(), known.toSorted());
  assert.is(values[String(0x0200)], 'running');
  assert.is(values[String(0x0300)], 'fault');
  assert.is(values[String(0xa000)], 'standby');
  const states = Object.values(values).map((state) => state.replace(/_off_grid$/, ''));
  for (const state of states) assert.ok((INVERTER_STATES as readonly string[]).includes(state), state);
  const offGrid = Object.keys(values).filter((raw) => values[raw]?.endsWith('_off_grid'));
  assert.equal(offGrid, [String(0x0203), String(0x0a00)]);
});

test('what the register map lacks is declared, and nothing is both declared and measured', () => {
  const measured = new Set(Object.values(profile.points).map(({ measures }) => measures));
  for (const name of profile.cannot) assert.not.ok(measured.has(name), name);
  for (const name of [
    'cellVoltageMaxV',
    'cellVoltageMinV',
    'cellSpreadMv',
    'sohPct',
    'contactorOpen',
    'localControl',
  ] as const) {
    assert.ok(profile.cannot.includes(name), name);
  }
});

test('a power without its sign does not pass', () => {
  const points = { ...(raw['points'] as Record<string, Record<string, unknown>>) };
  const { positive: _positive, ...unsigned } = points['battery_power'] ?? {};
  const parsed = parse(profileSchema, { ...raw, points: { ...points, battery_power: unsigned } });
  assert.is(parsed.ok, false);
  if (!parsed.ok)
    assert.equal(
      parsed.problems.map(({ path }) => path),
      ['points.battery_power.positive'],
    );
});

test.run();

function site(): { asset: SimulatedAsset; clock: VirtualClock } {
  const clock = virtualClock();
  return { asset: createAsset({ clock }), clock };
}

function order(name: SequenceName): string[][] {
  return sequence(name).map(({ set }) => Object.keys(set));
}

function sequence(name: SequenceName): Control['sequences']['hold'] {
  const steps = profile.control?.sequences[name];
  if (!steps) throw new Error(`the profile has no sequence ${name}`);
  return steps;
}

/** Writes a sequence as a driver would; `restored` and `original` are the 100 kW that the device started with. */
function carryOut(asset: SimulatedAsset, name: SequenceName, magnitudeW: number, allowShutdown = false): void {
  for (const step of sequence(name)) {
    if (step.requires && !allowShutdown) continue;
    const points = Object.entries(step.set).map(
      ([point, given]) => [pointOf(point), number(given, magnitudeW)] as const,
    );
    const words = points.flatMap(([point, wanted]) =>
      registersOf(point) === 2 ? [Math.floor(wanted / 65_536), wanted % 65_536] : [wanted],
    );
    const [[first] = []] = points;
    if (!first?.writable) throw new Error('a step without a writable point');
    assert.is(
      asset.device.write(first.register, words, first.writable.functionCode, 1),
      undefined,
      `${name} ${JSON.stringify(step.set)}`,
    );
  }
}

function number(given: StepValue, magnitudeW: number): number {
  if (typeof given === 'number') return given;
  return given === 'magnitude' ? magnitudeW : 100_000;
}

function pointOf(name: string): Point {
  const point = profile.points[name];
  if (!point) throw new Error(`no point ${name}`);
  return point;
}

/** The first point of a measurand, with bessd's sign. */
function value(asset: SimulatedAsset, measurand: Measurand): number {
  const point = Object.values(profile.points).find(({ measures }) => measures === measurand);
  if (!point) throw new Error(`nothing measures ${measurand}`);
  const words = Buffer.from(wordsOf(asset, point).flatMap((word) => [word >> 8, word & 255]));
  const number = {
    i16: () => words.readInt16BE(),
    u16: () => words.readUInt16BE(),
    i32: () => words.readInt32BE(),
    u32: () => words.readUInt32BE(),
  }[point.type as 'i16']();
  const sign = point.positive === 'charge' || point.positive === 'export' ? -1 : 1;
  return (number / point.gain) * sign + 0;
}

function textOf(asset: SimulatedAsset, name: string): string {
  return Buffer.from(wordsOf(asset, pointOf(name)).flatMap((word) => [word >> 8, word & 255]))
    .toString('latin1')
    .replace(/\0+$/, '');
}

function wordsOf(asset: SimulatedAsset, point: Point): readonly number[] {
  const words = asset.device.read(point.register, registersOf(point), 1);
  if ('exception' in words) throw new Error(`exception ${words.exception} at ${point.register}`);
  return words;
}
