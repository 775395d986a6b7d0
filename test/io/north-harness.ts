/** The real north thread with a control of our own on the other end of its ports. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { Reply, SiteCommand } from '../../contracts/commands.ts';
import type { CommandMessage, NorthStart, ThreadSignal } from '../../contracts/links.ts';
import type { Report, TelemetryReport } from '../../contracts/reports.ts';
import { siteSchema } from '../../contracts/site-config.ts';
import type { SiteStatus } from '../../contracts/status.ts';

export type Seen = { readonly lane: 'commands' | 'estop'; readonly origin: string; readonly command: SiteCommand };

/** Undefined: control stays silent. */
export type FakeControl = (seen: Seen) => Reply | undefined;

export type North = {
  readonly http: string;
  readonly socketPath: string;
  readonly dataDir: string;
  readonly natsUrl: string | undefined;
  readonly seen: Seen[];
  readonly signals: ThreadSignal[];
  readonly report: (report: Report) => void;
  readonly heartbeat: () => void;
  readonly waitFor: (what: (signal: ThreadSignal) => boolean) => Promise<ThreadSignal>;
  readonly setControl: (control: FakeControl) => void;
  readonly stop: () => Promise<number>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

export type NorthOptions = {
  readonly siteId?: string;
  readonly control?: FakeControl;
  readonly env?: Record<string, string>;
  /** Wait until the bus is there too; default true. */
  readonly broker?: boolean;
  readonly heartbeats?: boolean;
  readonly dataDir?: string;
  /** Given: the one of somebody else, so nothing is waited for. */
  readonly socketPath?: string;
};

export const STATUS: SiteStatus = {
  site: 'SITE-1',
  uptime_s: 12,
  mode: 'online',
  read_only: false,
  estop: { state: 'armed', since: null, reason: null, reset: 'local_one_person', epoch: 1 },
  assets: [
    {
      asset_id: 'bess-1',
      connection: 'online',
      operation: 'standby',
      setpoint_state: null,
      inverter: 'running',
      quality: 'good',
      soc_pct: 55.5,
      active_power_w: -1000,
      battery_power_w: -990,
      temperature_c: 25,
      permit: { max_charge_w: 50_000, max_discharge_w: 40_000, reasons: [] },
      trip: null,
      local: false,
      maintenance: null,
      deadman: { state: 'proven', time_s: 60, max_w: 50_000 },
      firmware: 'V100',
      order: null,
      caps: [],
    },
  ],
  meters: [],
  supervisor: { id: 'site', type: 'supervisor', status: 'running', restarts: 0, last_reason: null },
  alarms: [],
  limits_hash: 'abc',
  broker: { kind: 'child', connected: false, url: null, version: null },
};

export const TELEMETRY: TelemetryReport = {
  ts: '2026-01-01T00:00:00.000Z',
  seq: 1,
  asset_id: 'bess-1',
  quality: 'good',
  connection: 'online',
  operation: 'standby',
  inverter: null,
  soc_pct: 55.5,
  active_power_w: -1000,
  ac_power_w: -1000,
  battery_power_w: -990,
  temperature_c: 25,
  voltage_v: 400,
  current_a: null,
  permit: { max_charge_w: 50_000, max_discharge_w: 40_000, reasons: [] },
  limits_hash: 'abc',
  points: {},
};

export const answering: FakeControl = ({ command }) => {
  if (command.name === 'status') return { ok: true, data: STATUS };
  if (command.name === 'estop')
    return { ok: true, data: { written: ['bess-1'], zero: ['bess-1'], unconfirmed: [], refused: [], latched: 'disk' } };
  return { ok: true, data: { echoed: command } };
};

export async function startNorth(options: NorthOptions = {}): Promise<North> {
  const { siteId = 'SITE-1', env = {}, broker = true, heartbeats = true } = options;
  const folder = mkdtempSync(path.join(tmpdir(), 'bessd-north-'));
  const dataDir = options.dataDir ?? path.join(folder, 'data');
  const socketPath = options.socketPath ?? path.join(folder, `bessd-${siteId}.sock`);
  const asset = {
    id: 'bess-1',
    profile: 'p',
    modbus: { host: '127.0.0.1' },
    capacityWh: 1e5,
    maxChargePowerW: 5e4,
    maxDischargePowerW: 5e4,
  };
  const config = siteSchema.parse({
    site: { id: siteId },
    assets: [asset],
    http: { port: 18_000 + (process.pid % 4000) },
  });
  const commands = new MessageChannel();
  const estop = new MessageChannel();
  const seen: Seen[] = [];
  const signals: ThreadSignal[] = [];
  const waiting = new Set<() => void>();
  let control = options.control ?? answering;

  for (const [lane, port] of [
    ['commands', commands.port2],
    ['estop', estop.port2],
  ] as const) {
    port.on('message', ({ id, origin, command }: CommandMessage) => {
      const one = { lane, origin, command };
      seen.push(one);
      const reply = control(one);
      if (reply) port.postMessage({ type: 'REPLY', id, reply });
    });
  }
  const start: NorthStart = { config, dataDir, socketPath, version: '0.1.0', anyPort: true };
  const worker = new Worker(new URL('../../entry/north.ts', import.meta.url), {
    workerData: { ...start, commands: commands.port1, estop: estop.port1 },
    transferList: [commands.port1, estop.port1],
    env: { ...process.env, NATS_URL: '', ...env },
  });
  const exited = new Promise<number>((resolve) => worker.on('exit', resolve));
  worker.on('message', (signal: ThreadSignal) => {
    signals.push(signal);
    for (const look of waiting) look();
  });

  const waitFor: North['waitFor'] = (what) =>
    new Promise((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`not seen within 10 s; seen: ${JSON.stringify(signals)}`)),
        10_000,
      );
      const look = (): void => {
        const found = signals.find(what);
        if (!found) return;
        clearTimeout(late);
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  const report = (one: Report): void => worker.postMessage(one);
  const heartbeat = (): void =>
    report({
      type: 'HEARTBEAT',
      heartbeat: {
        uptime_s: 12,
        last_cycle_ts: TELEMETRY.ts,
        event_loop_lag_s: 0.001,
        restarts: { 'driver:bess-1': 2 },
      },
    });
  const beats = heartbeats ? setInterval(heartbeat, 500) : undefined;
  if (heartbeats) heartbeat();
  const listening = async (what: string): Promise<string> =>
    ((await waitFor((signal) => signal.type === 'LISTENING' && signal.what === what)) as { address: string }).address;
  const http = await listening('http');
  if (options.socketPath === undefined) await listening('socket');
  const natsUrl = broker ? await listening('broker') : undefined;
  const stop = async (): Promise<number> => {
    clearInterval(beats);
    worker.postMessage({ type: 'SHUTDOWN' });
    const code = await exited;
    commands.port2.close();
    estop.port2.close();
    rmSync(folder, { recursive: true, force: true });
    return code;
  };
  return {
    http,
    socketPath,
    dataDir,
    natsUrl,
    seen,
    signals,
    report,
    heartbeat,
    waitFor,
    setControl: (next) => (control = next),
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  };
}
