/**
 * Dispatcher actor: from a dispatch command to one order per asset, and the answer that says what was written.
 *
 * Owns     the ledger of ids, the orders that wait for their first write, the site order in force.
 * Accepts  dispatch and stop commands; ASSET_SEEN from the guard; ORDER_PHASE from drivers; LATCH_STATE from the E-stop.
 * Emits    GIVE_ORDER and STOP_ASSET to drivers; the reply once every asset has written or refused.
 * Ends     only on shutdown. A restarted one knows no orders: drivers go on with those that were answered, by their own expiry
 *          and permit, and end those that were not.
 */
import type { EventObject } from 'xstate';
import type { DispatchRequest, Reply } from '../../contracts/commands.ts';
import { CODES, refusal } from '../../contracts/faults.ts';
import type { Refusal } from '../../contracts/faults.ts';
import type { Limits } from '../../contracts/limits.ts';
import type { CommandCame, DispatcherMessage, OrderPhase } from '../../contracts/messages.ts';
import type { Order } from '../../contracts/operation.ts';
import type { SyncedFile } from '../../contracts/ports.ts';
import type { SiteConfig } from '../../contracts/site-config.ts';
import type { Profile } from '../../contracts/profile.ts';
import { allocateToAsset, allocateToSite } from '../../machines/site/allocation.ts';
import type { Allocation, AllocationInput } from '../../machines/site/allocation.ts';
import { wasReset } from '../../machines/site/latch-record.ts';
import { fromProcess } from '../../supervisor/process.ts';
import type { Board } from '../board.ts';
import { nameOfDriver } from '../driver/driver.actor.ts';
import { refusalCode, timesOf, underWay } from './checks.ts';
import type { Times } from './checks.ts';
import { Ledger } from './ledger.ts';
import { orderLives } from './lives.ts';
import { rateLimit } from './rate.ts';
import { Resting } from './resting.ts';
import { createSight } from './sight.ts';
import { siteOrder } from './site-order.ts';
import { Standing } from './standing.ts';
import { tracing } from './tracing.ts';
import type { Way } from './tracing.ts';
import { requestedWOf, waitingRoom } from './waiting.ts';

export type DispatcherInputs = {
  readonly site: SiteConfig;
  readonly limits: Limits;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly board: Board;
  /** Ids and sequences of orders. */
  readonly ledgerFile: SyncedFile;
};

/** The rest of the time to the answer is for the first write. */
const KEPT_WITHIN_MS = 2000;

export const dispatcherActor = fromProcess<DispatcherMessage, DispatcherInputs>(
  async ({ input, signal, clock, onMessage, send }) => {
    const { site, limits, profiles, board } = input;
    const ledger = new Ledger({ file: input.ledgerFile, clock, onDisk: ledgerAlarm });
    const mayAsk = rateLimit(clock);
    const traces = tracing(board, clock);
    // Read at once; whoever comes meanwhile waits for it.
    void ledger.loaded(clock.now());
    /** What voided every order that was on its way to the disk then: the last stop, or the last reset of a latch. */
    let voided: { readonly by: Refusal } | undefined;
    const standing = new Standing();
    const sight = createSight({ site, profiles, board, standing, nowMs: clock.now });
    const resting = new Resting();
    const waiting = waitingRoom(ledger, send, (id) => inForce.forget(id));
    const lives = orderLives({
      clock,
      board,
      answered: (id) => waiting.answer(id, signal.aborted ? 'NOT_READY' : 'TIMEOUT'),
      inForce: (id) => inForce.has(id),
    });
    const inForce = siteOrder({
      board,
      nowMs: clock.now,
      moment,
      ready: sight.ready,
      allocated: (allocation) => resting.note(allocation, clock.now()),
      give,
    });

    onMessage((message) => {
      switch (message.type) {
        case 'LATCH_STATE':
          if (wasReset(sight.latch(), message.latch))
            voided = { by: refusal('NOT_READY', 'a latch was reset since the order came: a reset starts nothing') };
          inForce.hearLatch(sight.latch(), message.latch);
          sight.hearLatch(message.latch);
          break;
        case 'DRIVER_STARTED':
          // No order is revived after a restart, a share of a site order neither.
          inForce.leave(message.assetId);
          break;
        case 'ASSET_SEEN':
          sight.see(message);
          inForce.tick();
          break;
        case 'ORDER_PHASE':
          hear(message);
          break;
        case 'COMMAND_CAME':
          carryOut(message);
          break;
      }
    });
    for (const { id } of site.assets) send(nameOfDriver(id), { type: 'DISPATCHER_STARTED' } as EventObject);
    send('estop', { type: 'LATCH_WANTED', from: 'dispatcher' } as EventObject);
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    lives.close();

    function carryOut({ message: { command, trace }, reply }: CommandCame): void {
      if (command.name === 'stop') return reply(stop(command.body.asset_id));
      if (command.name !== 'dispatch') return reply(refusal('BAD_REQUEST', `${command.name} is not answered here`));
      if (!mayAsk(command.body.issuer)) return reply(refusal('RATE_LIMITED'));
      void keepAndCarryOut(command.body, timesOf(command.body, clock), reply, voided, traces.came(trace));
    }

    /**
     * An order is carried out once its id is on the disk; its time, and that of its answer, runs from when it came. Stops wait
     * for nothing.
     */
    async function keepAndCarryOut(
      order: DispatchRequest,
      times: Times | Refusal,
      reply: (reply: Reply) => void,
      before: typeof voided,
      way: Way,
    ): Promise<void> {
      const cameAtMs = clock.now();
      const keptByMs = cameAtMs + KEPT_WITHIN_MS;
      if (!(await ledger.loaded(keptByMs))) return reply(refusal('NOT_KEPT'));
      const entered = ledger.enter(order, reply);
      if (entered === 'known') return;
      if (entered !== 'new') return reply(entered);
      lives.receive(order.id, cameAtMs);
      const kept = await ledger.keep(keptByMs);
      if (signal.aborted) return ledger.settle(order.id, refusal('NOT_READY', 'the site is shutting down'));
      if (!kept || !lives.keep(order.id)) {
        lives.refuse(order.id);
        return ledger.forget(order, refusal('NOT_KEPT'));
      }
      const refused = voided === before ? dispatch(order, times, way) : voided?.by;
      if (!refused) return;
      lives.refuse(order.id);
      if (!refused.ok) traces.decided(way, refused.code);
      ledger.settle(order.id, refused);
    }

    function ledgerAlarm(kept: boolean, why: 'unsaved' | 'unreadable'): void {
      if (why === 'unsaved')
        board.alarm('orders-unsaved', !kept, 'P2', 'the ids of orders cannot be kept on the disk: orders are refused');
      else
        board.alarm(
          'orders-unreadable',
          !kept,
          'P3',
          'the ids of earlier orders cannot be read: a repeated one would act again',
        );
    }

    function stop(assetId: string | undefined): Reply {
      if (assetId !== undefined && !site.assets.some(({ id }) => id === assetId)) return unknownAsset(assetId);
      const stopped = assetId === undefined ? site.assets.map(({ id }) => id) : [assetId];
      inForce.end();
      voided = { by: refusal('STOPPED') };
      const reached = stopped.filter((id) => send(nameOfDriver(id), { type: 'STOP_ASSET' } as EventObject));
      return { ok: true, data: { stopping: reached } };
    }

    /** Gives the orders out, or says why not. */
    function dispatch(request: DispatchRequest, times: Times | Refusal, way: Way): Reply | undefined {
      if ('ok' in times) return times;
      if (times.expiresAtMs <= clock.now()) return refusal('EXPIRED', 'the order ended before it could be carried out');
      const latch = sight.latch();
      if (!latch) return refusal('NOT_READY', 'the state of the emergency stop is not known yet');
      if (latch.estop) return refusal('ESTOP_LATCHED', `${CODES.ESTOP_LATCHED}: ${latch.estop.reason}`);
      if (site.readOnly) return refusal('READ_ONLY');
      if (request.site_id !== undefined && request.site_id !== site.site.id)
        return refusal('BAD_REQUEST', `site_id: got ${request.site_id}, expected ${site.site.id}`);
      if (request.asset_id !== undefined && !site.assets.some(({ id }) => id === request.asset_id))
        return unknownAsset(request.asset_id);
      const allocation = allocate(request);
      if ('ok' in allocation) return allocation;
      const { reference, shares } = allocation;
      const order = {
        id: request.id,
        reference,
        epoch: latch.epoch,
        issuer: request.issuer,
        trace: way.trace,
        ...times,
      };
      traces.decided(way);
      waiting.enter({
        request,
        allocation,
        order,
        before: request.asset_id === undefined ? underWay(board) : new Map(),
      });
      lives.give(
        request.id,
        shares.map(({ asset_id }) => asset_id),
        order.expiresAtMs,
      );
      if (request.asset_id === undefined) inForce.begin(order, requestedWOf(request));
      for (const { asset_id, final_w } of shares) give(asset_id, { ...order, w: final_w });
      return undefined;
    }

    function allocate(request: DispatchRequest): Allocation | Reply {
      const asked = { ...moment(), requestedW: requestedWOf(request), durationS: request.duration_s };
      return request.asset_id === undefined ? toSite(asked) : toAsset(asked, request.asset_id, request.reference);
    }

    function toSite(asked: AllocationInput): Allocation | Reply {
      if (!sight.someTakesOrders()) return refusal('NO_SETPOINT', 'no asset of this site can be given power');
      const ready = sight.ready();
      if (ready.length === 0)
        return refusal('LINK_DOWN', 'no asset can take an order now', {
          assets: [...board.assets.values()].map(({ asset_id, connection, operation }) => ({
            asset_id,
            connection,
            operation,
          })),
        });
      const allocation = allocateToSite(asked, ready);
      resting.note(allocation, clock.now());
      return allocation;
    }

    function toAsset(
      asked: AllocationInput,
      assetId: string,
      reference: DispatchRequest['reference'],
    ): Allocation | Reply {
      const target = asked.all.find(({ asset }) => asset.id === assetId);
      if (!target) return refusal('LINK_DOWN', `${assetId} has not shown itself yet`);
      const allocation = allocateToAsset(asked, target, reference ?? (target.hybrid ? 'battery' : 'ac'));
      if (asked.requestedW === 0 || allocation.appliedW !== 0) {
        inForce.leave(assetId);
        return allocation;
      }
      const { shares } = allocation;
      const code = refusalCode(board.assets.get(assetId));
      return refusal(code, `${CODES[code]}: ${shares.flatMap(({ reasons }) => reasons).join(', ')}`, {
        assets: shares,
      });
    }

    function give(assetId: string, order: Order): void {
      traces.given(assetId, order);
      standing.note(assetId, order, sight.of(assetId), clock.now());
      if (send(nameOfDriver(assetId), { type: 'GIVE_ORDER', order } as EventObject)) return;
      hear({ type: 'ORDER_PHASE', assetId, id: order.id, phase: 'refused', code: 'NOT_READY' });
    }

    /** The life of the order is last: its reply is due when all others know. */
    function hear(phase: OrderPhase): void {
      standing.hear(phase);
      waiting.hear(phase);
      inForce.hear(phase);
      lives.hear(phase);
    }

    function moment(): Omit<AllocationInput, 'requestedW' | 'durationS'> {
      const nowMs = clock.now();
      return { limits, room: sight.room(), all: sight.everybody(), nowMs, resting: resting.now(nowMs) };
    }

    function unknownAsset(assetId: string): Reply {
      return refusal('UNKNOWN_ASSET', `no asset is named ${assetId}`, { assets: site.assets.map(({ id }) => id) });
    }
  },
);
