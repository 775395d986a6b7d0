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
import { EXPECTED } from './huawei-expected.ts';

const file = new URL('../../profiles/huawei-sun2000-luna2000.json', import.meta.url);
const profile = boundAsWritten(parseOrThrow(profileSchema, JSON.parse(readFileSync(file, 'utf8')), 'huawei'));
const MINUTE_MS = 60_000;
const test = suite('Huawei profile, value by value');

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
  const words = asset.device.read(point.register, registersOf(point), point.unitId ?? 1);
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
