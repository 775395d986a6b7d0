/**
 * From a checked configuration to everything the actors are started with: points, stale limits, caps, guard rules.
 *
 * Combinations that cannot be safe are refused here, before anything starts.
 */
import { HARD_BOUNDS } from './contracts/limits.ts';
import { invalid } from './contracts/parse.ts';
import type { Problem } from './contracts/parse.ts';
import { JUDGED_MEASURANDS } from './contracts/profile.ts';
import type { Measurand, PointRow, Profile } from './contracts/profile.ts';
import { assetSchema, bmsIdOf } from './contracts/site-config.ts';
import type { AssetConfig, MeterConfig } from './contracts/site-config.ts';
import type { LoadedSite } from './io/site-file.ts';
import { installedPoints } from './machines/device/read-plan.ts';
import type { StaleAfter } from './machines/device/telemetry.ts';
import { capsOf, NO_POWER } from './machines/guard/caps.ts';
import type { Caps, CapsWith } from './machines/guard/caps.ts';
import type { GuardConfig } from './machines/guard/guard.ts';
import { lookoutsOf } from './machines/guard/lookout.ts';
import type { Lookout } from './machines/guard/lookout.ts';
import type { Terminal } from './machines/site/grid-unit.ts';
import { isLimited } from './machines/site/grid-watch.ts';

/** What a driver is started with. */
export type DevicePlan = {
  readonly asset: AssetConfig;
  readonly profile: Profile;
  readonly points: ReadonlyMap<string, PointRow>;
  readonly staleAfter: StaleAfter;
  readonly capsWith: CapsWith;
  readonly lookouts: readonly Lookout[];
};

export type AssetPlan = DevicePlan & { readonly guard: GuardConfig; readonly terminal: Terminal };

/** Allowance for the identity exchange and the first backoff when a connection is made again. */
const RECONNECT_MS = 1000;

/** A device that is only read, and whose frames the guard uses; to its driver an asset to which nothing may be written. */
export type InstrumentPlan = DevicePlan & {
  readonly role:
    | { readonly kind: 'meter' }
    /** `disconnects`: may be asked to disconnect the battery when a stop has no effect. */
    | { readonly kind: 'bms'; readonly assetId: string; readonly disconnects: boolean };
};

export type SitePlan = { readonly assets: readonly AssetPlan[]; readonly instruments: readonly InstrumentPlan[] };

export function planSite(loaded: LoadedSite): SitePlan {
  const { site, source } = loaded;
  const problems: Problem[] = [];
  const instruments = [
    ...site.meters.map((meter, at) => planInstrument(loaded, meter, { kind: 'meter' }, `meters[${at}]`, problems)),
    ...site.assets.flatMap((asset, at) => {
      if (!asset.bms) return [];
      return [planBms(loaded, asset, asset.bms, `assets[${at}].bms`, problems)];
    }),
  ];
  const assets = site.assets.map((asset, at) => {
    const bms = instruments.find(({ role }) => role.kind === 'bms' && role.assetId === asset.id);
    return planAsset(loaded, asset, at, bms, problems);
  });
  const { meter } = site.grid;
  const measuring = [...instruments, ...assets].find(({ asset }) => asset.id === meter);
  if (measuring && !measures(measuring.points, 'gridPowerW')) {
    problems.push({
      path: 'grid.meter',
      value: meter,
      expected: `a device whose profile measures gridPowerW (${measuring.profile.name} does not)`,
    });
  }
  if (problems.length > 0) throw invalid(source, problems);
  return { assets, instruments };
}

function planAsset(
  { site, profiles, limits }: LoadedSite,
  asset: AssetConfig,
  at: number,
  bms: InstrumentPlan | undefined,
  problems: Problem[],
): AssetPlan {
  const profile = profileOf(profiles, asset.id);
  const staleAfter = staleAfterOf(profile, site.pollIntervalMs);
  checkStale(asset.id, staleAfter, site.pollIntervalMs, problems);
  // Leaving out parts must not switch off a limit that the profile offers.
  const points = partsOf(asset, profile, `assets[${at}]`, problems);
  for (const measurand of JUDGED_MEASURANDS) {
    if (profile.cannot.includes(measurand) || measures(points, measurand)) continue;
    problems.push({ path: `assets[${at}].parts`, value: asset.parts, expected: `parts that measure ${measurand}` });
  }
  // Whoever is slower to be missed decides how long a battery may be on its own.
  const staleAfterMs = Math.max(staleAfter.fast, bms?.staleAfter.fast ?? 0);
  const offers = measurandsOf(bms?.points ?? new Map());
  const capsWith = remembered((proof) => capsOf(asset, profile, limits, staleAfterMs, { offers, proof }));
  const caps = capsWith(undefined);
  const guard: GuardConfig = {
    asset,
    limits,
    caps,
    capsWith,
    nominalVoltageV: profile.nominalVoltageV,
    acSetpoint: profile.control?.follows === 'acPowerW',
    voltagePct: site.grid.voltagePct,
    frequencyHz: site.grid.frequencyHz,
    ...(bms ? { bms: { id: bms.asset.id, offers } } : {}),
  };
  if (isLimited(site.grid) && profile.control && !measures(points, 'acPowerW'))
    problems.push({
      path: `assets[${at}].profile`,
      value: profile.name,
      expected: 'a profile that measures acPowerW, since grid.maxImportW or grid.maxExportW is set',
    });
  const terminal: Terminal = {
    hybrid: profile.kind === 'hybrid',
    acSetpoint: profile.control?.follows === 'acPowerW',
    oneWay: Math.sqrt(asset.efficiency),
  };
  return { asset, profile, points, staleAfter, capsWith, lookouts: lookoutsOf(guard), guard, terminal };
}

/** Asked on every poll, for a proof that hardly ever changes. */
function remembered(capsWith: CapsWith): CapsWith {
  let [asked, caps]: [Parameters<CapsWith>[0], Caps | undefined] = [undefined, undefined];
  return (proof) => {
    if (caps === undefined || proof !== asked) [asked, caps] = [proof, capsWith(proof)];
    return caps;
  };
}

function planBms(
  loaded: LoadedSite,
  asset: AssetConfig,
  { allowDisconnect, ...device }: NonNullable<AssetConfig['bms']>,
  path: string,
  problems: Problem[],
): InstrumentPlan {
  const config = { ...device, id: bmsIdOf(asset) };
  const disconnects = allowDisconnect && !asset.readOnly;
  if (allowDisconnect && !profileOf(loaded.profiles, config.id).control)
    problems.push({
      path: `${path}.allowDisconnect`,
      value: true,
      expected: 'a profile with an estop sequence, by which the battery is disconnected',
    });
  return planInstrument(loaded, config, { kind: 'bms', assetId: asset.id, disconnects }, path, problems);
}

function planInstrument(
  { site, profiles }: LoadedSite,
  config: MeterConfig,
  role: InstrumentPlan['role'],
  path: string,
  problems: Problem[],
): InstrumentPlan {
  const { control, ...readable } = profileOf(profiles, config.id);
  const writable = role.kind === 'bms' && role.disconnects;
  const profile = writable && control ? { ...readable, control } : readable;
  const staleAfter = staleAfterOf(profile, site.pollIntervalMs);
  checkStale(config.id, staleAfter, site.pollIntervalMs, problems);
  const asset = assetSchema.parse({
    ...config,
    capacityWh: 1,
    maxChargePowerW: 0,
    maxDischargePowerW: 0,
    // In shadow nothing is written but a stop.
    ...(writable ? { readOnly: false, shadow: true } : { readOnly: true }),
  });
  return {
    asset,
    profile,
    points: partsOf(asset, profile, path, problems),
    staleAfter,
    capsWith: () => NO_POWER,
    lookouts: [],
    role,
  };
}

function profileOf(profiles: LoadedSite['profiles'], id: string): Profile {
  const profile = profiles.get(id);
  if (!profile) throw new Error(`no profile was loaded for ${id}`);
  return profile;
}

function checkStale(id: string, staleAfter: StaleAfter, pollIntervalMs: number, problems: Problem[]): void {
  for (const group of ['fast', 'slow'] as const) {
    if (staleAfter[group] <= HARD_BOUNDS.staleMs) continue;
    problems.push({
      path: 'pollIntervalMs',
      value: pollIntervalMs,
      expected: `an interval with which the ${group} points of ${id} are stale within ${HARD_BOUNDS.staleMs} ms (now ${staleAfter[group]} ms)`,
    });
  }
}

function partsOf(
  { parts }: AssetConfig,
  profile: Profile,
  path: string,
  problems: Problem[],
): ReadonlyMap<string, PointRow> {
  for (const part of parts?.filter((one) => !profile.parts?.all.includes(one)) ?? [])
    problems.push({
      path: `${path}.parts`,
      value: part,
      expected: `parts of ${profile.name}: ${profile.parts?.all.join(', ') ?? 'none'}`,
    });
  return installedPoints(profile, parts);
}

function measures(points: ReadonlyMap<string, PointRow>, measurand: Measurand): boolean {
  return measurandsOf(points).has(measurand);
}

function measurandsOf(points: ReadonlyMap<string, PointRow>): ReadonlySet<Measurand> {
  return new Set([...points.values()].flatMap((row) => row.measures ?? []));
}

/** Control rules 2: max(5 × poll, timeout + reconnect + 2 × poll) per group; what is read once does not turn stale. */
function staleAfterOf({ transport, slowEvery }: Profile, pollIntervalMs: number): StaleAfter {
  const reconnectMs = transport.connectDelayMs + RECONNECT_MS;
  const of = (pollMs: number): number => Math.max(5 * pollMs, transport.timeoutMs + reconnectMs + 2 * pollMs);
  return {
    fast: of(pollIntervalMs),
    slow: of(pollIntervalMs * slowEvery),
    once: Number.POSITIVE_INFINITY,
    never: Number.POSITIVE_INFINITY,
  };
}
