/**
 * E-stop actor: the latch of the site.
 *
 * Owns     the latch record, in memory and on disk; the epoch.
 * Accepts  stops from anyone, trips from the guard, resets and maintenance from authorised people.
 * Emits    LATCH_STATE to every driver first, then guard and dispatcher; the file is written beside it.
 * Ends     only on shutdown. It starts latched when its file cannot be understood; one that takes the place of another
 *          goes on with its latch, and engages for whoever it has not answered.
 */
import type { EventObject } from 'xstate';
import type { EstopReply, Reply } from '../../contracts/commands.ts';
import type { LatchRecord } from '../../contracts/latch.ts';
import type { EstopMessage, EstopRequested, StopProgress, TripRequested } from '../../contracts/messages.ts';
import { bmsIdOf, resetMode } from '../../contracts/site-config.ts';
import { traceField } from '../../contracts/trace.ts';
import { estopMachine } from '../../machines/site/estop.machine.ts';
import { engaged, tripped } from '../../machines/site/latch-record.ts';
import { fromProcess } from '../../supervisor/process.ts';
import { nameOfDriver } from '../driver/driver.actor.ts';
import type { EstopInputs } from './inputs.ts';
import { answerLatchCommand } from './latch-commands.ts';
import { loadLatch } from './latch-store.ts';

const REPLY_WITHIN_MS = 2800;
const SAVE_AGAIN_MS = 5000;
/** What the states of the machine are called outside, where it is not their name. */
const STATES: Readonly<Record<string, string>> = { engaging: 'latched', resetRequested: 'reset_requested' };

/** One stop under way: who has been stopped so far, and who waits for the answer. */
type Stopping = {
  readonly written: Set<string>;
  readonly zero: Set<string>;
  readonly refused: Set<string>;
  settle: () => void;
};

export const estopActor = fromProcess<EstopMessage, EstopInputs>(
  async ({ input, signal, clock, onMessage, send, spawn }) => {
    const { site, board, file, memory } = input;
    const assetIds = site.assets.map(({ id }) => id);
    const known = memory.latch;
    const { latch: found, doubt } = known ? { latch: known, doubt: undefined } : await loadLatch(file, clock);
    board.alarm(
      'latch-unreadable',
      doubt !== undefined,
      'P1',
      `the latch file cannot be trusted (${doubt}): the site starts latched`,
    );
    let latch = found;
    memory.latch = found;
    /** Those that this incarnation has engaged for. */
    const engagedFor = new Set<EstopRequested>();
    let saved = doubt === undefined;
    let saving: Promise<boolean> = Promise.resolve(saved);
    let stopping: Stopping | undefined;
    /** Steps of the assets that were reported since the last press: a device that is stuck on is stopped on every poll. */
    let reported = new Set<string>();
    const machine = spawn(estopMachine, {
      id: 'estop-machine',
      input: { epoch: latch.epoch, latched: latch.estop !== null, mode: resetMode(site) },
    });
    // A request to reset lapses by itself, and nobody else would say so.
    machine.subscribe({ next: () => input.onLatch(viewOf()), error: () => undefined });

    tellAll();
    if (known) save();
    for (const request of memory.asked) engage(request);
    onMessage(take);
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    await saving;

    function take(message: EstopMessage): void {
      switch (message.type) {
        case 'LATCH_WANTED':
          tell(message.from);
          break;
        case 'ESTOP_REQUESTED':
          engage(message);
          break;
        case 'TRIP_REQUESTED':
          trip(message);
          break;
        case 'STOP_PROGRESS':
          progress(message);
          break;
        case 'LATCH_COMMAND':
          message.reply(
            answerLatchCommand({ input, clock, machine, latch, change, tellDriver, tellGuard }, message.message),
          );
          break;
      }
    }

    /** Devices first, disk beside it. */
    function engage(request: EstopRequested): void {
      if (engagedFor.has(request)) return;
      engagedFor.add(request);
      const { reason, issuer, trace, reply, askedAtMs } = request;
      machine.send({ type: 'ENGAGE' });
      stopping = { written: new Set(), zero: new Set(), refused: new Set(), settle: () => {} };
      const mine = stopping;
      reported = new Set();
      change(engaged(latch, epochOf(), { sinceWallMs: clock.wall(), reason, issuer }));
      board.event('estop', { state: 'latched', reason, issuer, epoch: latch.epoch, ...traceField(trace) });
      board.alarm('estop-latched', true, 'P1', `emergency stop: ${reason} (${issuer})`);
      void answer(mine, saving, askedAtMs).then((told) => {
        memory.asked.delete(request);
        engagedFor.delete(request);
        reply(told);
      });
    }

    async function answer(mine: Stopping, save: Promise<boolean>, askedAtMs: number): Promise<Reply<EstopReply>> {
      const leftMs = Math.max(0, REPLY_WITHIN_MS - (clock.now() - askedAtMs));
      await new Promise<void>((resolve) => {
        const timer = clock.setTimeout(resolve, leftMs);
        mine.settle = () => {
          if (assetIds.some((id) => !mine.zero.has(id) && !mine.refused.has(id))) return;
          clock.clearTimeout(timer);
          resolve();
        };
        mine.settle();
      });
      if (mine === stopping) machine.send({ type: 'STOPPED' });
      const onDisk = await Promise.race([
        save,
        new Promise<boolean>((resolve) => clock.setTimeout(() => resolve(false), 100)),
      ]);
      const { written, zero, refused } = mine;
      const unconfirmed = assetIds.filter((id) => !zero.has(id) && !refused.has(id));
      return {
        ok: true,
        data: {
          written: [...written],
          zero: [...zero],
          unconfirmed,
          refused: [...refused],
          latched: onDisk ? 'disk' : 'memory',
        },
      };
    }

    function progress({ assetId, stage, code }: StopProgress): void {
      // A meter has nothing that could be stopped.
      if (!assetIds.includes(assetId)) return;
      const step = `${assetId} ${stage} ${code ?? ''}`;
      if (latch.estop && !reported.has(step)) {
        reported.add(step);
        board.event('estop', { state: stage, asset_id: assetId, ...(code ? { reason: code } : {}) });
      }
      stopping?.[stage].add(assetId);
      stopping?.settle();
    }

    function trip({ assetId, kind, cause }: TripRequested): void {
      const next = tripped(latch, assetId, { kind, cause, sinceWallMs: clock.wall() });
      if (!next) return;
      board.event('trip', { asset_id: assetId, latch: kind, cause });
      board.alarm(kind === 'trip' ? 'tripped' : 'device-fault', true, 'P1', cause, assetId);
      change(next);
    }

    function change(next: LatchRecord): void {
      latch = next;
      memory.latch = next;
      tellAll();
      save();
    }

    function save(): void {
      const text = JSON.stringify(latch);
      saving = file.save(text).then(
        () => true,
        () => {
          clock.setTimeout(save, SAVE_AGAIN_MS);
          return false;
        },
      );
      void saving.then((isSaved) => {
        saved = isSaved;
        board.alarm(
          'latch-unsaved',
          !isSaved,
          'P1',
          'the latch of emergency stop and trips cannot be written to the disk: it holds in memory only',
        );
      });
    }

    function tellAll(): void {
      for (const id of assetIds) tell(nameOfDriver(id));
      // The others that may be written: what could disconnect a battery looks at the latch itself.
      for (const asset of site.assets) if (asset.bms?.allowDisconnect) tell(nameOfDriver(bmsIdOf(asset)));
      tell('guard');
      tell('dispatcher');
      input.onLatch(viewOf());
    }

    function tell(name: string): void {
      send(name, { type: 'LATCH_STATE', latch } as EventObject);
    }

    function tellDriver(assetId: string, message: EventObject): boolean {
      return send(nameOfDriver(assetId), message);
    }

    function tellGuard(message: EventObject): boolean {
      return send('guard', message);
    }

    function epochOf(): number {
      return (machine.getSnapshot() as unknown as { context: { epoch: number } }).context.epoch;
    }

    function viewOf(): { latch: LatchRecord; state: string; saved: boolean } {
      const { value } = machine.getSnapshot() as unknown as { value: string };
      return { latch, state: STATES[value] ?? value, saved };
    }
  },
);
