/**
 * Starts a simulated site: K assets, each behind its own Modbus TCP port, a meter and BMSs where they are wanted as devices
 * of their own, the control socket and the file of the tap.
 *
 * The composition root of the simulator, used by `bessd simulate`, the demo and tests of real sockets. The clock is
 * injected; what was started is stopped in reverse order, also when the start fails half-way.
 */
import type { Clock } from '../contracts/clock.ts';
import { invalid } from '../contracts/parse.ts';
import type { SimulatedAsset } from './asset.ts';
import { createAsset, createBms, createMeter } from './asset.ts';
import { startControl } from './control.ts';
import { DEVICE_OF_PROFILE } from './faces.ts';
import type { Devices, Swap } from './devices.ts';
import { startModbusServer } from './modbus-server.ts';
import type { ModbusServer } from './modbus-server.ts';
import type { Controls } from './plant-control.ts';
import type { Actuator, PlantSettings } from './plant-settings.ts';
import { ACTUATORS } from './plant-settings.ts';
import { randomShare } from './random.ts';
import type { Schedule } from './schedule.ts';
import { runSchedule } from './schedule.ts';
import { writeTap } from './tap-file.ts';

export type SimulatorOptions = {
  readonly clock: Clock;
  readonly profile?: string;
  readonly host?: string;
  /** Port of the first asset, the next ones follow; 0 takes free ones. */
  readonly port: number;
  readonly assets?: number;
  /** Port of a meter for the whole site; 0 takes a free one. */
  readonly meterPort?: number;
  /** Port of the first asset's BMS, the next ones follow; 0 takes free ones. */
  readonly bmsPort?: number;
  /** File to which every register write is appended, one JSON object a line. */
  readonly tapFile?: string;
  /** Path of the control socket, or a loopback port number as text. */
  readonly control?: string;
  readonly schedule?: Schedule;
  readonly socPct?: number;
  readonly loadW?: number;
  readonly pvW?: number;
  readonly actuator?: Actuator;
  readonly singleClient?: boolean;
  readonly unitIds?: readonly number[];
  /** Over everything above; the serial number is counted up from asset to asset. */
  readonly settings?: Partial<PlantSettings>;
  readonly controls?: Partial<Controls>;
  /** Of everything by chance; spreads the assets' state of charge by up to 5 % around `socPct`, the same way for the same seed. */
  readonly seed?: number;
};

export type RunningDevice = { readonly host: string; readonly port: number; readonly serialNumber: string };
export type RunningAsset = {
  readonly asset: SimulatedAsset;
  readonly host: string;
  readonly port: number;
  readonly serialNumber: string;
};
export type Simulator = {
  readonly assets: readonly RunningAsset[];
  readonly bms: readonly RunningDevice[];
  readonly meter: RunningDevice | undefined;
  /** Address of the control socket. */
  readonly control: string | undefined;
  readonly stop: () => Promise<void>;
};

const FIRST_SERIAL = 'HV2140012345';
const SOC_SPREAD_PCT = 5;

/** Throws CONFIG_INVALID for an unknown profile, CONNECT_FAILED for an address in use, FILE_UNREADABLE for the tap's file. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { clock, host = '127.0.0.1', port, assets: count = 1, singleClient = false, seed = 0 } = options;
  const assets = Array.from({ length: count }, (_, at) => assetOf(options, at));
  const bms = options.bmsPort === undefined ? [] : assets.map((asset, at) => createBms(asset, seed + count + at));
  const meter = options.meterPort === undefined ? undefined : createMeter(assets, seed + 2 * count);
  await using started = new AsyncDisposableStack();

  const servers = await served(assets, port);
  const bmsServers = await served(bms, options.bmsPort ?? 0);
  const [meterServer] = await served(meter ? [meter] : [], options.meterPort ?? 0);
  const swap = ({ assets: [one, other], keepConnections }: Swap): void =>
    exchange(servers, one, other, keepConnections);
  const devices: Devices = { assets, bms, swap, ...(meter ? { meter } : {}) };
  if (options.tapFile !== undefined) started.defer(writeTap(options.tapFile, devices));
  const control = options.control === undefined ? undefined : await startControl(options.control, devices);
  if (control) started.defer(() => control.stop());
  if (options.schedule) started.defer(runSchedule(options.schedule, devices, clock));

  const serialOf = (at: number): string => assets[at]?.plant.settings.serialNumber ?? '';
  const running = started.move();
  return {
    assets: servers.map((server, at) => ({ ...placeOf(server, serialOf(at)), asset: server.asset() })),
    bms: bmsServers.map((server, at) => placeOf(server, `B-${serialOf(at)}`)),
    meter: meterServer && placeOf(meterServer, `M-${serialOf(0)}`),
    control: control?.path,
    stop: () => running.disposeAsync(),
  };

  async function served(list: readonly SimulatedAsset[], first: number): Promise<ModbusServer[]> {
    const all: ModbusServer[] = [];
    for (const [at, asset] of list.entries()) {
      const server = await startModbusServer({ asset, host, port: first === 0 ? 0 : first + at, singleClient });
      started.defer(() => server.stop());
      all.push(server);
    }
    return all;
  }
}

function placeOf({ host, port }: ModbusServer, serialNumber: string): RunningDevice {
  return { host, port, serialNumber };
}

function exchange(servers: readonly ModbusServer[], one: number, other: number, keepConnections: boolean): void {
  const [a, b] = [servers[one], servers[other]];
  if (!a || !b) return;
  const [fromA, fromB] = [a.asset(), b.asset()];
  a.plug(fromB, { keepConnections });
  b.plug(fromA, { keepConnections });
}

/** Throws CONFIG_INVALID unless there is a simulated device for that profile. */
export function requireProfile(profile: string): (typeof DEVICE_OF_PROFILE)[string] {
  const device = DEVICE_OF_PROFILE[profile];
  if (device) return device;
  const expected = `one of ${Object.keys(DEVICE_OF_PROFILE).join(', ')}`;
  throw invalid('bessd simulate', [{ path: '--profile', value: profile, expected }]);
}

function assetOf(options: SimulatorOptions, at: number): SimulatedAsset {
  const { face, settings: ofDevice } = requireProfile(options.profile ?? 'huawei-sun2000-luna2000');
  const { clock, loadW = 0, pvW = 0, actuator = 'fast', settings, controls, unitIds, socPct = 50, seed } = options;
  const serialNumber = serialAt(settings?.serialNumber ?? FIRST_SERIAL, at);
  const spreadPct = seed === undefined ? 0 : (randomShare(seed + at) * 2 - 1) * SOC_SPREAD_PCT;
  return createAsset({
    clock,
    face,
    settings: { loadW, pvW, actuatorMs: ACTUATORS[actuator], ...ofDevice, ...settings, serialNumber },
    socPct: Math.min(100, Math.max(0, socPct + spreadPct)),
    ...(controls ? { controls } : {}),
    ...(unitIds ? { unitIds } : {}),
    seed: (seed ?? 0) + at,
  });
}

/** The number at the end of the first serial number, counted up. */
function serialAt(first: string, at: number): string {
  const digits = /\d+$/.exec(first)?.[0] ?? '';
  if (digits === '') return at === 0 ? first : `${first}${at}`;
  return first.slice(0, -digits.length) + String(Number(digits) + at).padStart(digits.length, '0');
}
