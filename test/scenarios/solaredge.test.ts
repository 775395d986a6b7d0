/** A SolarEdge inverter as registers in memory: SunSpec to read, its own registers with the low word first to command. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readFileSync } from 'node:fs';
import type { Reply } from '../../contracts/commands.ts';
import { Fault } from '../../contracts/faults.ts';
import { limitsSchema } from '../../contracts/limits.ts';
import { siteSchema } from '../../contracts/site-config.ts';
import { loadProfile } from '../../io/site-file.ts';
import { startSite } from '../../site.ts';
import type { Site } from '../../site.ts';
import { virtualClock } from '../../supervisor/clock.ts';
import type { VirtualClock } from '../../supervisor/clock.ts';
import lfp from '../../profiles/limits/lfp.json' with { type: 'json' };
import { memoryDisk } from './virtual-site.ts';

const test = suite('SolarEdge StorEdge');

const CONTROL_MODE = 0xe004;
const DEFAULT_MODE = 0xe00a;
const TIMEOUT = 0xe00b;
const COMMAND_MODE = 0xe00d;
const CHARGE_LIMIT = 0xe00e;
const BATTERY_POWER = 57_716;
const [TIME_OF_USE, REMOTE] = [2, 4];

test('a device in another mode than remote is not forced: released, it is left alone', async () => {
  const { site, writes } = await inverter();
  assert.is(site.status().assets[0]?.connection, 'online');
  assert.is(site.status().assets[0]?.soc_pct, 50);
  assert.equal(writes, []);
});

test('a discharge is written parameters first and command last, wide values low word first', async () => {
  const device = await inverter();
  await dispatch(device, 3000);
  assert.equal(device.writes.slice(0, 5), [
    [DEFAULT_MODE, [0]],
    [CONTROL_MODE, [REMOTE]],
    [TIMEOUT, [60, 0]],
    [CHARGE_LIMIT, [0, 0, ...float(3000)]],
    [COMMAND_MODE, [4]],
  ]);
  await device.clock.advance(21_000);
  assert.equal(
    device.writes.slice(5).map(([register]) => register),
    [TIMEOUT, CHARGE_LIMIT, COMMAND_MODE],
    'armed again, and persistent modes are not written again',
  );
});

test('charging is a command of its own', async () => {
  const device = await inverter();
  await dispatch(device, -2500);
  assert.equal(device.writes.slice(-2), [
    [CHARGE_LIMIT, [...float(2500), 0, 0]],
    [COMMAND_MODE, [3]],
  ]);
});

test('power that the battery does not allow now is not written', async () => {
  const device = await inverter();
  device.set(57_670, float(1200));
  await device.clock.advance(2000);
  const reply = await dispatch(device, 3000);
  assert.ok(reply.ok);
  assert.equal(device.writes.find(([register]) => register === CHARGE_LIMIT)?.[1], [0, 0, ...float(1200)]);
});

test('after an order the modes that were there before are put back', async () => {
  const device = await inverter();
  device.set(BATTERY_POWER, float(-3000));
  await dispatch(device, 3000, 10);
  device.set(BATTERY_POWER, float(0));
  await device.clock.advance(15_000);
  assert.equal(device.writes.slice(-2), [
    [DEFAULT_MODE, [7]],
    [CONTROL_MODE, [TIME_OF_USE]],
  ]);
});

test('an E-stop writes both limits to zero in one request, then the mode off', async () => {
  const device = await inverter();
  await dispatch(device, 3000);
  const mark = device.writes.length;
  const reply = await ask(device, { name: 'estop', body: { reason: 'test', issuer: 'test' } });
  assert.ok(reply.ok);
  assert.equal(device.writes.slice(mark, mark + 4), [
    [CHARGE_LIMIT, [0, 0, 0, 0]],
    [COMMAND_MODE, [0]],
    [DEFAULT_MODE, [0]],
    [CONTROL_MODE, [REMOTE]],
  ]);
});

test.run();

type Device = {
  readonly site: Site;
  readonly clock: VirtualClock;
  readonly writes: [register: number, words: readonly number[]][];
  readonly set: (register: number, words: readonly number[]) => void;
};

/** The image of the row test, at rest and in good condition. */
async function inverter(): Promise<Device> {
  const file = new URL('../profiles/rows/solaredge-storedge.json', import.meta.url);
  const { registers } = JSON.parse(readFileSync(file, 'utf8')) as { registers: Record<string, number[]> };
  const words = new Map(
    Object.entries(registers).flatMap(([start, run]) => run.map((word, at) => [Number(start) + at, word] as const)),
  );
  const set = (register: number, values: readonly number[]): void =>
    values.forEach((word, at) => words.set(register + at, word));
  for (const [register, value] of [
    [57_668, 5000],
    [57_670, 5000],
    [57_708, 25],
    [57_710, 26],
    [57_712, 400],
    [57_714, 0],
    [BATTERY_POWER, 0],
    [57_732, 50],
  ] as const)
    set(register, float(value));
  // Model 103 behind model 1: state, phase voltages and frequency, with scale factors that make 230 V and 50 Hz.
  const inverterModel = 40_002 + 2 + (words.get(40_003) ?? 0);
  set(inverterModel + 38, [4]);
  set(inverterModel + 10, [2300, 2301, 2302, 0xffff]);
  set(inverterModel + 16, [500, 0xffff]);
  set(CONTROL_MODE, [TIME_OF_USE]);
  set(DEFAULT_MODE, [7]);
  const writes: Device['writes'] = [];
  const clock = virtualClock();
  const profile = loadProfile('solaredge-storedge', '.', 'test');
  const asset = {
    id: 'bess-1',
    profile: profile.name,
    modbus: { host: '127.0.0.1' },
    capacityWh: 10_000,
    maxChargePowerW: 5000,
    maxDischargePowerW: 5000,
    unprovenDeadmanMaxW: 5000,
  };
  const site = startSite({
    loaded: {
      site: siteSchema.parse({ site: { id: 'S' }, assets: [asset] }),
      profiles: new Map([['bess-1', { ...profile, identity: { ...profile.identity, modelPattern: '' } }]]),
      limits: limitsSchema.parse(lfp),
      limitsHash: 'test',
      dataDir: '/nowhere',
      source: 'test',
    },
    clock,
    openDevice: () =>
      Promise.resolve({
        read: (register, count) => {
          const found = Array.from({ length: count }, (_, at) => words.get(register + at));
          return found.every((word) => word !== undefined)
            ? Promise.resolve(found)
            : Promise.reject(new Fault('DEVICE_EXCEPTION', '', { details: { exception: 2 } }));
        },
        write: (register, values) => {
          writes.push([register, values]);
          set(register, values);
          return Promise.resolve();
        },
        drop: () => undefined,
      }),
    openFile: memoryDisk().open,
    report: () => undefined,
  });
  await clock.advance(4000);
  return { site, clock, writes, set };
}

async function ask({ site, clock }: Device, command: Parameters<Site['command']>[0]['command']): Promise<Reply> {
  const answers: Reply[] = [];
  site.command({ type: 'COMMAND', id: 1, origin: 'nats', command }, (reply) => answers.push(reply));
  for (let waited = 0; answers.length === 0 && waited < 5000; waited += 50) await clock.advance(50);
  const [answer] = answers;
  if (!answer) throw new Error('no answer');
  return answer;
}

function dispatch(device: Device, w: number, durationS = 600): Promise<Reply> {
  return ask(device, {
    name: 'dispatch',
    body: { id: `order${w}`, asset_id: 'bess-1', w, duration_s: durationS, issuer: 'test', reference: 'battery' },
  });
}

/** Low word first. */
function float(value: number): readonly number[] {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatBE(value);
  return [bytes.readUInt16BE(2), bytes.readUInt16BE(0)];
}
