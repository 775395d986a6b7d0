/**
 * Orders that wait for the first write, or the refusal, of each of their assets, and the reply that says what was written.
 */
import type { EventObject } from 'xstate';
import type { AssetShare, DispatchReply, DispatchRequest } from '../../contracts/commands.ts';
import { CODES, refusal } from '../../contracts/faults.ts';
import type { OrderPhase } from '../../contracts/messages.ts';
import type { Order } from '../../contracts/operation.ts';
import type { Allocation } from '../../machines/site/allocation.ts';
import { nameOfDriver } from '../driver/driver.actor.ts';
import type { Ledger } from './ledger.ts';

type Waiting = {
  readonly request: DispatchRequest;
  readonly allocation: Allocation;
  readonly order: Omit<Order, 'w'>;
  /** What each asset of the order's reach carried out when it came: id of the order, by asset. */
  readonly before: ReadonlyMap<string, string>;
  readonly heard: Map<string, OrderPhase>;
};

export type WaitingRoom = {
  readonly enter: (row: Omit<Waiting, 'heard'>) => void;
  readonly hear: (phase: OrderPhase) => void;
  /**
   * The reply is due. `late` is said of assets that have not answered; they are stopped, so that nobody is left with a
   * refusal and power that comes after it.
   */
  readonly answer: (id: string, late: 'TIMEOUT' | 'NOT_READY') => void;
};

export function waitingRoom(
  ledger: Ledger,
  send: (name: string, message: EventObject) => boolean,
  /** Nobody wrote it, and the reply says so: it must not move power later either. */
  refused: (id: string) => void,
): WaitingRoom {
  const waiting = new Map<string, Waiting>();
  return {
    enter(row) {
      waiting.set(row.request.id, { ...row, heard: new Map() });
    },
    hear(phase) {
      const wait = waiting.get(phase.id);
      if (!wait?.heard.has(phase.assetId)) wait?.heard.set(phase.assetId, phase);
    },
    answer(id, late) {
      const wait = waiting.get(id);
      if (!wait) return;
      for (const { asset_id } of wait.allocation.shares) {
        if (wait.heard.has(asset_id)) continue;
        send(nameOfDriver(asset_id), { type: 'STOP_ASSET' });
        wait.heard.set(asset_id, { type: 'ORDER_PHASE', assetId: asset_id, id, phase: 'refused', code: late });
      }
      settle(wait);
    },
  };

  function settle(wait: Waiting): void {
    waiting.delete(wait.request.id);
    const assets = sharesOf(wait);
    const first = wait.heard.get(assets[0]?.asset_id ?? '');
    const nobody = assets.every(({ written_w }) => written_w === null);
    const code = first?.code ?? 'NO_PERMIT';
    if (nobody) refused(wait.request.id);
    else supersede(wait);
    ledger.settle(
      wait.request.id,
      nobody ? refusal(code, CODES[code], { assets }) : { ok: true, data: replyOf(wait, assets) },
    );
  }

  /**
   * A site order takes the place of every order before it, also where it brings no share: the asset had not shown itself yet, or
   * refused. By the id, so that nothing newer ends.
   */
  function supersede({ before, heard }: Waiting): void {
    for (const [assetId, id] of before)
      if (heard.get(assetId)?.phase !== 'written')
        send(nameOfDriver(assetId), { type: 'SUPERSEDED', id } as EventObject);
  }
}

function sharesOf({ allocation, heard }: Waiting): readonly AssetShare[] {
  return allocation.shares.map((share) => {
    const phase = heard.get(share.asset_id);
    if (phase?.phase === 'written') return { ...share, written_w: phase.writtenW ?? null };
    return { ...share, final_w: 0, written_w: null, reasons: [...share.reasons, phase?.code ?? 'TIMEOUT'] };
  });
}

function replyOf({ request, order }: Waiting, assets: readonly AssetShare[]): DispatchReply {
  const requested = requestedWOf(request);
  const applied = assets.reduce((sum, { final_w }) => sum + final_w, 0);
  const residual = requested - applied;
  return {
    id: request.id,
    // Less than a watt is what registers cannot hold.
    status: Math.abs(residual) < 1 ? 'accepted' : 'clamped',
    requested_w: requested,
    applied_w: applied,
    residual_w: residual,
    expires_at: new Date(order.expiresAtWallMs).toISOString(),
    precedence: request.asset_id === undefined ? 'site' : 'asset',
    assets: [...assets],
  };
}

export function requestedWOf({ w, mw }: DispatchRequest): number {
  return w ?? (mw ?? 0) * 1e6;
}
