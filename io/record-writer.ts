/**
 * Keeps the record going: gathers reports into batches, and outlasts a disk that is full, read-only or broken.
 *
 *   opening ──opened──▶ writing ──fault──▶ failing ──written──▶ writing
 *      └──fault, again after 5 s──┘           └──fault, again after 2 s──┘
 *
 * A batch that the disk takes long over is told too (`record-slow`), and that the thread lives meanwhile.
 *
 * Invariant: a report is in the buffer until its batch is on the disk, unless the bound of the buffer drops it, and that
 * is counted and recorded as an event. Expected faults of the disk never end the thread.
 */
import type { Clock, TimerId } from '../contracts/clock.ts';
import { Fault } from '../contracts/faults.ts';
import type { ThreadSignal } from '../contracts/links.ts';
import type { Report } from '../contracts/reports.ts';
import { createRecordAlarms } from './record-alarms.ts';
import { classOf, createRecordBuffer } from './record-buffer.ts';
import type { RecordClass } from './record-buffer.ts';
import { troubleOf } from './record-fault.ts';
import type { RecordTrouble } from './record-fault.ts';
import type { RecordStore } from './record-store.ts';

export type RecordWriterParts = {
  /** Below this the disk counts as nearly full. */
  readonly lowBytes?: number;
  /** `check`: read the file through before it is trusted. Throws a fault while there is no disk to write to. */
  readonly open: (check: boolean) => RecordStore;
  readonly clock: Clock;
  readonly signal: (signal: ThreadSignal) => void;
};

export type RecordWriter = {
  readonly start: () => void;
  readonly add: (report: Report) => void;
  /** Calls back when everything added so far is on the disk; writes it at once. */
  readonly sync: (done: () => void) => void;
  /** Writes what waits, if it can, and closes the file. */
  readonly stop: () => void;
};

const BATCH = 500;
/** While the disk is short of room a small batch may still fit. */
const SMALL_BATCH = 50;
const GATHER_MS = 200;
const RETRY_WRITE_MS = 2000;
const RETRY_OPEN_MS = 5000;
const RETAIN_EVERY_MS = 60_000;
const MAKE_ROOM_EVERY_MS = 60_000;
/** A batch takes milliseconds; a card on its way out takes seconds. */
const SLOW_MS = 3000;
/** With less room than the reserve takes a disk is still full. */
const ROOM_BYTES = 4_000_000;

export function createRecordWriter({ open, clock, signal, lowBytes = 0 }: RecordWriterParts): RecordWriter {
  const buffer = createRecordBuffer();
  const alarms = createRecordAlarms(clock, signal);
  /** Since the record last was in order. */
  let lost = { telemetry: 0, events: 0, audit: 0 };
  let store: RecordStore | undefined;
  let failing: RecordTrouble | undefined;
  let wasFull = false;
  let mustCheck = true;
  let madeRoomAtMs = Number.NEGATIVE_INFINITY;
  /** A batch whose commit failed, and the number it has if it is on the disk all the same. */
  let unsure:
    | {
        readonly kind: RecordClass;
        readonly streamId: string;
        readonly number: number;
        readonly batch: readonly Report[];
      }
    | undefined;
  let low = false;
  let waiting: (() => void)[] = [];
  const timers = new Map<string, TimerId>();

  return {
    start: () => {
      attempt(openStore);
      signal({ type: 'READY' });
      retainLater();
    },
    add: (report) => {
      buffer.add(report);
      if (failing !== undefined || store === undefined || buffer.size() === 0) return;
      if (buffer.size() >= BATCH) attempt(write);
      else if (!timers.has('gather')) after('gather', GATHER_MS, () => attempt(write));
    },
    sync: (done) => {
      waiting.push(done);
      if (failing === undefined) attempt(write);
    },
    stop: () => {
      for (const timer of timers.values()) clock.clearTimeout(timer);
      timers.clear();
      attempt(() => {
        if (store === undefined) openStore();
        write();
      });
      for (const timer of timers.values()) clock.clearTimeout(timer);
      alarms.stop();
      closeStore();
    },
  };

  /** Runs one step; a fault of the disk leads to `failing`, anything else is a defect and ends the thread. */
  function attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      fail(error);
    }
  }

  function fail(fault: Fault): void {
    alarms.raise('record-unavailable', fault.message);
    failing = troubleOf(fault);
    wasFull ||= failing === 'full';
    const retryMs = store === undefined ? RETRY_OPEN_MS : RETRY_WRITE_MS;
    if (failing !== 'full') closeStore();
    mustCheck ||= failing === 'damaged';
    after('retry', retryMs, () => attempt(retry));
  }

  function retry(): void {
    if (store === undefined) openStore();
    if (failing === 'full') makeRoom();
    write();
  }

  function openStore(): void {
    store = open(mustCheck);
    mustCheck = false;
    for (const { what, message } of store.findings) {
      notice(
        what === 'set_aside' ? 'record-damaged' : 'audit-broken',
        'active',
        message,
        what === 'set_aside' ? 'P3' : 'P2',
      );
      addEvent({ what: `record_${what}`, message });
    }
    watchSpace();
  }

  function write(): void {
    clearTimer('gather');
    const into = store;
    if (into === undefined) return;
    settleUnsure(into);
    while (buffer.size() > 0) {
      const batch = buffer.take(failing === 'full' ? SMALL_BATCH : BATCH);
      const kind = classOf(batch[0] as Report) ?? 'events';
      unsure = { kind, streamId: into.streamId(kind), number: Number.POSITIVE_INFINITY, batch };
      unsure = { ...unsure, number: into.batches(kind) + 1 };
      const beganMs = clock.now();
      into.append(batch);
      unsure = undefined;
      judgePace(clock.now() - beganMs);
    }
    resume();
  }

  /** A failed commit may have reached the disk before its acknowledgement failed; then it must not be written twice. */
  function settleUnsure({ streamId, batches }: RecordStore): void {
    if (unsure === undefined) return;
    const isThere = streamId(unsure.kind) === unsure.streamId && batches(unsure.kind) >= unsure.number;
    if (!isThere) buffer.giveBack(unsure.batch);
    unsure = undefined;
  }

  /** Several slow batches may follow each other before this thread can say anything else. */
  function judgePace(tookMs: number): void {
    if (tookMs < SLOW_MS) return alarms.settle('record-slow', keepsUp, () => 'the disk of the record keeps up again');
    signal({ type: 'ALIVE' });
    alarms.raise('record-slow', `the disk took ${(tookMs / 1000).toFixed(1)} s to keep a batch`);
  }

  function keepsUp(): boolean {
    return failing === undefined;
  }

  /** All is on the disk: ends the alarm, and leaves a trace of what the bound of the buffer cost. */
  function resume(): void {
    const { telemetry, events, audit } = buffer.takeDropped();
    lost = { telemetry: lost.telemetry + telemetry, events: lost.events + events, audit: lost.audit + audit };
    failing = undefined;
    alarms.settle('record-unavailable', hasRoom, inOrderAgain);
    const done = waiting;
    waiting = [];
    for (const tell of done) tell();
    if (telemetry + events + audit === 0) return;
    addEvent({ what: 'record_gap', lost: { telemetry, events, audit } });
    write();
  }

  /** Room that we made ourselves does not end a full disk: others have to leave some. */
  function hasRoom(): boolean {
    let free = 0;
    attempt(() => (free = store?.freeBytes() ?? 0));
    if (failing !== undefined || (wasFull && free < Math.min(lowBytes, ROOM_BYTES))) return false;
    wasFull = false;
    return true;
  }

  function inOrderAgain(): string {
    const { telemetry, events, audit } = lost;
    lost = { telemetry: 0, events: 0, audit: 0 };
    return `the record is written again; ${telemetry} telemetry, ${events} event and ${audit} audit reports were lost`;
  }

  /** Not at every try: a disk that others fill is not emptied by giving up all of our telemetry. */
  function makeRoom(): void {
    if (store === undefined || clock.now() - madeRoomAtMs < MAKE_ROOM_EVERY_MS) return;
    madeRoomAtMs = clock.now();
    store.makeRoom();
  }

  function retainLater(): void {
    after('retain', RETAIN_EVERY_MS, () => {
      if (failing === undefined)
        attempt(() => {
          store?.retain(clock.wall());
          watchSpace();
        });
      retainLater();
    });
  }

  /** Says that the disk fills up while there is still room to act. */
  function watchSpace(): void {
    const free = alarms.stands('record-unavailable') ? undefined : store?.freeBytes();
    if (free === undefined || low === free < lowBytes) return;
    low = free < lowBytes;
    const message = `the disk of the record has ${Math.round(free / 1e6)} MB left`;
    notice('record-space', low ? 'active' : 'returned', message);
  }

  function closeStore(): void {
    const closing = store;
    store = undefined;
    try {
      closing?.close();
    } catch (error) {
      // The file is given up either way; what brought us here has been reported.
      if (!(error instanceof Fault)) throw error;
    }
  }

  function addEvent(fields: Readonly<Record<string, unknown>>): void {
    const ts = new Date(clock.wall()).toISOString();
    buffer.add({ type: 'EVENT', event: { ...fields, ts, seq: 0, kind: 'runtime', source: 'record' } });
  }

  function notice(alarm_id: string, state: 'active' | 'returned', message: string, severity: 'P2' | 'P3' = 'P3'): void {
    signal({ type: 'NOTICE', severity, alarm_id, state, message });
  }

  function after(name: string, delayMs: number, run: () => void): void {
    clearTimer(name);
    timers.set(
      name,
      clock.setTimeout(() => {
        timers.delete(name);
        run();
      }, delayMs),
    );
  }

  function clearTimer(name: string): void {
    const timer = timers.get(name);
    if (timer !== undefined) clock.clearTimeout(timer);
    timers.delete(name);
  }
}
