/**
 * The stopper: who stops the devices when control is silent?
 *
 *   fed ──silence of 5 s──▶ stopping ──FEED──▶ fed        (what was done is told to control)
 *
 * Silence is a runtime that hangs, is stopped, or is gone. It is counted in turns of this process, so that a stall of the
 * stopper itself is not taken for one of control. It latches nothing and decides nothing else.
 * Invariant: while feeds come no device is touched, and no connection to one is open.
 */
import type { Clock, TimerId } from '../contracts/clock.ts';
import type { OpenDevice } from '../contracts/ports.ts';
import { SILENCE_MS } from '../contracts/stopper.ts';
import type { FromStopper, Inheritance, StopAccount, StopPlan, ToStopper } from '../contracts/stopper.ts';
import { stopPlace, untouched } from './device-stop.ts';

/** Each wakes a processor that control may be about to need. */
const TURN_MS = 200;
/** One turn counts at most so much; after a stall the feeds that came meanwhile are read first. */
const LONGEST_TURN_MS = 500;
/** While the runtime ends in order it has this long (its own deadline is 25 s). */
const LEAVING_MS = 30_000;
/** After the runtime has gone, so long is waited for a new one. */
const HOLD_MS = 600_000;

export type StopperOptions = {
  readonly clock: Clock;
  readonly open: OpenDevice;
  readonly tell: (message: FromStopper) => void;
  /** Nobody has come for ten minutes after the runtime went, or it went in order. */
  readonly end: () => void;
};

export type Stopper = {
  readonly hear: (message: ToStopper) => void;
  /** The channel to control is gone. */
  readonly orphaned: () => void;
  /** Told to end by a signal: at once after LEAVING or while control lives, else once the devices are stopped. */
  readonly dismissed: () => void;
  readonly isFed: () => boolean;
  readonly inherit: (inheritance: Inheritance) => void;
  /** Gives everything up for a successor. */
  readonly bequeath: () => Inheritance;
};

export function createStopper({ clock, open, tell, end }: StopperOptions): Stopper {
  let plans: readonly StopPlan[] = [];
  let silentMs = 0;
  let turnAtMs = clock.now();
  let leaving = false;
  let orphanedMs: number | undefined;
  let dismissedMs: number | undefined;
  let stopping: AbortController | undefined;
  let since: string | null = null;
  let accounts = new Map<string, StopAccount>();
  let timer: TimerId = clock.setTimeout(turn, TURN_MS);

  return {
    hear(message) {
      switch (message.type) {
        case 'FEED':
          feed(message.plans);
          break;
        case 'LEAVING':
          leaving = true;
          silentMs = 0;
          // A signal to everything that bessd runs; who ends in order still needs somebody behind him.
          dismissedMs = undefined;
          break;
      }
    },
    orphaned() {
      orphanedMs = 0;
    },
    dismissed() {
      if (leaving) return leave();
      dismissedMs ??= 0;
    },
    isFed: () => orphanedMs === undefined && silentMs < SILENCE_MS,
    inherit(inheritance) {
      if (plans.length === 0) plans = inheritance.plans;
      if (inheritance.since !== null) tell({ type: 'ACTED', since: inheritance.since, devices: inheritance.devices });
    },
    bequeath() {
      yieldDevices();
      clock.clearTimeout(timer);
      return { plans: [...plans], since, devices: [...accounts.values()] };
    },
  };

  function feed(next: readonly StopPlan[] | undefined): void {
    silentMs = 0;
    plans = next ?? plans;
    // Somebody ended this process alone, and control lives: its supervisor starts another one.
    if (dismissedMs !== undefined) return leave();
    if (stopping) {
      yieldDevices();
      if (since !== null) tell({ type: 'ACTED', since, devices: [...accounts.values()] });
      since = null;
      accounts = new Map();
    }
    tell({ type: 'FED' });
  }

  function turn(): void {
    const passedMs = Math.min(clock.now() - turnAtMs, LONGEST_TURN_MS);
    turnAtMs = clock.now();
    silentMs += passedMs;
    if (orphanedMs !== undefined) orphanedMs += passedMs;
    if (dismissedMs !== undefined) dismissedMs += passedMs;
    timer = clock.setTimeout(turn, TURN_MS);
    if (orphanedMs !== undefined && (orphanedMs > HOLD_MS || plans.length === 0)) return leave();
    if (dismissedMs !== undefined) return lastStop(dismissedMs);
    const patienceMs = leaving && orphanedMs === undefined ? LEAVING_MS : SILENCE_MS;
    if (silentMs >= patienceMs) begin();
  }

  /** The runtime gives up without having said that it leaves: a second for a feed or a word, then one round of stops. */
  function lastStop(waitedMs: number): void {
    if (waitedMs < DISMISSED_GRACE_MS) return;
    begin();
    const done = plans.every(({ assetId }) => accounts.get(assetId)?.outcome === 'stopped');
    if (done || waitedMs > DISMISSED_MOST_MS) leave();
  }

  function begin(): void {
    if (stopping || plans.length === 0) return;
    stopping = new AbortController();
    since = new Date(clock.wall()).toISOString();
    accounts = new Map(plans.map(({ assetId }) => [assetId, untouched(assetId)]));
    const note = (account: StopAccount): void => void accounts.set(account.asset_id, account);
    for (const place of Map.groupBy(plans, placeOf).values())
      void stopPlace(place, { open, clock, signal: stopping.signal, note });
  }

  function yieldDevices(): void {
    stopping?.abort();
    stopping = undefined;
  }

  function leave(): void {
    yieldDevices();
    clock.clearTimeout(timer);
    end();
  }
}

const DISMISSED_GRACE_MS = 1000;
const DISMISSED_MOST_MS = 6000;

/** Devices behind one address or on one line are stopped one after the other. */
function placeOf({ address: { host, port, serial } }: StopPlan): string {
  return serial?.path ?? `${host}:${port}`;
}
