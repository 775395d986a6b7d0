/**
 * Questions that the dispatcher asks of an order and of an asset before anything is given out.
 */
import type { Clock } from '../../contracts/clock.ts';
import type { DispatchRequest } from '../../contracts/commands.ts';
import { refusal } from '../../contracts/faults.ts';
import type { Code, Refusal } from '../../contracts/faults.ts';
import type { AssetStatus } from '../../contracts/status.ts';
import type { Board } from '../board.ts';

const FUTURE_SLACK_MS = 60_000;

/** When an order ends, on both clocks. */
export type Times = { readonly expiresAtMs: number; readonly expiresAtWallMs: number };

/** It never lasts longer than its duration, whenever it was issued. */
export function timesOf(request: DispatchRequest, clock: Clock): Times | Refusal {
  const durationMs = request.duration_s * 1000;
  const nowWallMs = clock.wall();
  const issuedWallMs = request.issued_at === undefined ? nowWallMs : Date.parse(request.issued_at);
  if (issuedWallMs > nowWallMs + FUTURE_SLACK_MS) {
    return refusal(
      'BAD_REQUEST',
      `issued_at: got ${request.issued_at}, expected a time that is not in the future (clock of the site: ${new Date(nowWallMs).toISOString()})`,
    );
  }
  const leftMs = Math.min(durationMs, issuedWallMs + durationMs - nowWallMs);
  if (leftMs <= 0) return refusal('EXPIRED', `the order ended at ${new Date(issuedWallMs + durationMs).toISOString()}`);
  return { expiresAtMs: clock.now() + leftMs, expiresAtWallMs: nowWallMs + leftMs };
}

/** Could take part in a site order now. */
export function isReady(asset: AssetStatus | undefined): boolean {
  return asset?.connection === 'online' && !['tripped', 'fault', 'maintenance'].includes(asset.operation);
}

/** Ids of the orders that are carried out, by asset, as the drivers say: this dispatcher may be younger than they. */
export function underWay({ assets }: Pick<Board, 'assets'>): ReadonlyMap<string, string> {
  return new Map([...assets].flatMap(([id, { order }]) => (order ? [[id, order.id]] : [])));
}

/** Why an asset that shows itself can take no power. */
export function refusalCode(asset: AssetStatus | undefined): Code {
  if (asset?.operation === 'maintenance') return 'MAINTENANCE';
  if (asset?.operation === 'tripped' || asset?.operation === 'fault') return 'TRIPPED';
  if (asset?.connection === 'stale') return 'STALE';
  return asset?.connection === 'online' ? 'LIMIT' : 'LINK_DOWN';
}
