/**
 * The status of the site, put together from the notice board, the latch and the tree.
 */
import type { Board } from './actors/board.ts';
import type { LatchView } from './actors/estop/inputs.ts';
import type { Clock } from './contracts/clock.ts';
import { resetMode } from './contracts/site-config.ts';
import type { SiteStatus, TreeNode } from './contracts/status.ts';
import type { LoadedSite } from './io/site-file.ts';

export type StatusInput = {
  readonly loaded: LoadedSite;
  readonly board: Board;
  readonly latch: LatchView | undefined;
  readonly tree: TreeNode;
  readonly startedAtMs: number;
  readonly clock: Clock;
};

export function siteStatus({
  loaded,
  board,
  latch,
  tree,
  startedAtMs,
  clock,
}: StatusInput): Omit<SiteStatus, 'broker'> {
  const { site, limitsHash } = loaded;
  const standing = latch?.latch.estop;
  return {
    site: site.site.id,
    uptime_s: Math.round((clock.now() - startedAtMs) / 100) / 10,
    mode: standing ? 'safe' : 'online',
    read_only: site.readOnly,
    estop: {
      // Until the latch is known the site is treated as stopped, and says so.
      state: (latch?.state as SiteStatus['estop']['state'] | undefined) ?? 'latched',
      since: standing ? new Date(standing.sinceWallMs).toISOString() : null,
      reason: latch ? (standing?.reason ?? null) : 'the latch is being read',
      reset: resetMode(site),
      epoch: latch?.latch.epoch ?? 0,
    },
    assets: site.assets.flatMap(({ id }) => board.assets.get(id) ?? []),
    supervisor: tree,
    alarms: board.alarms(),
    limits_hash: limitsHash,
  };
}
