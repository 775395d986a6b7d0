/**
 * One connection to the target, from opening to its first fault.
 *
 * Owns     the target.
 * Does     one batch at a time: live data first, the backlog in the rest of the time, in batches that the link takes in
 *          half a second. The cursor moves when a batch is acknowledged, so what is under way when a link breaks is sent
 *          again under the same id.
 * Ends     with a fault of the target or of the record; the machine decides when to try again.
 */
import type { EventObject } from 'xstate';
import type { Log } from '../../contracts/log-events.ts';
import type { SyncedFile } from '../../contracts/ports.ts';
import type { UplinkReport } from '../../contracts/reports.ts';
import type { Cursor, OpenTarget, Outbox } from '../../contracts/uplink.ts';
import { acknowledged, depth, nextBacklog, nextLive, trimmed } from '../../machines/uplink/cursor.ts';
import type { Next } from '../../machines/uplink/cursor.ts';
import { FIRST_BATCH, nextBatch } from '../../machines/uplink/pace.ts';
import type { UplinkEvent } from '../../machines/uplink/uplink.machine.ts';
import { fromProcess } from '../../supervisor/process.ts';
import { saveCursor } from './cursor-file.ts';

export type UplinkInput = {
  readonly id: string;
  readonly openTarget: OpenTarget;
  readonly openOutbox: () => Outbox;
  readonly cursorFile: SyncedFile;
  readonly maxPerSecond: number;
  readonly batch: number;
  readonly jitter: () => number;
  readonly report: (report: UplinkReport) => void;
  readonly log: Log;
};

/** What outlives a session. */
export type Courier = UplinkInput & {
  cursor: Cursor;
  outbox: number;
  tell: ((event: UplinkEvent) => void) | undefined;
  saving?: Promise<void>;
};

/** How often the record is looked at; live data is no older than this and one batch. */
const LOOK_MS = 250;
const SAVE_EVERY_MS = 1000;

export const session = fromProcess<EventObject, Courier>(async ({ input: courier, signal, clock }) => {
  using outbox = courier.openOutbox();
  courier.outbox = depth(courier.cursor, outbox.heads());
  await using target = await courier.openTarget(signal);
  const since = Object.fromEntries(outbox.heads().map(({ streamId, to }) => [streamId, to]));
  let savedAtMs = clock.now();
  let unsaved = false;
  let backlogBatch = Math.min(FIRST_BATCH, courier.batch);
  courier.tell?.({ type: 'OPENED' });

  while (!signal.aborted) {
    const heads = outbox.heads();
    courier.cursor = trimmed(courier.cursor, heads);
    courier.outbox = depth(courier.cursor, heads);
    const live = nextLive(courier.cursor, heads, since, courier.batch);
    const next = live ?? nextBacklog(courier.cursor, heads, backlogBatch);
    if (next === undefined) {
      courier.tell?.({ type: 'CAUGHT_UP' });
      await save(0);
      await pause(LOOK_MS);
      continue;
    }
    const { tookMs, restMs } = await send(next);
    if (live === undefined) backlogBatch = nextBatch(backlogBatch, tookMs, courier.batch);
    const paused = pause(restMs);
    // Live data alone does not make an uplink fall behind.
    if (courier.outbox > courier.batch) courier.tell?.({ type: 'BEHIND' });
    await save(SAVE_EVERY_MS);
    await paused;
  }
  await save(0);

  /** Sends a stretch; tells what it took, and the time that the rate limit wants before the next. */
  async function send({ streamId, stretch }: Next): Promise<{ readonly tookMs: number; readonly restMs: number }> {
    const beganMs = clock.now();
    const messages = outbox.read(streamId, stretch);
    if (messages.length > 0) await target.publish(messages, signal);
    courier.cursor = acknowledged(courier.cursor, streamId, stretch);
    courier.outbox = Math.max(0, courier.outbox - (stretch.to - stretch.from + 1));
    unsaved = true;
    const tookMs = clock.now() - beganMs;
    return { tookMs, restMs: Math.max(0, (messages.length / courier.maxPerSecond) * 1000 - tookMs) };
  }

  async function save(olderThanMs: number): Promise<void> {
    if (!unsaved || clock.now() - savedAtMs < olderThanMs) return;
    unsaved = false;
    savedAtMs = clock.now();
    courier.saving = saveCursor(courier.cursorFile, courier.cursor);
    await courier.saving;
  }

  function pause(ms: number): Promise<void> {
    if (ms <= 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = clock.setTimeout(resolve, ms);
      signal.addEventListener('abort', () => {
        clock.clearTimeout(timer);
        resolve();
      });
    });
  }
});
