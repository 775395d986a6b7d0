/**
 * The status of the site, put together from the notice board, the latch and the tree.
 */
import type { Board } from './actors/board.ts';
import type { LatchView } from './actors/estop/inputs.ts';
import type { Clock } from './contracts/clock.ts';
import { resetMode } from './contracts/site-config.ts';
import type { SiteMode } from './contracts/site-mode.ts';
import type { BmsStatus, InstrumentStatus, MeterStatus, SiteStatus, TreeNode } from './contracts/status.ts';
import type { Measurand } from './contracts/profile.ts';
import type { TelemetryFrame } from './contracts/telemetry.ts';
import type { LoadedSite } from './io/site-file.ts';
import { silentOf } from './machines/guard/join.ts';
import { valueOf } from './machines/site/headroom.ts';
import type { AssetPlan } from './site-plan.ts';

export type StatusInput = {
  readonly loaded: LoadedSite;
  readonly board: Board;
  readonly assets: readonly AssetPlan[];
  /** The newest of every device that is only read. */
  readonly frames: ReadonlyMap<string, TelemetryFrame>;
  readonly latch: LatchView | undefined;
  readonly tree: TreeNode;
  readonly startedAtMs: number;
  readonly clock: Clock;
  readonly mode: SiteMode;
};

export function siteStatus(input: StatusInput): Omit<SiteStatus, 'broker'> {
  const { loaded, board, assets, latch, tree, startedAtMs, clock } = input;
  const { site, limitsHash } = loaded;
  const standing = latch?.latch.estop;
  return {
    site: site.site.id,
    uptime_s: Math.round((clock.now() - startedAtMs) / 100) / 10,
    mode: input.mode,
    read_only: site.readOnly,
    estop: {
      // Until the latch is known the site is treated as stopped, and says so.
      state: (latch?.state as SiteStatus['estop']['state'] | undefined) ?? 'latched',
      since: standing ? new Date(standing.sinceWallMs).toISOString() : null,
      reason: latch ? (standing?.reason ?? null) : 'the latch is being read',
      reset: resetMode(site),
      epoch: latch?.latch.epoch ?? 0,
    },
    assets: assets.flatMap((plan) => {
      const asset = board.assets.get(plan.asset.id);
      const bms = bmsStatus(plan, input);
      return asset ? [bms ? { ...asset, bms } : asset] : [];
    }),
    meters: site.meters.map(({ id }) => meterStatus(id, input)),
    supervisor: tree,
    alarms: board.alarms(),
    alarms_aside: board.desk.aside(),
    limits_hash: limitsHash,
  };
}

function meterStatus(id: string, input: StatusInput): MeterStatus {
  return {
    meter_id: id,
    pcc: input.loaded.site.grid.meter === id,
    ...instrumentStatus(id, input),
    grid_power_w: read(id, 'gridPowerW', input),
    voltage_v: read(id, 'gridVoltageV', input),
    frequency_hz: read(id, 'gridFrequencyHz', input),
  };
}

function bmsStatus({ guard }: AssetPlan, input: StatusInput): BmsStatus | undefined {
  if (!guard.bms) return undefined;
  const { id, offers } = guard.bms;
  return {
    device_id: id,
    ...instrumentStatus(id, input),
    soc_pct: read(id, 'socPct', input),
    temperature_c: read(id, 'temperatureC', input),
    missing: silentOf(input.frames.get(id), offers, input.clock.now()),
  };
}

function instrumentStatus(id: string, { board }: StatusInput): InstrumentStatus {
  const { connection = 'connecting', quality = 'missing', firmware = null } = board.instruments.get(id) ?? {};
  return { connection, quality, firmware };
}

/** What is stale is missing. */
function read(id: string, measurand: Measurand, { frames, clock }: StatusInput): number | null {
  const frame = frames.get(id);
  return (frame && valueOf(frame, measurand, clock.now())) ?? null;
}
