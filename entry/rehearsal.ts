/**
 * The rehearsal: before a site touches its devices, the whole path of a stop is run again and again against registers in
 * memory, on a virtual clock. Code that has never run is slow: without it the first stop takes many times as long as the
 * second. Orders are given, ended by the guard because the battery is hot, and stopped by the emergency stop.
 *
 * It is the shipped tree of `site.ts` with the site's own profiles; nothing of it reaches a device, a disk or the bus.
 */
import type { Reply, SiteCommand } from '../contracts/commands.ts';
import type { OpenSyncedFile } from '../contracts/ports.ts';
import type { Profile } from '../contracts/profile.ts';
import type { LoadedSite } from '../io/site-file.ts';
import { sunspecDefinitions } from '../io/sunspec-models.ts';
import { referencedModels } from '../machines/sunspec/bind.ts';
import { bindTypically } from '../machines/sunspec/typical.ts';
import { startSite } from '../site.ts';
import type { Site } from '../site.ts';
import { virtualClock } from '../supervisor/clock.ts';
import type { VirtualClock } from '../supervisor/clock.ts';
import { MILD_C, rehearsalDevice } from './rehearsal-device.ts';

const CYCLES = 60;
/** Polls of all breaches together; where temperatures are read seldom, there are fewer of them. */
const BREACH_POLLS = 480;

/** What was carried out: emergency stops, and orders that the guard ended because of a breach. */
export type Rehearsed = { readonly stops: number; readonly breaches: number };

/** Resolves when the path is warm. */
export async function rehearse(loaded: LoadedSite): Promise<Rehearsed> {
  const clock = virtualClock();
  const profiles = new Map(
    [...loaded.profiles]
      .filter(([, { control }]) => control !== undefined)
      .map(([id, profile]) => [id, anyDevice(profile)]),
  );
  const [asset] = loaded.site.assets.filter(({ id }) => profiles.has(id));
  const profile = asset && profiles.get(asset.id);
  if (!asset || !profile) return { stops: 0, breaches: 0 };
  const { serial: _any, bms: _theirs, ...rest } = asset;
  const rehearsed = { ...rest, idle: 'hold' as const, onExit: 'hold' as const, readOnly: false, shadow: false };
  const { meter: _none, maxImportW: _import, maxExportW: _export, ...grid } = loaded.site.grid;
  const device = rehearsalDevice(profile);
  const site = startSite({
    loaded: {
      ...loaded,
      profiles,
      site: { ...loaded.site, assets: [rehearsed], meters: [], grid, operators: [], estop: {}, readOnly: false },
    },
    clock,
    openDevice: (address) => Promise.resolve(device.open(address, clock)),
    openFile: memoryFiles(),
    walksAhead: true,
    report: () => undefined,
  });
  await clock.advance(profile.transport.connectDelayMs + 3000);
  const pollsToSee = device.temperatureIsSlow ? profile.slowEvery + 1 : 2;
  let stops = 0;
  let breaches = 0;
  for (let cycle = 0; cycle < CYCLES; cycle += 1) {
    await ask(site, clock, {
      name: 'dispatch',
      body: { id: `rehearsal-${cycle}`, asset_id: asset.id, w: 1000, duration_s: 60, issuer: 'rehearsal' },
    });
    if (cycle * 2 * pollsToSee < BREACH_POLLS) {
      const ordered = site.status().assets[0]?.order !== null;
      device.temperature(loaded.limits.temperature.hotStopC);
      await clock.advance(pollsToSee * loaded.site.pollIntervalMs);
      if (ordered && site.status().assets[0]?.order === null) breaches += 1;
      device.temperature(MILD_C);
      await clock.advance(pollsToSee * loaded.site.pollIntervalMs);
    }
    const stopped = await ask(site, clock, { name: 'estop', body: { reason: 'rehearsal', issuer: 'rehearsal' } });
    if (stopped?.ok) stops += 1;
    await ask(site, clock, {
      name: 'reset_estop',
      body: { issuer: 'rehearsal', confirmed_safe: true, cause: 'rehearsal' },
    });
  }
  site.system.kill();
  // What is left of it and of the start would else be cleared away, or copied, in the first seconds of the site.
  globalThis.gc?.();
  return { stops, breaches };
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

function memoryFiles(): OpenSyncedFile {
  return () => ({ load: () => Promise.resolve(undefined), save: () => Promise.resolve() });
}
