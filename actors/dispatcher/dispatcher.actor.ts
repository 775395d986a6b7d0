/**
 * Dispatcher actor: from a dispatch command to one order per asset, and the answer that says what was written.
 *
 * Owns     the ledger of ids, the orders that wait for their first write, the site order in force.
 * Accepts  dispatch and stop commands; ASSET_SEEN from the guard; ORDER_PHASE from drivers; LATCH_STATE from the E-stop.
 * Emits    GIVE_ORDER and STOP_ASSET to drivers; the reply once every asset has written or refused.
 * Ends     only on shutdown. A restarted one knows no orders: drivers go on by their own expiry and permit.
 */
import type { EventObject } from 'xstate';
import type { AssetShare, DispatchReply, DispatchRequest, Reply } from '../../contracts/commands.ts';
import { CODES, refusal } from '../../contracts/faults.ts';
import type { Limits } from '../../contracts/limits.ts';
import type { LatchRecord } from '../../contracts/latch.ts';
import type { CommandCame, DispatcherMessage, OrderPhase } from '../../contracts/messages.ts';
import type { Order } from '../../contracts/operation.ts';
import type { SiteConfig } from '../../contracts/site-config.ts';
import type { Profile } from '../../contracts/profile.ts';
import { allocateToAsset, allocateToSite } from '../../machines/site/allocation.ts';
import type { Allocation } from '../../machines/site/allocation.ts';
import type { Seen } from '../../machines/site/headroom.ts';
import { minutes } from '../../contracts/units.ts';
import { fromProcess } from '../../supervisor/process.ts';
import type { Board } from '../board.ts';
import { nameOfDriver } from '../driver/driver.actor.ts';
import { isReady, refusalCode, timesOf } from './checks.ts';
import { Ledger } from './ledger.ts';

export type DispatcherInputs = {
  readonly site: SiteConfig;
  readonly limits: Limits;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly board: Board;
};

/** What an order waits for: the first write, or the refusal, of each of its assets. */
type Waiting = {
  readonly request: DispatchRequest;
  readonly allocation: Allocation;
  readonly order: Omit<Order, 'w'>;
  readonly heard: Map<string, OrderPhase>;
};

/** A site order in force: its failed shares are offered to the others. */
type InForce = {
  readonly order: Omit<Order, 'w'>;
  readonly requestedW: number;
  readonly failed: Set<string>;
  solveAgain: boolean;
};

const FIRST_WRITE_WITHIN_MS = 3500;
/** How long an asset that was left out for its least power stays out (control rules 9). */
const REST_MS = minutes(15);

export const dispatcherActor = fromProcess<DispatcherMessage, DispatcherInputs>(
  async ({ input, signal, clock, onMessage, send }) => {
    const { site, limits, profiles, board } = input;
    const ledger = new Ledger();
    const seen = new Map<string, Seen>();
    const waiting = new Map<string, Waiting>();
    const resting = new Map<string, number>();
    let latch: LatchRecord | undefined;
    let inForce: InForce | undefined;

    onMessage((message) => {
      switch (message.type) {
        case 'LATCH_STATE':
          latch = message.latch;
          if (latch.estop) inForce = undefined;
          break;
        case 'ASSET_SEEN':
          see(message.frame.assetId, message);
          break;
        case 'ORDER_PHASE':
          hear(message);
          break;
        case 'COMMAND_CAME':
          carryOut(message);
          break;
      }
    });
    send('estop', { type: 'LATCH_WANTED', from: 'dispatcher' } as EventObject);
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    for (const [id] of waiting) ledger.settle(id, refusal('NOT_READY', 'the site is shutting down'));

    function see(assetId: string, { frame, permit }: Pick<Seen, 'frame' | 'permit'>): void {
      const asset = site.assets.find(({ id }) => id === assetId);
      if (asset) seen.set(assetId, { asset, hybrid: profiles.get(assetId)?.kind === 'hybrid', frame, permit });
      if (inForce?.solveAgain) resolveAgain(inForce);
    }

    function carryOut({ message: { command }, reply }: CommandCame): void {
      if (command.name === 'stop') return reply(stop(command.body.asset_id));
      if (command.name !== 'dispatch') return reply(refusal('BAD_REQUEST', `${command.name} is not answered here`));
      const entered = ledger.enter(command.body, reply);
      if (entered === 'known') return;
      if (entered !== 'new') return reply(entered);
      const refused = dispatch(command.body);
      if (refused) ledger.settle(command.body.id, refused);
    }

    function stop(assetId: string | undefined): Reply {
      if (assetId !== undefined && !site.assets.some(({ id }) => id === assetId)) return unknownAsset(assetId);
      const targets = assetId === undefined ? site.assets.map(({ id }) => id) : [assetId];
      inForce = undefined;
      const reached = targets.filter((id) => send(nameOfDriver(id), { type: 'STOP_ASSET' } as EventObject));
      return { ok: true, data: { stopping: reached } };
    }

    /** Gives the orders out, or says why not. */
    function dispatch(request: DispatchRequest): Reply | undefined {
      if (!latch) return refusal('NOT_READY', 'the state of the emergency stop is not known yet');
      if (latch.estop) return refusal('ESTOP_LATCHED', `${CODES.ESTOP_LATCHED}: ${latch.estop.reason}`);
      if (site.readOnly) return refusal('READ_ONLY');
      if (request.site_id !== undefined && request.site_id !== site.site.id)
        return refusal('BAD_REQUEST', `site_id: got ${request.site_id}, expected ${site.site.id}`);
      if (request.asset_id !== undefined && !site.assets.some(({ id }) => id === request.asset_id))
        return unknownAsset(request.asset_id);
      const times = timesOf(request, clock);
      if ('ok' in times) return times;

      const requestedW = request.w ?? (request.mw ?? 0) * 1e6;
      const base = {
        requestedW,
        durationS: request.duration_s,
        limits,
        grid: site.grid,
        all: [...seen.values()],
        nowMs: clock.now(),
        resting: restingNow(),
      };
      let allocation: Allocation;
      if (request.asset_id === undefined) {
        const targets = [...seen.values()].filter(({ asset }) => ready(asset.id));
        if (targets.length === 0)
          return refusal('LINK_DOWN', 'no asset can take an order now', {
            assets: [...board.assets.values()].map(({ asset_id, connection, operation }) => ({
              asset_id,
              connection,
              operation,
            })),
          });
        allocation = allocateToSite(base, targets);
        noteResting(allocation);
      } else {
        const target = seen.get(request.asset_id);
        if (!target) return refusal('LINK_DOWN', `${request.asset_id} has not shown itself yet`);
        const hybrid = target.hybrid;
        allocation = allocateToAsset(base, target, request.reference ?? (hybrid ? 'battery' : 'ac'));
        inForce?.failed.add(request.asset_id);
      }
      const order = {
        id: request.id,
        reference: allocation.reference,
        epoch: latch.epoch,
        issuer: request.issuer,
        ...times,
      };
      if (requestedW !== 0 && allocation.appliedW === 0 && request.asset_id !== undefined) {
        const asset = board.assets.get(request.asset_id);
        const code = refusalCode(asset);
        return refusal(code, `${CODES[code]}: ${allocation.shares.flatMap(({ reasons }) => reasons).join(', ')}`, {
          assets: allocation.shares,
        });
      }
      waiting.set(request.id, { request, allocation, order, heard: new Map() });
      if (request.asset_id === undefined) inForce = { order, requestedW, failed: new Set(), solveAgain: false };
      for (const { asset_id, final_w } of allocation.shares) {
        const given = send(nameOfDriver(asset_id), {
          type: 'GIVE_ORDER',
          order: { ...order, w: final_w },
        } as EventObject);
        if (!given)
          hear({ type: 'ORDER_PHASE', assetId: asset_id, id: request.id, phase: 'refused', code: 'NOT_READY' });
      }
      clock.setTimeout(() => giveUp(request.id), FIRST_WRITE_WITHIN_MS);
      return undefined;
    }

    function ready(assetId: string): boolean {
      return isReady(board.assets.get(assetId)) && profiles.get(assetId)?.control !== undefined;
    }

    /** An asset below its least power rests for a while, so that a wavering order does not switch it on and off. */
    function restingNow(): ReadonlySet<string> {
      return new Set([...resting].filter(([, untilMs]) => clock.now() < untilMs).map(([id]) => id));
    }

    function noteResting({ shares }: Allocation): void {
      const already = restingNow();
      for (const { asset_id, reasons } of shares) {
        if (!reasons.includes('MIN_POWER')) resting.delete(asset_id);
        else if (!already.has(asset_id)) resting.set(asset_id, clock.now() + REST_MS);
      }
    }

    function hear(phase: OrderPhase): void {
      const wait = waiting.get(phase.id);
      if (wait && !wait.heard.has(phase.assetId)) {
        wait.heard.set(phase.assetId, phase);
        if (wait.heard.size === wait.allocation.shares.length) answer(wait);
      }
      if (inForce?.order.id !== phase.id) return;
      if (
        phase.phase === 'refused' ||
        phase.phase === 'failed' ||
        phase.phase === 'not_following' ||
        (phase.phase === 'stopped' && phase.code !== 'STOPPED')
      ) {
        inForce.failed.add(phase.assetId);
        inForce.solveAgain = true;
      } else if (phase.phase === 'superseded') {
        inForce.failed.add(phase.assetId);
      } else if (phase.phase === 'expired') {
        inForce = undefined;
      }
    }

    /** A share that failed is offered to the others, at the next frame of any of them. */
    function resolveAgain(force: InForce): void {
      force.solveAgain = false;
      const leftS = (force.order.expiresAtMs - clock.now()) / 1000;
      const targets = [...seen.values()].filter(({ asset }) => ready(asset.id) && !force.failed.has(asset.id));
      if (leftS <= 0 || targets.length === 0) return;
      const allocation = allocateToSite(
        {
          requestedW: force.requestedW,
          durationS: leftS,
          limits,
          grid: site.grid,
          all: [...seen.values()],
          nowMs: clock.now(),
        },
        targets,
      );
      for (const { asset_id, final_w } of allocation.shares)
        send(nameOfDriver(asset_id), { type: 'GIVE_ORDER', order: { ...force.order, w: final_w } } as EventObject);
      board.event('command', {
        id: force.order.id,
        phase: 'shared_again',
        reason: [...force.failed].join(','),
        final_w: allocation.appliedW,
        residual_w: allocation.residualW,
      });
    }

    function giveUp(id: string): void {
      const wait = waiting.get(id);
      if (!wait) return;
      for (const { asset_id } of wait.allocation.shares) {
        if (wait.heard.has(asset_id)) continue;
        // Nobody may be left in doubt: what was not written in time is not going to be.
        send(nameOfDriver(asset_id), { type: 'STOP_ASSET' } as EventObject);
        wait.heard.set(asset_id, { type: 'ORDER_PHASE', assetId: asset_id, id, phase: 'refused', code: 'TIMEOUT' });
      }
      answer(wait);
    }

    function answer({ request, allocation, order, heard }: Waiting): void {
      waiting.delete(request.id);
      const assets: AssetShare[] = allocation.shares.map((share) => {
        const phase = heard.get(share.asset_id);
        if (phase?.phase === 'written') return { ...share, written_w: phase.writtenW ?? null };
        return { ...share, final_w: 0, written_w: null, reasons: [...share.reasons, phase?.code ?? 'TIMEOUT'] };
      });
      const requested = request.w ?? (request.mw ?? 0) * 1e6;
      const applied = assets.reduce((sum, { final_w }) => sum + final_w, 0);
      const nobody = assets.every(({ written_w }) => written_w === null);
      const first = heard.get(assets[0]?.asset_id ?? '');
      if (nobody)
        return ledger.settle(
          request.id,
          refusal(first?.code ?? 'NO_PERMIT', CODES[first?.code ?? 'NO_PERMIT'], { assets }),
        );
      const residual = requested - applied;
      const data: DispatchReply = {
        id: request.id,
        status: Math.abs(residual) < 1e-6 ? 'accepted' : 'clamped',
        requested_w: requested,
        applied_w: applied,
        residual_w: residual,
        expires_at: new Date(order.expiresAtWallMs).toISOString(),
        precedence: request.asset_id === undefined ? 'site' : 'asset',
        assets,
      };
      ledger.settle(request.id, { ok: true, data });
    }

    function unknownAsset(assetId: string): Reply {
      return refusal('UNKNOWN_ASSET', `no asset is named ${assetId}`, { assets: site.assets.map(({ id }) => id) });
    }
  },
);
