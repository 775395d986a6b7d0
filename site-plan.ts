/**
 * From a checked configuration to everything the actors are started with: points, stale limits, caps, guard rules.
 *
 * Combinations that cannot be safe are refused here, before anything starts.
 */
import { HARD_BOUNDS } from './contracts/limits.ts';
import { invalid } from './contracts/parse.ts';
import type { Problem } from './contracts/parse.ts';
import { JUDGED_MEASURANDS } from './contracts/profile.ts';
import type { PointRow, Profile } from './contracts/profile.ts';
import type { AssetConfig } from './contracts/site-config.ts';
import type { LoadedSite } from './io/site-file.ts';
import { installedPoints } from './machines/device/read-plan.ts';
import type { StaleAfter } from './machines/device/telemetry.ts';
import { capsOf } from './machines/guard/caps.ts';
import type { Caps } from './machines/guard/caps.ts';
import type { GuardConfig } from './machines/guard/guard.ts';

export type AssetPlan = {
  readonly asset: AssetConfig;
  readonly profile: Profile;
  readonly points: ReadonlyMap<string, PointRow>;
  readonly staleAfter: StaleAfter;
  readonly caps: Caps;
  readonly guard: GuardConfig;
};

/** Allowance for the identity exchange and the first backoff when a connection is made again. */
const RECONNECT_MS = 1000;

export function planSite({ site, profiles, limits, source }: LoadedSite): readonly AssetPlan[] {
  const problems: Problem[] = [];
  const plans = site.assets.map((asset, at) => {
    const profile = profiles.get(asset.id);
    if (!profile) throw new Error(`no profile was loaded for ${asset.id}`);
    const staleAfter = staleAfterOf(profile, site.pollIntervalMs);
    for (const group of ['fast', 'slow'] as const) {
      if (staleAfter[group] > HARD_BOUNDS.staleMs) {
        problems.push({
          path: 'pollIntervalMs',
          value: site.pollIntervalMs,
          expected: `an interval with which the ${group} points of ${asset.id} are stale within ${HARD_BOUNDS.staleMs} ms (now ${staleAfter[group]} ms)`,
        });
      }
    }
    const unknown = asset.parts?.filter((part) => !profile.parts?.all.includes(part)) ?? [];
    for (const part of unknown)
      problems.push({
        path: `assets[${at}].parts`,
        value: part,
        expected: `parts of ${profile.name}: ${profile.parts?.all.join(', ') ?? 'none'}`,
      });
    // Leaving out parts must not switch off a limit that the profile offers.
    const points = installedPoints(profile, asset.parts);
    for (const measurand of JUDGED_MEASURANDS) {
      if (profile.cannot.includes(measurand) || [...points.values()].some(({ measures }) => measures === measurand))
        continue;
      problems.push({ path: `assets[${at}].parts`, value: asset.parts, expected: `parts that measure ${measurand}` });
    }
    const caps = capsOf(asset, profile, limits, staleAfter.fast);
    const guard: GuardConfig = {
      asset,
      limits,
      caps,
      nominalVoltageV: profile.nominalVoltageV,
      voltagePct: site.grid.voltagePct,
      frequencyHz: site.grid.frequencyHz,
    };
    return { asset, profile, points, staleAfter, caps, guard };
  });
  const { meter } = site.grid;
  const meterPlan = plans.find(({ asset }) => asset.id === meter);
  if (meterPlan && ![...meterPlan.points.values()].some(({ measures }) => measures === 'gridPowerW')) {
    problems.push({
      path: 'grid.meter',
      value: meter,
      expected: `an asset whose profile measures gridPowerW (${meterPlan.profile.name} does not)`,
    });
  }
  if (problems.length > 0) throw invalid(source, problems);
  return plans;
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
