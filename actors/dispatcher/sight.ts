/**
 * What the dispatcher sees of the assets: the newest frame, permit and latch of each, and who of them could take power now.
 */
import type { LatchRecord } from '../../contracts/latch.ts';
import type { AssetSeen } from '../../contracts/messages.ts';
import type { Profile } from '../../contracts/profile.ts';
import type { SiteConfig } from '../../contracts/site-config.ts';
import type { GridRoom } from '../../machines/site/grid-watch.ts';
import type { Seen } from '../../machines/site/headroom.ts';
import { resolutionWOf } from '../../machines/site/resolution.ts';
import type { Board } from '../board.ts';
import { isReady } from './checks.ts';
import type { Standing } from './standing.ts';

export type Sight = {
  /** What the grid connection leaves to all together. */
  readonly room: () => GridRoom;
  readonly latch: () => LatchRecord | undefined;
  readonly see: (message: AssetSeen) => void;
  readonly hearLatch: (latch: LatchRecord) => void;
  readonly of: (assetId: string) => Seen | undefined;
  /** Every asset that shows itself, with what it is on its way to. */
  readonly everybody: () => readonly Seen[];
  /** Those that could take part in a site order now. */
  readonly ready: () => readonly Seen[];
  readonly someTakesOrders: () => boolean;
};

/** Before the guard has said what the grid connection leaves, it leaves nothing. */
const NO_ROOM: GridRoom = { min: 0, max: 0, meterLost: true };

export function createSight(parts: {
  readonly site: SiteConfig;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly board: Board;
  readonly standing: Standing;
  readonly nowMs: () => number;
}): Sight {
  const { site, profiles, board, standing, nowMs } = parts;
  const seen = new Map<string, Seen>();
  let room = NO_ROOM;
  let latch: LatchRecord | undefined;
  const everybody = (): readonly Seen[] =>
    [...seen.values()].map((one) => ({ ...one, orderedAcW: standing.acW(one.asset.id, nowMs()) }));

  return {
    room: () => room,
    latch: () => latch,
    see({ frame, permit, room: left }) {
      room = left;
      const asset = site.assets.find(({ id }) => id === frame.assetId);
      const profile = profiles.get(frame.assetId);
      if (!asset || !profile) return;
      seen.set(frame.assetId, {
        asset,
        hybrid: profile.kind === 'hybrid',
        acSetpoint: profile.control?.follows === 'acPowerW',
        resolutionW: Math.max(resolutionWOf(profile, 'charge'), resolutionWOf(profile, 'discharge')),
        frame,
        permit,
      });
    },
    hearLatch: (told) => (latch = told),
    of: (assetId) => seen.get(assetId),
    everybody,
    ready: () =>
      everybody().filter(({ asset: { id } }) => isReady(board.assets.get(id)) && !isTripped(id) && takesOrders(id)),
    someTakesOrders: () => site.assets.some(({ id }) => takesOrders(id)),
  };

  /** As the latch was told here: a driver hears of a reset first, and is ready while it is still on its way to us. */
  function isTripped(assetId: string): boolean {
    return latch?.trips[assetId] !== undefined;
  }

  /** A bank that can only be stopped gets no share. */
  function takesOrders(assetId: string): boolean {
    return profiles.get(assetId)?.control?.sequences.charge !== undefined;
  }
}
