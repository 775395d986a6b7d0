/**
 * Starts a simulated site: K assets, each behind its own Modbus TCP port, and the control socket where one is wanted.
 *
 * The composition root of the simulator, used by `bessd simulate`, the demo and tests of real sockets. The clock is
 * injected; what was started is stopped in reverse order, also when the start fails half-way.
 */
import type { Clock } from '../contracts/clock.ts';
import { invalid } from '../contracts/parse.ts';
import type { SimulatedAsset } from './asset.ts';
import { createAsset } from './asset.ts';
import { startControl } from './control.ts';
import type { FaceName } from './faces.ts';
import { FACE_OF_PROFILE } from './faces.ts';
import { startModbusServer } from './modbus-server.ts';
import type { Controls } from './plant-control.ts';
import type { Actuator, PlantSettings } from './plant-settings.ts';
import { ACTUATORS } from './plant-settings.ts';
import { randomShare } from './random.ts';
import type { Schedule } from './schedule.ts';
import { runSchedule } from './schedule.ts';

export type SimulatorOptions = {
  readonly clock: Clock;
  readonly profile?: string;
  readonly host?: string;
  /** Port of the first asset, the next ones follow; 0 takes free ones. */
  readonly port: number;
  readonly assets?: number;
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
  /** Spreads the assets' state of charge by up to 5 % around `socPct`, the same way for the same seed. */
  readonly seed?: number;
};

export type RunningAsset = {
  readonly asset: SimulatedAsset;
  readonly host: string;
  readonly port: number;
  readonly serialNumber: string;
};
export type Simulator = {
  readonly assets: readonly RunningAsset[];
  /** Address of the control socket. */
  readonly control: string | undefined;
  readonly stop: () => Promise<void>;
};

const FIRST_SERIAL = 'HV2140012345';
const SOC_SPREAD_PCT = 5;

/** Throws CONFIG_INVALID for an unknown profile and CONNECT_FAILED for an address in use. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { clock, host = '127.0.0.1', port, assets: count = 1, singleClient = false } = options;
  await using started = new AsyncDisposableStack();
  const assets: RunningAsset[] = [];
  for (let at = 0; at < count; at += 1) {
    const asset = assetOf(options, at);
    const server = await startModbusServer({ asset, host, port: port === 0 ? 0 : port + at, singleClient });
    started.defer(() => server.stop());
    assets.push({ asset, host, port: server.port, serialNumber: asset.state().settings.serialNumber });
  }
  const simulated = assets.map(({ asset }) => asset);
  const control = options.control === undefined ? undefined : await startControl(options.control, simulated);
  if (control) started.defer(() => control.stop());
  if (options.schedule) started.defer(runSchedule(options.schedule, simulated, clock));

  const running = started.move();
  return { assets, control: control?.path, stop: () => running.disposeAsync() };
}

/** Throws CONFIG_INVALID unless there is a simulated device for that profile. */
export function requireProfile(profile: string): FaceName {
  const face = FACE_OF_PROFILE[profile];
  if (face) return face;
  const expected = `one of ${Object.keys(FACE_OF_PROFILE).join(', ')}`;
  throw invalid('bessd simulate', [{ path: '--profile', value: profile, expected }]);
}

function assetOf(options: SimulatorOptions, at: number): SimulatedAsset {
  const face = requireProfile(options.profile ?? 'huawei-sun2000-luna2000');
  const { clock, loadW = 0, pvW = 0, actuator = 'fast', settings, controls, unitIds, socPct = 50, seed } = options;
  const serialNumber = serialAt(settings?.serialNumber ?? FIRST_SERIAL, at);
  const spreadPct = seed === undefined ? 0 : (randomShare(seed + at) * 2 - 1) * SOC_SPREAD_PCT;
  return createAsset({
    clock,
    face,
    settings: { loadW, pvW, actuatorMs: ACTUATORS[actuator], ...settings, serialNumber },
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
