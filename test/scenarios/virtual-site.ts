/**
 * A whole site on the virtual clock: the shipped tree of `site.ts`, simulated plants behind an in-memory network, a disk
 * in memory. The taps of the plants are the oracle, never our own logs.
 */
import type { Clock } from '../../contracts/clock.ts';
import type { SiteConfig } from '../../contracts/site-config.ts';
import { devicesOf, siteSchema } from '../../contracts/site-config.ts';
import type { Origin, Reply, SiteCommand } from '../../contracts/commands.ts';
import type { Profile } from '../../contracts/profile.ts';
import type { OpenDevice, OpenSyncedFile } from '../../contracts/ports.ts';
import type { Report, SiteEvent } from '../../contracts/reports.ts';
import type { AssetStatus } from '../../contracts/status.ts';
import { limitsSchema } from '../../contracts/limits.ts';
import { loadProfile } from '../../io/site-file.ts';
import type { LoadedSite } from '../../io/site-file.ts';
import { createAsset } from '../../simulator/asset.ts';
import type { SimulatedAsset } from '../../simulator/asset.ts';
import type { TapEntry } from '../../simulator/device.ts';
import type { MemoryNetwork } from '../../simulator/memory-device.ts';
import type { FaceName } from '../../simulator/faces.ts';
import { memoryNetwork } from '../../simulator/memory-device.ts';
import type { PlantSettings } from '../../simulator/plant-settings.ts';
import { startSite } from '../../site.ts';
import type { Site } from '../../site.ts';
import { virtualClock } from '../../supervisor/clock.ts';
import type { VirtualClock } from '../../supervisor/clock.ts';
import lfp from '../../profiles/limits/lfp.json' with { type: 'json' };

export type MemoryDisk = { readonly files: Map<string, string>; writable: boolean; readonly open: OpenSyncedFile };

export type VirtualSite = {
  readonly clock: VirtualClock;
  readonly plants: readonly SimulatedAsset[];
  readonly network: MemoryNetwork;
  readonly disk: MemoryDisk;
  readonly reports: Report[];
  site: Site;
  readonly events: (kind: SiteEvent['kind']) => readonly SiteEvent[];
  readonly asset: (id?: string) => AssetStatus;
  /** Battery power as the plant itself has it, W. */
  readonly power: (at?: number) => number;
  readonly writes: (at?: number) => readonly TapEntry[];
  /** Sends a command and runs the clock until the answer is there. */
  readonly ask: (command: SiteCommand, origin?: Origin) => Promise<Reply<any>>; // oxlint-disable-line typescript/no-explicit-any -- tests look into replies of many kinds
  readonly dispatch: (w: number, durationS: number, more?: Record<string, unknown>) => Promise<Reply<any>>; // oxlint-disable-line typescript/no-explicit-any -- as above
  readonly run: (ms: number) => Promise<void>;
  /** The runtime dies as by kill -9 and starts again on the same disk and devices. */
  readonly crashAndRestart: () => Promise<void>;
};

export type VirtualOptions = {
  readonly assets?: number;
  readonly socPct?: number;
  readonly plant?: Partial<PlantSettings>;
  /** Which device the plants are. */
  readonly face?: FaceName;
  readonly site?: Record<string, unknown>;
  readonly asset?: Record<string, unknown>;
  /** The profile of every device, changed. */
  readonly profile?: (profile: Profile) => Profile;
  readonly disk?: MemoryDisk;
  /** The way to the devices, where it is not the memory network. */
  readonly openDevice?: (clock: Clock, plants: readonly SimulatedAsset[]) => OpenDevice;
  /** As a site on real devices does. */
  readonly walksAhead?: boolean;
};

export const TOKENS = { ana: 'a'.repeat(64), ben: 'b'.repeat(64), eve: 'e'.repeat(64) };

/** Started and online. */
export async function virtualSite(options: VirtualOptions = {}): Promise<VirtualSite> {
  const { assets = 1, socPct = 50, plant = {} } = options;
  const clock = virtualClock();
  const network = memoryNetwork({ clock, latencyMs: 2 });
  const plants = Array.from({ length: assets }, (_, at) =>
    createAsset({
      clock,
      socPct,
      ...(options.face && { face: options.face }),
      settings: { serialNumber: `HV${at + 1}`, loadW: 0, pvW: 0, ...plant },
    }),
  );
  plants.forEach((asset, at) => network.attach('127.0.0.1', 5020 + at, asset));
  const disk = options.disk ?? memoryDisk();
  const reports: Report[] = [];
  const loaded = await configuration(assets, options);
  let lastId = 0;

  const self: VirtualSite = {
    clock,
    plants,
    network,
    disk,
    reports,
    site: start(),
    events: (kind) =>
      reports.flatMap((report) => (report.type === 'EVENT' && report.event.kind === kind ? [report.event] : [])),
    asset: (id = 'bess-1') => {
      const found = self.site.status().assets.find(({ asset_id }) => asset_id === id);
      if (!found) throw new Error(`no status of ${id}`);
      return found;
    },
    power: (at = 0) => plantAt(at).state().batteryW,
    writes: (at = 0) => plantAt(at).tap.entries(),
    async ask(command, origin = 'nats') {
      const answers: Reply[] = [];
      lastId += 1;
      self.site.command({ type: 'COMMAND', id: lastId, origin, command }, (reply) => answers.push(reply));
      for (let waited = 0; answers.length === 0 && waited < 5000; waited += 5) await clock.advance(5);
      const [answer] = answers;
      if (!answer) throw new Error(`no answer to ${command.name}`);
      return answer;
    },
    dispatch: (w, durationS, more = {}) =>
      self.ask({
        name: 'dispatch',
        body: { id: `order-${(lastId += 1)}`, asset_id: 'bess-1', w, duration_s: durationS, issuer: 'test', ...more },
      }),
    run: (ms) => clock.advance(ms),
    async crashAndRestart() {
      network.cut();
      self.site.system.kill();
      self.site = start();
      await clock.advance(3000);
    },
  };
  await clock.advance(3000);
  return self;

  function start(): Site {
    return startSite({
      loaded,
      clock,
      openDevice: options.openDevice?.(clock, plants) ?? network.open,
      openFile: disk.open,
      walksAhead: options.walksAhead ?? false,
      report: (report) => reports.push(report),
    });
  }

  function plantAt(at: number): SimulatedAsset {
    const asset = plants[at];
    if (!asset) throw new Error(`no plant ${at}`);
    return asset;
  }
}

async function configuration(count: number, options: VirtualOptions): Promise<LoadedSite> {
  const { profile: changed = (profile) => profile } = options;
  const assets = Array.from({ length: count }, (_, at) => ({
    id: `bess-${at + 1}`,
    profile: 'huawei-sun2000-luna2000',
    modbus: { host: '127.0.0.1', port: 5020 + at },
    capacityWh: 200_000,
    maxChargePowerW: 100_000,
    maxDischargePowerW: 100_000,
    efficiency: 0.92,
    unprovenDeadmanMaxW: 100_000,
    idle: 'hold',
    onExit: 'hold',
    ...options.asset,
  }));
  const operators = [
    { name: 'ana', role: 'technician', tokenSha256: TOKENS.ana },
    { name: 'ben', role: 'engineer', tokenSha256: TOKENS.ben },
    { name: 'eve', role: 'viewer', tokenSha256: TOKENS.eve },
  ];
  const site: SiteConfig = siteSchema.parse({ site: { id: 'SITE-TEST' }, assets, operators, ...options.site });
  return {
    site,
    profiles: new Map(devicesOf(site).map(({ id, profile }) => [id, changed(loadProfile(profile, '.', 'test'))])),
    limits: limitsSchema.parse(lfp),
    limitsHash: 'test',
    dataDir: '/nowhere',
    source: 'test site',
  };
}

export function memoryDisk(): MemoryDisk {
  const disk: MemoryDisk = {
    files: new Map(),
    writable: true,
    open: (name) => ({
      load: () => Promise.resolve(disk.files.get(name)),
      save: (text) => {
        if (!disk.writable) return Promise.reject(new Error('read-only'));
        disk.files.set(name, text);
        return Promise.resolve();
      },
    }),
  };
  return disk;
}
