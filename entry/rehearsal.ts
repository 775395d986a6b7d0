/**
 * The rehearsal: before a site touches its devices, the whole path of a stop is run again and again against registers in
 * memory, on a virtual clock. Code that has never run is slow: without it the first stop takes many times as long as the
 * second.
 *
 * It is the shipped tree of `site.ts` with the site's own profiles; nothing of it reaches a device, a disk or the bus.
 */
import type { Reply, SiteCommand } from '../contracts/commands.ts';
import type { DevicePort, OpenSyncedFile } from '../contracts/ports.ts';
import type { Measurand, Point, Profile } from '../contracts/profile.ts';
import { registersOf } from '../contracts/profile.ts';
import type { LoadedSite } from '../io/site-file.ts';
import { sunspecDefinitions } from '../io/sunspec-models.ts';
import { encode } from '../machines/device/codec.ts';
import { boundAsWritten, referencedModels } from '../machines/sunspec/bind.ts';
import { bindTypically } from '../machines/sunspec/typical.ts';
import { startSite } from '../site.ts';
import type { Site } from '../site.ts';
import { virtualClock } from '../supervisor/clock.ts';
import type { VirtualClock } from '../supervisor/clock.ts';

const CYCLES = 60;

/** Resolves when the path is warm; the number of stops that were carried out. */
export async function rehearse(loaded: LoadedSite): Promise<number> {
  const clock = virtualClock();
  const profiles = new Map(
    [...loaded.profiles]
      .filter(([, { control }]) => control !== undefined)
      .map(([id, profile]) => [id, anyDevice(profile)]),
  );
  const [asset] = loaded.site.assets.filter(({ id }) => profiles.has(id));
  const profile = asset && profiles.get(asset.id);
  if (!asset || !profile) return 0;
  const { serial: _any, bms: _theirs, ...rest } = asset;
  const rehearsed = { ...rest, idle: 'hold' as const, onExit: 'hold' as const, readOnly: false, shadow: false };
  const { meter: _none, maxImportW: _import, maxExportW: _export, ...grid } = loaded.site.grid;
  const site = startSite({
    loaded: {
      ...loaded,
      profiles,
      site: { ...loaded.site, assets: [rehearsed], meters: [], grid, operators: [], estop: {}, readOnly: false },
    },
    clock,
    openDevice: () => Promise.resolve(registersInMemory(profile)),
    openFile: memoryFiles(),
    report: () => undefined,
  });
  await clock.advance(profile.transport.connectDelayMs + 3000);
  let stops = 0;
  for (let cycle = 0; cycle < CYCLES; cycle += 1) {
    await ask(site, clock, {
      name: 'dispatch',
      body: { id: `rehearsal-${cycle}`, asset_id: asset.id, w: 1000, duration_s: 60, issuer: 'rehearsal' },
    });
    const stopped = await ask(site, clock, { name: 'estop', body: { reason: 'rehearsal', issuer: 'rehearsal' } });
    if (stopped?.ok) stops += 1;
    await ask(site, clock, {
      name: 'reset_estop',
      body: { issuer: 'rehearsal', confirmed_safe: true, cause: 'rehearsal' },
    });
  }
  site.system.kill();
  return stops;
}

async function ask(site: Site, clock: VirtualClock, command: SiteCommand): Promise<Reply | undefined> {
  const replies: Reply[] = [];
  site.command({ type: 'COMMAND', id: 1, origin: 'socket', command }, (reply) => replies.push(reply));
  for (let waited = 0; replies.length === 0 && waited < 4000; waited += 50) await clock.advance(50);
  return replies[0];
}

function anyDevice(written: Profile): Profile {
  const binding = bindTypically(written, sunspecDefinitions(referencedModels(written)));
  const profile = binding.ok ? binding.profile : written;
  return {
    ...profile,
    identity: { ...profile.identity, modelPattern: '' },
    transport: { ...profile.transport, requestGapMs: 0 },
  };
}

/** A battery at rest in good condition, as far as registers can tell. */
function registersInMemory(profile: Profile): DevicePort {
  const registers = new Map<number, number>();
  for (const point of Object.values(boundAsWritten(profile).points)) {
    valueOf(point, profile).forEach((word, at) => registers.set(point.register + at, word));
  }
  return {
    read: (register, count) =>
      Promise.resolve(Array.from({ length: count }, (_, at) => registers.get(register + at) ?? 0)),
    write: (register, words) => {
      words.forEach((word, at) => registers.set(register + at, word));
      return Promise.resolve();
    },
    drop: () => undefined,
  };
}

const CALM: Partial<Record<Measurand, number>> = {
  socPct: 50,
  sohPct: 100,
  temperatureC: 25,
  cellVoltageMaxV: 3.3,
  cellVoltageMinV: 3.3,
  cellSpreadMv: 10,
  gridFrequencyHz: 50,
  maxChargeNowW: 5000,
  maxDischargeNowW: 5000,
  apparentRatingVa: 10_000,
  voltageV: 400,
};

function valueOf(point: Point, profile: Profile): readonly number[] {
  if (point.type === 'string') return Array.from({ length: registersOf(point) }, () => LETTERS);
  return encode(point, calm(point, profile)) ?? Array.from({ length: registersOf(point) }, () => 0);
}

const LETTERS = 0x4141;

function calm({ measures, values, writable }: Point, { nominalVoltageV = 230 }: Profile): number {
  if (writable?.limits) return CALM.maxChargeNowW ?? 0;
  if (measures === undefined) return 0;
  if (measures === 'gridVoltageV') return nominalVoltageV;
  if (measures === 'inverterState')
    return Number(Object.entries(values ?? {}).find(([, name]) => name === 'running')?.[0] ?? 0);
  return CALM[measures] ?? 0;
}

function memoryFiles(): OpenSyncedFile {
  return () => ({ load: () => Promise.resolve(undefined), save: () => Promise.resolve() });
}
