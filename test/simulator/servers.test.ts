/** The simulator's sockets: Modbus TCP by an independent client, the control socket, the fault schedule. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import modbus from 'modbus-serial';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { codeOf } from '../../contracts/faults.ts';
import { createAsset } from '../../simulator/asset.ts';
import type { ControlClient } from '../../simulator/control-client.ts';
import { connectControl } from '../../simulator/control-client.ts';
import { readSchedule, runSchedule } from '../../simulator/schedule.ts';
import type { Simulator, SimulatorOptions } from '../../simulator/simulate.ts';
import { startSimulator } from '../../simulator/simulate.ts';
import { systemClock, virtualClock } from '../../supervisor/clock.ts';

const test = suite('simulator servers');
const folder = mkdtempSync(path.join(tmpdir(), 'bessd-simulator-'));
let lastSocket = 0;

test('a Modbus client forces the battery and reads what it does', async () => {
  const { client, close } = await site({ settings: { actuatorMs: 0 } });
  await client.writeRegisters(47249, [0, 10_000]);
  await client.writeRegister(47083, 2);
  await client.writeRegister(47100, 2);
  await eventually(async () =>
    assert.equal((await client.readHoldingRegisters(37765, 2)).data, [0xffff, 0x1_0000 - 10_000]),
  );
  assert.equal((await client.readHoldingRegisters(37760, 1)).data, [500]);
  assert.is((await client.readHoldingRegisters(37100, 38)).data.length, 38);
  await close();
});

test('the client sees exceptions for unknown registers, values out of range and other units', async () => {
  const { client, close } = await site();
  assert.is(await exceptionOf(client.readHoldingRegisters(1, 1)), 2);
  assert.is(await exceptionOf(client.writeRegister(37760, 1)), 2);
  assert.is(await exceptionOf(client.writeRegisters(47075, [9, 0])), 3);
  assert.is(await exceptionOf(client.readHoldingRegisters(37760, 0)), 3);
  client.setID(9);
  assert.is(await exceptionOf(client.readHoldingRegisters(37760, 1)), 11);
  await close();
});

test('every asset has its own port, its own serial number and its own plant', async () => {
  const { simulator, control, close } = await site({ assets: 3 });
  assert.equal(
    simulator.assets.map(({ serialNumber }) => serialNumber),
    ['HV2140012345', 'HV2140012346', 'HV2140012347'],
  );
  assert.is(new Set(simulator.assets.map(({ port }) => port)).size, 3);
  await control.set({ socPct: 20 }, 1);
  assert.equal([(await control.state(0)).socPct, (await control.state(1)).socPct], [50, 20]);
  await control.set({ loadW: 700 });
  assert.equal([(await control.state(0)).loadW, (await control.state(2)).loadW], [700, 700]);
  await close();
});

test('the control socket shows the tap and the power register', async () => {
  const { client, control, close } = await site({ settings: { actuatorMs: 0 } });
  await client.writeRegisters(47247, [0, 8000]);
  await client.writeRegister(47083, 2);
  await client.writeRegister(47100, 1);
  await eventually(async () => assert.is((await control.state()).batteryPowerRegisterW, 8000));
  const { entries, next } = await control.tap(1);
  assert.equal(
    entries.map(({ register, words, functionCode, accepted }) => [register, words, functionCode, accepted]),
    [
      [47083, [2], 6, true],
      [47100, [1], 6, true],
    ],
  );
  assert.is(next, 3);
  assert.is((await control.state()).forced, true);
  await client.readHoldingRegisters(37760, 1);
  const reads = await control.reads();
  assert.equal([reads.at(-1)?.register, reads.at(-1)?.n], [37760, reads.length - 1]);
  await control.reboot();
  assert.is((await control.state()).forced, false);
  await close();
});

test('requests that are wrong are refused by name and change nothing', async () => {
  const { control, close } = await site();
  for (const wrong of [
    { do: 'dance' },
    { do: 'set', plant: { socPct: 300 } },
    { do: 'set', plant: { soc: 3 } },
    { do: 'fault', fault: { kind: 'hang' } },
  ]) {
    assert.is(await codeFrom(control.request(wrong)), 'BAD_REQUEST', JSON.stringify(wrong));
  }
  assert.is(await codeFrom(control.state(7)), 'UNKNOWN_ASSET');
  assert.is((await control.state()).socPct, 50);
  await close();
});

test('a line that is not JSON is answered, and the next one is heard', async () => {
  const { simulator, close } = await site();
  const lines = await talk(simulator.control ?? '', 'hello\n{"id":"x","do":"clear"}\n', 2);
  assert.is(lines[0]?.['code'], 'BAD_REQUEST');
  assert.equal(lines[1], { id: 'x', ok: true });
  await close();
});

test('only the owner may use the control socket', async () => {
  const { simulator, close } = await site();
  assert.is(statSync(simulator.control ?? '').mode & 0o777, 0o600);
  await close();
});

test('a control socket in use is not taken away, a dead one is replaced', async () => {
  const { simulator, close } = await site();
  const second = startSimulator({ clock: systemClock, port: 0, control: simulator.control ?? '' });
  assert.is(await codeFrom(second), 'CONNECT_FAILED');
  await close();
  const again = await startSimulator({ clock: systemClock, port: 0, control: simulator.control ?? '' });
  await again.stop();
});

test('an address in use is a fault, and what had started is stopped again', async () => {
  const port = await twoFreePorts();
  const second = await startSimulator({ clock: systemClock, port: port + 1 });
  const both = await codeFrom(startSimulator({ clock: systemClock, port, assets: 2 }));
  const first = await codeFrom(startSimulator({ clock: systemClock, port }).then((simulator) => simulator.stop()));
  await second.stop();
  assert.equal([both, first], ['CONNECT_FAILED', 'nothing failed']);
});

test('a hanging read is answered late, silence not at all, and clear ends both', async () => {
  const { client, control, close } = await site();
  await control.fault({ kind: 'hang', ms: 150 });
  const started = performance.now();
  await client.readHoldingRegisters(37760, 1);
  assert.ok(performance.now() - started >= 140);
  client.setTimeout(100);
  await control.fault({ kind: 'silence' });
  assert.is(
    await client.readHoldingRegisters(37760, 1).then(
      () => 'answered',
      () => 'silent',
    ),
    'silent',
  );
  await control.clear();
  assert.equal((await client.readHoldingRegisters(37760, 1)).data, [500]);
  await close();
});

test('a reset ends open connections and a refusal keeps new ones out for a while', async () => {
  const { client, control, simulator, close } = await site();
  const { port = 0 } = simulator.assets[0] ?? {};
  await control.fault({ kind: 'refuse', forMs: 200 });
  await control.fault({ kind: 'reset' });
  await eventually(async () => assert.is(client.isOpen, false));
  await eventually(async () => assert.is(await reach(port), 'ECONNREFUSED'));
  await eventually(async () => assert.is(await reach(port), 'connected'));
  await close();
});

test('with a single client the older connection goes', async () => {
  const { client, simulator, close } = await site({ singleClient: true });
  const { port = 0 } = simulator.assets[0] ?? {};
  assert.is(await reach(port), 'connected');
  await eventually(async () => assert.is(client.isOpen, false));
  await close();
});

test('a fault file happens at its times', async () => {
  const file = path.join(folder, 'faults.json');
  writeFileSync(
    file,
    JSON.stringify([
      { atMs: 1000, set: { socPct: 9 } },
      { atMs: 2000, asset: 1, fault: { kind: 'exception', code: 6 } },
      { atMs: 3000, clear: true, reboot: {} },
    ]),
  );
  const clock = virtualClock();
  const assets = [createAsset({ clock }), createAsset({ clock })] as const;
  const cancel = runSchedule(await readSchedule(file), { assets }, clock);
  await clock.advance(1500);
  assert.equal(
    assets.map((asset) => asset.state().socPct),
    [9, 9],
  );
  await clock.advance(1000);
  assert.equal(
    assets.map(({ faults }) => faults.active().length),
    [0, 1],
  );
  cancel();
  await clock.advance(1000);
  assert.equal(
    assets.map(({ faults }) => faults.active().length),
    [0, 1],
  );
});

test('a fault file that is wrong is refused by path', async () => {
  const file = path.join(folder, 'wrong.json');
  for (const content of ['{', '[{"atMs":1}]', '[{"atMs":-1,"clear":true}]', '[{"atMs":1,"fault":{"kind":"x"}}]']) {
    writeFileSync(file, content);
    assert.is(await codeFrom(readSchedule(file)), 'CONFIG_INVALID', content);
  }
  assert.is(await codeFrom(readSchedule(path.join(folder, 'missing.json'))), 'FILE_UNREADABLE');
});

test('an unknown profile is refused with what was given and what is expected', async () => {
  const error = await startSimulator({ clock: systemClock, port: 0, profile: 'acme' }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.is(codeOf(error, 'BAD_REQUEST'), 'CONFIG_INVALID');
  assert.match((error as Error).message, /--profile: got "acme", expected: one of huawei-sun2000-luna2000/);
});

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();

type Site = {
  readonly simulator: Simulator;
  readonly client: InstanceType<typeof modbus.default>;
  readonly control: ControlClient;
  readonly close: () => Promise<void>;
};

async function site(options: Partial<SimulatorOptions> = {}): Promise<Site> {
  const socket = path.join(folder, `${(lastSocket += 1)}.sock`);
  const simulator = await startSimulator({ clock: systemClock, port: 0, control: socket, ...options });
  const client = new modbus.default();
  client.setTimeout(2000);
  await client.connectTCP('127.0.0.1', { port: simulator.assets[0]?.port ?? 0 });
  client.setID(1);
  // A connection that a test has the device reset is no error of the test.
  client.on('error', () => undefined);
  const control = await connectControl(socket);
  const close = async (): Promise<void> => {
    client.close(() => undefined);
    control.close();
    await simulator.stop();
  };
  return { simulator, client, control, close };
}

async function exceptionOf(promise: Promise<unknown>): Promise<number | undefined> {
  return promise.then(
    () => undefined,
    (error: { modbusCode?: number }) => error.modbusCode,
  );
}

async function codeFrom(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'nothing failed',
    (error: unknown) => codeOf(error, 'MAILBOX_FULL'),
  );
}

/** Tries until it holds; real sockets have no clock to advance. */
async function eventually(holds: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + 3000;
  for (;;) {
    try {
      await holds();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** The first of two neighbours of which nobody has either. */
async function twoFreePorts(): Promise<number> {
  for (;;) {
    const free = await startSimulator({ clock: systemClock, port: 0 });
    const port = free.assets[0]?.port ?? 0;
    await free.stop();
    if (port < 65_535 && (await reach(port + 1)) === 'ECONNREFUSED') return port;
  }
}

function reach(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve('connected');
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'failed'));
  });
}

function talk(socketPath: string, text: string, answers: number): Promise<Record<string, unknown>[]> {
  return new Promise((resolve) => {
    let heard = '';
    const socket = connect({ path: socketPath }, () => socket.write(text));
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      heard += chunk;
      const lines = heard.split('\n').slice(0, -1);
      if (lines.length < answers) return;
      socket.destroy();
      resolve(lines.map((line) => JSON.parse(line) as Record<string, unknown>));
    });
  });
}
