/**
 * Driver actor: the only part of bessd that talks to one field device.
 *
 * Owns     the connection machine with its session, the operation machine, the cockpit.
 * Accepts  orders, stops, permits, trips and the latch; each takes effect before the sender goes on.
 * Emits    telemetry to the guard, order phases to the dispatcher, stop progress to the E-stop, reports to the board.
 * Ends     on shutdown, with the device in its exit state, or held where the E-stop's actor has ended and nobody could tell of
 *          a press; by a crash only when something is broken in here.
 */
import type { AnyActorRef, EventObject, SnapshotFrom } from 'xstate';
import type { LatchRecord } from '../../contracts/latch.ts';
import type { Disconnect, DriverMessage, GiveOrder, LatchState, Superseded } from '../../contracts/messages.ts';
import { connectionMachine } from '../../machines/device/connection.machine.ts';
import { followLatch } from '../../machines/device/follow-latch.ts';
import { startOver } from '../../machines/device/helm.ts';
import { operationMachine } from '../../machines/device/operation.machine.ts';
import { endsUnanswered } from '../../machines/device/order-answer.ts';
import { samePosture, wantedPosture } from '../../machines/device/posture.ts';
import { believesDisconnect, isStopped } from '../../machines/device/second-means.ts';
import type { Down } from '../../supervisor/monitor.ts';
import { fromProcess } from '../../supervisor/process.ts';
import { createCockpit } from './cockpit.ts';
import { firmwareChanged, operationOf, situationOf } from './situation.ts';
import type { Cockpit, DriverInput } from './cockpit.ts';
import { callOffDrill, startDrill } from './drill.ts';
import { openOrderNote } from './open-order.ts';
import { endOrder, orderPhase } from './orders.ts';
import { acceptFirmware } from './originals.ts';
import { connectionOf, updateBoard } from './reporting.ts';
import { refusalOf, refusalOfAll } from './refusal.ts';
import { latchSeenBy } from './second-means.ts';
import { session } from './session.ts';

/** A request in flight gets this long before the connection is dropped for a stop (control rules 4). */
const STOP_GRACE_MS = 300;
const SECOND_LOOK_MS = 20;
const STOP_TIMEOUT_MS = 60_000;
const EXIT_DEADLINE_MS = 4000;
const IDENTIFY_TIMEOUT_MS = 30_000;

export const driverActor = fromProcess<DriverMessage | Down, DriverInput>(
  async ({ input, signal, clock, lease, onMessage, send, spawn, monitor }) => {
    const { asset, profile, staleAfter, board } = input;
    const { transport } = profile;
    const cockpit = createCockpit(input, { clock, lease, send });
    const operation = spawn(operationMachine, {
      id: 'operation',
      input: { assetId: asset.id, stopTimeoutMs: STOP_TIMEOUT_MS },
    });
    cockpit.operation = operation as unknown as NonNullable<Cockpit['operation']>;
    let connection: AnyActorRef | undefined;
    /** The latch as it was told last. */
    let site: LatchRecord | undefined;

    watch(
      operation,
      () => operationOf(cockpit),
      (from, to) => transition('operation', from, to),
    );
    const note = openOrderNote(input.openOrderFile, asset.id, board);
    operation.subscribe({ next: ({ context }) => note.follow(context.order), error: () => undefined });
    onMessage(take);
    updateBoard(cockpit);
    send('dispatcher', { type: 'DRIVER_STARTED', assetId: asset.id } as EventObject);
    monitor('estop');
    // The device is not touched before the latch is known: after a restart the first write may have to be a stop.
    send('estop', { type: 'LATCH_WANTED', from: nameOfDriver(asset.id) } as EventObject);
    await untilAborted();
    await leave();

    function take(message: DriverMessage | Down): void {
      switch (message.type) {
        case 'LATCH_STATE':
          takeLatch(message);
          break;
        case 'PERMIT':
          // What it stops is written first.
          cockpit.permit = message.permit;
          queueMicrotask(() => updateBoard(cockpit));
          return cockpit.wake();
        case 'GIVE_ORDER':
          takeOrder(message);
          break;
        case 'STOP_ASSET':
          operation.send({ type: 'STOP' });
          break;
        case 'DISPATCHER_STARTED':
          endUnanswered();
          break;
        case 'SUPERSEDED':
          takeSuperseded(message);
          break;
        case 'DISCONNECT':
          takeDisconnect(message);
          break;
        case 'START_DRILL':
          startDrill(cockpit, message);
          break;
        case 'ACCEPT_FIRMWARE':
          acceptFirmware(cockpit);
          board.alarm('firmware-changed', firmwareChanged(cockpit), 'P2', '', asset.id);
          break;
        case 'DOWN':
          unwatched();
          break;
      }
      updateBoard(cockpit);
      cockpit.wake();
    }

    /** The latch of the site changed, or is told for the first time. */
    function takeLatch({ latch: whole }: LatchState): void {
      site = whole;
      if (input.disconnects !== undefined && !isStopped(whole, input.disconnects)) cockpit.disconnect = undefined;
      const latch = latchSeenBy(cockpit, whole);
      const { context } = operation.getSnapshot() as SnapshotFrom<typeof operationMachine>;
      const steps = followLatch(context, cockpit.epoch, latch, asset.id);
      cockpit.epoch = Math.max(cockpit.epoch, latch.epoch);
      const tagged = latch.maintenance[asset.id];
      const tripped = latch.trips[asset.id];
      for (const { event, ends } of steps) {
        if (ends) failOrder(ends);
        if (event.type !== 'TRIP_RESET' && event.type !== 'ESTOP_RESET') callOffDrill(cockpit, event.type);
        operation.send(event);
        if (event.type === 'ESTOP') engaged(tagged !== undefined);
        if (event.type === 'ESTOP' || event.type === 'TRIP') stopSoon();
      }
      const { sinceWallMs, cause } = tripped ?? {};
      const line = board.assets.get(asset.id);
      if (line)
        board.assets.set(asset.id, {
          ...line,
          maintenance: tagged ?? null,
          trip: cause === undefined ? null : { cause, since: new Date(sinceWallMs ?? 0).toISOString() },
        });
      if (!connection) connect();
    }

    /** Believed only while an E-stop or a trip of the asset stands as this driver knows it. */
    function takeDisconnect({ epoch, cause }: Disconnect): void {
      const { disconnects } = input;
      if (!site || disconnects === undefined || !believesDisconnect(site, disconnects, epoch)) return;
      cockpit.disconnect = cause;
      takeLatch({ type: 'LATCH_STATE', latch: site });
    }

    function engaged(tagged: boolean): void {
      const code = refusalOfAll(cockpit, tagged);
      if (code) send('estop', { type: 'STOP_PROGRESS', assetId: asset.id, stage: 'refused', code } as EventObject);
      // Pressed again: the whole sequence once more.
      cockpit.helm = startOver(cockpit.helm);
      // A zero that belongs to the stop before is no answer to this one.
      cockpit.stoppedAtMs = undefined;
    }

    /** The E-stop's actor has ended. This driver is told to end as well, but only when all that began after it has ended. */
    function unwatched(): void {
      cockpit.unwatched = true;
      callOffDrill(cockpit, 'the E-stop begins anew');
      failOrder('STOPPED');
    }

    function takeOrder({ order }: GiveOrder): void {
      const code = refusalOf(cockpit, order, connectionOf(cockpit));
      if (code) return void orderPhase(cockpit, order, { phase: 'refused', code });
      const before = cockpit.operation?.getSnapshot().context.order;
      // Another share of the same order takes nobody's place.
      if (before && before.id !== order.id) orderPhase(cockpit, before, { phase: 'superseded', code: 'SUPERSEDED' });
      cockpit.corrections = [];
      cockpit.gapsAtOrder = input.stopperLine?.gaps() ?? 0;
      operation.send({ type: 'ORDER', order });
    }

    function takeSuperseded({ id }: Superseded): void {
      const order = cockpit.operation?.getSnapshot().context.order;
      if (order?.id === id && operationOf(cockpit) !== 'stopping') endOrder(cockpit, order, 'SUPERSEDED');
    }

    /** Who gave it was told no, so it must not move power (a write that is on its way still may, until the next one). */
    function endUnanswered(): void {
      const order = cockpit.operation?.getSnapshot().context.order;
      if (endsUnanswered(order, cockpit.answeredOrder)) endOrder(cockpit, order, 'NOT_READY');
    }

    function connect(): void {
      const staleAfterMs = staleAfter.fast;
      connection = spawn(connectionMachine.provide({ actors: { session: session as never } }), {
        id: 'connection',
        input: {
          assetId: asset.id,
          connectTimeoutMs: transport.timeoutMs + transport.connectDelayMs + 1000,
          identifyTimeoutMs: IDENTIFY_TIMEOUT_MS,
          staleAfterMs,
          giveUpAfterMs: staleAfterMs,
          session: cockpit,
        },
      });
      cockpit.connection = connection;
      watch(
        connection,
        () => connectionOf(cockpit),
        (from, to) => {
          // No order is revived after a stale or lost link.
          if (to !== 'online') failOrder('LINK_DOWN');
          if (to !== 'connecting' && to !== 'identifying')
            board.alarm('link-down', to !== 'online', 'P2', `no proven connection to ${asset.id}`, asset.id);
          transition('connection', from, to);
        },
      );
    }

    /** Somebody waits for a stop: do not sleep, do not wait for a hanging request, do not wait for the next try. */
    function stopSoon(): void {
      const { port, exchanges } = cockpit;
      connection?.send({ type: 'HURRY' });
      if (!port) return;
      // On a link that is idle, because nothing may be written, nothing hangs.
      const hangs = (): boolean =>
        cockpit.port === port && cockpit.exchanges === exchanges && cockpit.awaitsAnswer && lease.held;
      // Twice: after a stall of this process an answer may have come and not been read yet.
      clock.setTimeout(() => {
        if (hangs()) clock.setTimeout(() => hangs() && port.drop('stop'), SECOND_LOOK_MS);
      }, STOP_GRACE_MS - SECOND_LOOK_MS);
    }

    function failOrder(code: Parameters<typeof endOrder>[2]): void {
      const order = cockpit.operation?.getSnapshot().context.order;
      if (order) endOrder(cockpit, order, code);
    }

    function transition(machine: string, from: string, to: string): void {
      updateBoard(cockpit);
      board.event('transition', { asset_id: asset.id, machine, from, to });
      cockpit.wake();
    }

    /** Orderly exit: the device in its exit state, as far as it can be reached in the time that is left. */
    async function leave(): Promise<void> {
      failOrder('STOPPED');
      cockpit.exiting = true;
      const deadline = clock.now() + EXIT_DEADLINE_MS;
      while (lease.held && clock.now() < deadline && !inExitState()) {
        cockpit.wake();
        await new Promise<void>((resolve) => clock.setTimeout(resolve, 20));
      }
    }

    function inExitState(): boolean {
      if ((!cockpit.port && !cockpit.resting) || !profile.control) return true;
      const wanted = wantedPosture(situationOf(cockpit));
      const { posture, passage } = cockpit.helm;
      return !passage && (wanted.kind === 'none' || samePosture(posture, wanted));
    }

    function untilAborted(): Promise<void> {
      return new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve())));
    }
  },
);

export function nameOfDriver(assetId: string): string {
  return `driver:${assetId}`;
}

/** Calls back on every change of what `read` makes of the snapshot. */
function watch(
  actor: AnyActorRef,
  read: (snapshot: { value?: unknown }) => string,
  changed: (from: string, to: string) => void,
): void {
  let last = read(actor.getSnapshot() as { value?: unknown });
  actor.subscribe({
    next: (snapshot) => {
      const now = read(snapshot as { value?: unknown });
      if (now === last) return;
      const from = last;
      last = now;
      changed(from, now);
    },
    error: () => undefined,
  });
}
