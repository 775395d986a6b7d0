/** A whole simulated site on real sockets: meter and BMS on ports of their own, swaps, foreign writes, the tap's file. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { codeOf } from '../../contracts/faults.ts';
import type { DevicePort } from '../../contracts/ports.ts';
import { openModbusTcp } from '../../io/modbus-tcp.ts';
import { createAsset, createBms, createMeter } from '../../simulator/asset.ts';
import type { ControlClient } from '../../simulator/control-client.ts';
import { connectControl } from '../../simulator/control-client.ts';
import type { Devices } from '../../simulator/devices.ts';
import { runSchedule, scheduleSchema } from '../../simulator/schedule.ts';
import type { Simulator, SimulatorOptions } from '../../simulator/simulate.ts';
import { startSimulator } from '../../simulator/simulate.ts';
import { systemClock, virtualClock } from '../../supervisor/clock.ts';

const test = suite('simulated site');
const folder = mkdtempSync(path.join(tmpdir(), 'bessd-simulated-'));
const SERIAL = 30_015;
let count = 0;

test('meter and BMS answer on ports of their own', async () => {
  const { simulator, open, close } = await site({ meterPort: 0, bmsPort: 0, assets: 2 });
  assert.equal([simulator.bms.length, simulator.bms[1]?.serialNumber], [2, 'B-HV2140012346']);
  const models = [];
  for (const port of [simulator.meter?.port, simulator.bms[0]?.port]) {
    const device = await open(port ?? 0);
    models.push((await device.read(40_070, 1))[0]);
  }
  assert.equal(models, [203, 802]);
  await close();
});

for (const [profile, register, words] of [
  ['sunspec-704', 40_070, [701]],
  ['sunspec-124', 40_070, [103]],
  ['sunspec-802', 40_070, [802]],
  ['fronius-gen24', 40_020, [0x4745]],
  ['huawei-sun2000-luna2000', 37_760, [500]],
] as const) {
  test(`the profile ${profile} chooses its device`, async () => {
    const { simulator, open, close } = await site({ profile });
    const device = await open(simulator.assets[0]?.port ?? 0);
    assert.equal(await device.read(register, 1), words);
    await close();
  });
}

test('inverters that swap places answer with the other serial number; the taps stay with the devices', async () => {
  const { simulator, control, open, close } = await site({ assets: 2 });
  const port = simulator.assets[0]?.port ?? 0;
  const before = await open(port);
  const [own] = [await before.read(SERIAL + 4, 2)];
  await control.request({ do: 'swap', assets: [0, 1] });
  assert.is(await codeFrom(before.read(SERIAL, 1)), 'CONNECTION_CLOSED');
  const after = await open(port);
  assert.not.equal(await after.read(SERIAL + 4, 2), own);
  await after.write(47_083, [7], 6);
  await control.request({ do: 'swap', assets: [0, 1], keepConnections: true });
  await after.write(47_083, [8], 6);
  const taps = [await control.tap(0, 0), await control.tap(0, 1)];
  assert.equal(
    taps.map(({ entries }) => entries.map(({ words }) => words[0])),
    [[8], [7]],
  );
  await close();
});

test('the control socket reaches each device, and says which it does not have', async () => {
  const { control, close } = await site({ meterPort: 0 });
  await control.request({ do: 'fault', device: 'meter', fault: { kind: 'silence' } });
  const meter = await control.request({ do: 'state', device: 'meter' });
  assert.equal([meter.state?.faults.length, (await control.state()).faults.length], [1, 0]);
  for (const wrong of [
    { do: 'clear', device: 'bms' },
    { do: 'clear', asset: 4 },
    { do: 'swap', assets: [0, 1] },
  ])
    assert.is(await codeFrom(control.request(wrong)), 'UNKNOWN_ASSET', JSON.stringify(wrong));
  await close();
});

test('somebody else writes over the control socket, and hears a refusal', async () => {
  const { control, close } = await site();
  assert.is((await control.request({ do: 'write', register: 47_086, words: [5] })).exception, undefined);
  assert.is((await control.request({ do: 'write', register: 1, words: [5] })).exception, 2);
  const { entries } = await control.tap();
  assert.equal(
    entries.map(({ register, origin, accepted }) => [register, origin, accepted]),
    [
      [47_086, 'intruder', true],
      [1, 'intruder', false],
    ],
  );
  assert.is((await control.state()).controls.workingMode, 5);
  await close();
});

test('the file of the tap has every write of every device, with a time that only grows', async () => {
  const tapFile = path.join(folder, 'tap.jsonl');
  const { simulator, open, close } = await site({ meterPort: 0, bmsPort: 0, tapFile });
  const inverter = await open(simulator.assets[0]?.port ?? 0);
  const bms = await open(simulator.bms[0]?.port ?? 0);
  await inverter.write(47_083, [2], 6);
  await bms.write(40_070 + 50, [2], 6);
  await inverter.write(47_249, [0, 5000], 16);
  await inverter.write(1, [1], 6).catch(() => undefined);
  const lines = readFileSync(tapFile, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.equal(
    lines.map(({ device, asset, register, accepted }) => [device, asset, register, accepted]),
    [
      ['inverter', 0, 47_083, true],
      ['bms', 0, 40_120, true],
      ['inverter', 0, 47_249, true],
      ['inverter', 0, 1, false],
    ],
  );
  const times = lines.map(({ monotonicMs }) => Number(monotonicMs));
  assert.equal(
    times,
    times.toSorted((a, b) => a - b),
  );
  await close();
});

test('a tap file that cannot be opened is a fault, and nothing stays open', async () => {
  const failing = startSimulator({ clock: systemClock, port: 0, tapFile: path.join(folder, 'none', 'tap.jsonl') });
  assert.is(await codeFrom(failing), 'FILE_UNREADABLE');
});

test('a fault file names devices, swaps, writes and restarts', async () => {
  const clock = virtualClock();
  const assets = [createAsset({ clock, face: 'sunspec-der' }), createAsset({ clock })];
  const swaps: unknown[] = [];
  const devices: Devices = {
    assets,
    bms: assets.map((asset) => createBms(asset)),
    meter: createMeter(assets),
    swap: (swap) => swaps.push(swap),
  };
  const schedule = scheduleSchema.parse([
    { atMs: 100, device: 'meter', fault: { kind: 'late' } },
    { atMs: 100, device: 'bms', asset: 1, fault: { kind: 'half' } },
    { atMs: 200, asset: 1, write: { register: 47_086, words: [5] } },
    { atMs: 300, asset: 0, set: { scaleFactors: { WSet_SF: 2 } }, reboot: { offlineMs: 500 } },
    { atMs: 400, swap: { assets: [0, 1] } },
  ]);
  runSchedule(schedule, devices, clock);
  await clock.advance(350);
  assert.equal(
    [devices.meter, ...(devices.bms ?? []), ...assets].map((device) => device?.faults.active().map(({ kind }) => kind)),
    [['late'], [], ['half'], ['refuse', 'silence'], []],
  );
  assert.is(assets[1]?.state().controls.workingMode, 5);
  await clock.advance(100);
  assert.equal(swaps, [{ assets: [0, 1], keepConnections: false }]);
});

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();

type Site = {
  readonly simulator: Simulator;
  readonly control: ControlClient;
  readonly open: (port: number) => Promise<DevicePort>;
  readonly close: () => Promise<void>;
};

async function site(options: Partial<SimulatorOptions> = {}): Promise<Site> {
  const socket = path.join(folder, `${(count += 1)}.sock`);
  const simulator = await startSimulator({ clock: systemClock, port: 0, control: socket, ...options });
  const control = await connectControl(socket);
  const ports: DevicePort[] = [];
  return {
    simulator,
    control,
    async open(port) {
      const address = { host: '127.0.0.1', port, unitId: 1, timeoutMs: 2000, requestGapMs: 0 };
      const opened = await openModbusTcp(systemClock)(address, new AbortController().signal);
      ports.push(opened);
      return opened;
    },
    async close() {
      for (const port of ports) port.drop('close');
      control.close();
      await simulator.stop();
    },
  };
}

function codeFrom(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'nothing failed',
    (error: unknown) => codeOf(error, 'MAILBOX_FULL'),
  );
}
