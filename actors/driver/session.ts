/**
 * One connection to one field device, from opening to its first fault.
 *
 * Owns     the device port; nobody else may hold it.
 * Does     one exchange at a time: a write when the helm wants one and `mayWrite` lets it pass, else the next block of
 *          the poll. The helm is asked before every exchange, so a stop waits for one request at most.
 * Ends     with a fault on any port error. It never retries: the connection machine decides when to try again.
 */
import type { EventObject } from 'xstate';
import { Fault } from '../../contracts/faults.ts';
import type { DevicePort } from '../../contracts/ports.ts';
import type { BlockRead } from '../../machines/device/read-plan.ts';
import { pollRounds } from '../../machines/device/poll-rounds.ts';
import { changedScales } from '../../machines/device/read-plan.ts';
import { sampleBlock } from '../../machines/device/telemetry.ts';
import { fromProcess } from '../../supervisor/process.ts';
import { walkAhead } from './ahead.ts';
import { addressOf, boundOf, forgetConnection, leaveConnection } from './cockpit.ts';
import type { Cockpit } from './cockpit.ts';
import { expireDrill, silentUntilMs } from './drill.ts';
import { identify, identifyAgain } from './identify.ts';
import { finishPoll } from './poll.ts';
import { nextPollAt, secondPollAt } from './rhythm.ts';
import { scaleChanged } from './scales.ts';
import { leaveStopPlan } from './stop-plan.ts';
import { checkSerial } from './serial-proof.ts';
import { stopAtOnce } from './stop-at-once.ts';
import { nextDeadline, wantsToWrite, writeNext } from './writing.ts';

/** Modbus exceptions of a device that has no time now: acknowledge, busy. */
const BUSY: readonly unknown[] = [5, 6];
/** For whoever carries a stop on, before this processor is used for the rest of its answer. */
const HEAD_START_MS = 2;

export const session = fromProcess<EventObject, Cockpit>(async ({ input: cockpit, signal, clock }) => {
  const { profile } = cockpit.input;
  const { transport } = profile;
  forgetConnection(cockpit);
  expireDrill(cockpit);
  for (let untilMs = silentUntilMs(cockpit); untilMs !== undefined && !signal.aborted; untilMs = silentUntilMs(cockpit))
    await sleepUntil(untilMs);
  /** What the last block of a poll showed the last time. */
  const shown = new Map<BlockRead, readonly number[]>();
  let link = await opened();
  signal.addEventListener('abort', () => link.drop('close'));
  try {
    await pause(transport.connectDelayMs);
    cockpit.port = link;
    cockpit.connection?.send({ type: 'OPENED' });
    await identify(cockpit, link);
    await exchange();
  } finally {
    link.drop('close');
    forgetConnection(cockpit);
  }

  async function opened(): Promise<DevicePort> {
    return counted(await cockpit.input.openDevice(addressOf(cockpit.input), signal), cockpit);
  }

  async function exchange(): Promise<void> {
    const { profile: device, points } = boundOf(cockpit);
    const polls = pollRounds(device, points);
    let remaining: readonly BlockRead[] = polls.first;
    let startedAtMs = clock.now();
    let nextPollAtMs = secondPollAt(startedAtMs, cockpit.input);
    let busyTries = 0;
    let planned = false;
    let notBeforeMs = startedAtMs;
    for (let count = 1; !signal.aborted;) {
      if (cockpit.linkRestsUntilMs > clock.now()) await rested();
      if (await writeNext(cockpit, link)) continue;
      const [block, ...rest] = remaining;
      if (block) {
        // A stop that comes while a busy device is waited for does not wait.
        if (clock.now() < notBeforeMs) {
          await sleepUntil(notBeforeMs);
          continue;
        }
        const { busyRetry } = transport;
        const { busy, stop } = await readBlock(block, rest.length === 0);
        if (busy && busyRetry && busyTries < busyRetry.times) {
          busyTries += 1;
          notBeforeMs = clock.now() + busyRetry.afterMs;
          continue;
        }
        busyTries = 0;
        remaining = rest;
        if (rest.length === 0) finishPoll(cockpit, startedAtMs);
        if (stop) await stop;
        if (rest.length === 0 && !planned) {
          planned = true;
          await leaveStopPlan(cockpit, link);
        }
        if (silentUntilMs(cockpit) !== undefined) throw new Fault('DRILL_SILENCE');
        continue;
      }
      if (transport.closeAfterPoll) await leaveToOthers(nextPollAtMs);
      else await sleepUntil(Math.min(nextPollAtMs, nextDeadline(cockpit)));
      if (clock.now() < nextPollAtMs) continue;
      startedAtMs = clock.now();
      nextPollAtMs = nextPollAt(nextPollAtMs, startedAtMs, cockpit.input);
      remaining = polls.rounds[count % profile.slowEvery] ?? polls.first;
      count += 1;
    }
  }

  /** Closes the connection until the next poll, or until something has to be written; whoever answers then is asked who it is. */
  async function leaveToOthers(untilMs: number): Promise<void> {
    link.drop('close');
    leaveConnection(cockpit);
    // What could not be written a moment ago is asked for again only when something has changed.
    do await sleepUntil(Math.min(untilMs, nextDeadline(cockpit)));
    while (!signal.aborted && clock.now() < untilMs && !wantsToWrite(cockpit));
    if (signal.aborted) return;
    link = await opened();
    await pause(transport.connectDelayMs);
    cockpit.port = link;
    cockpit.resting = false;
    await identifyAgain(cockpit, link);
  }

  /** `stop`: the write that the answer has called for, under way. */
  async function readBlock(
    block: BlockRead,
    endsPoll: boolean,
  ): Promise<{ readonly busy: boolean; readonly stop: Promise<boolean> | undefined }> {
    let busy = false;
    let words: readonly number[] | undefined;
    try {
      const before = shown.get(block);
      if (before) walkAhead(cockpit, block, before);
      words = await link.read(block.register, block.count, block.space, block.unitId);
      if (endsPoll && cockpit.input.walksAhead) shown.set(block, words);
    } catch (error) {
      // A device may refuse a block for now; what is in it is missing then. Anything else ends the session.
      if (!(error instanceof Fault) || error.code !== 'DEVICE_EXCEPTION') throw error;
      busy = BUSY.includes(error.details?.['exception']);
    }
    const [changed] = words ? changedScales(block, words) : [];
    if (changed) throw scaleChanged(cockpit, changed);
    const receivedAtMs = clock.now();
    const stop = words && stopAtOnce(cockpit, link, { block, words, receivedAtMs });
    if (stop) await headStart(stop);
    const samples = sampleBlock(block, words, receivedAtMs, cockpit.input.staleAfter, transport.wordOrder);
    checkSerial(cockpit, samples);
    Object.assign(cockpit.samples, samples);
    return { busy, stop };
  }

  /**
   * The pause that the device wants between two requests passes before the next one is chosen, so that what is chosen goes
   * out at once: a stop that comes meanwhile is the next write, and not the one after.
   */
  async function rested(): Promise<void> {
    const leftMs = cockpit.linkRestsUntilMs - clock.now();
    await new Promise<void>((resolve) => clock.setTimeout(resolve, leftMs));
  }

  /** A gateway on the same computer may need this processor too: it is left to it until the answer, for a moment at most. */
  function headStart(stop: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        clock.clearTimeout(timer);
        resolve();
      };
      const timer = clock.setTimeout(finish, HEAD_START_MS);
      stop.then(finish, finish);
    });
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      clock.setTimeout(resolve, ms);
    });
  }

  /** Until that moment, or until somebody wakes the session because the situation changed. */
  function sleepUntil(atMs: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        clock.clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        cockpit.wake = () => {};
        resolve();
      };
      const timer = clock.setTimeout(finish, Math.max(0, atMs - clock.now()));
      signal.addEventListener('abort', finish);
      cockpit.wake = finish;
    });
  }
});

/** The same port; the cockpit shows when a request is under way and how many have ended, well or not. */
function counted(port: DevicePort, cockpit: Cockpit): DevicePort {
  const ended = (): void => {
    cockpit.exchanges += 1;
    cockpit.awaitsAnswer = false;
    cockpit.linkRestsUntilMs = cockpit.clock.now() + cockpit.input.profile.transport.requestGapMs;
  };
  // Not `finally`, which takes turns of its own before the answer is seen.
  const counting = <T>(request: () => Promise<T>): Promise<T> => {
    cockpit.awaitsAnswer = true;
    return request().then(
      (answer) => {
        ended();
        return answer;
      },
      (error: unknown) => {
        ended();
        throw error;
      },
    );
  };
  return {
    read: (register, count, space, unitId) => counting(() => port.read(register, count, space, unitId)),
    write: (register, words, functionCode) => counting(() => port.write(register, words, functionCode)),
    drop: (reason) => port.drop(reason),
  };
}
