/**
 * Control's end of the line to the stopper: what it is fed with, what it says, and whether it may have acted.
 *
 * Lives beside the tree. The guard feeds; the drivers keep their stop plans here and ask whether there was a gap in which
 * the stopper may have taken their device: an order from before a gap is over.
 */
import type { Clock } from '../contracts/clock.ts';
import { GAP_MS } from '../contracts/stopper.ts';
import type { FromStopper, StopPlan, ToStopper } from '../contracts/stopper.ts';
import type { Board } from './board.ts';

export type StopperLine = {
  /** By asset, each told anew with every feed; undefined while the asset must not be written. */
  readonly plans: Map<string, () => StopPlan | undefined>;
  /** Gaps so far, the one that ends now included. */
  readonly gaps: () => number;
  /** The next feed. */
  readonly feed: () => ToStopper;
  /** A process of the stopper has begun; `kill` ends one that answers no more. */
  readonly started: (kill: () => void) => void;
  readonly hear: (message: FromStopper) => void;
  readonly ended: (reason: string) => void;
  /** The runtime ends in order; from now on an end of the stopper is none to be told. */
  readonly leave: () => void;
};

/** Feeds without an answer after which it counts as hung: 10 s of control's own turns. */
const MOST_UNANSWERED = 20;
/** How long the alarm stands for those who look at alarms that stand. */
const ACTED_STANDS_MS = 60_000;

export function createStopperLine(board: Board, clock: Clock): StopperLine {
  const plans = new Map<string, () => StopPlan | undefined>();
  let fedAtMs: number | undefined;
  let gaps = 0;
  let told: string | undefined;
  let unanswered = 0;
  let leaving = false;
  let kill = (): void => {};

  return {
    plans,
    gaps: () => gaps + (isGap() ? 1 : 0),
    feed() {
      if (isGap()) gaps += 1;
      fedAtMs = clock.now();
      unanswered += 1;
      if (unanswered > MOST_UNANSWERED) giveUp();
      const all = [...plans.values()].map((plan) => plan()).filter((plan) => plan !== undefined);
      const text = JSON.stringify(all);
      if (text === told) return { type: 'FEED' };
      told = text;
      return { type: 'FEED', plans: all };
    },
    started(end) {
      kill = end;
      told = undefined;
      unanswered = 0;
    },
    hear(message) {
      switch (message.type) {
        case 'READY':
        case 'FED':
          unanswered = 0;
          down(false, '');
          break;
        case 'ACTED':
          acted(message);
          break;
        case 'SECOND_RUNTIME':
          board.alarm(
            'second-runtime',
            message.active,
            'P1',
            'another runtime of this site is running on this machine: two controllers would command the same devices',
          );
          break;
      }
    },
    ended(reason) {
      kill = () => {};
      if (!leaving) down(true, reason);
    },
    leave() {
      leaving = true;
    },
  };

  function isGap(): boolean {
    return fedAtMs !== undefined && clock.now() - fedAtMs > GAP_MS;
  }

  function giveUp(): void {
    unanswered = 0;
    down(true, 'it does not answer');
    kill();
  }

  function down(active: boolean, reason: string): void {
    board.alarm(
      'stopper-down',
      active,
      'P2',
      `nobody would stop the devices if control hung now: the stopper ${reason}`,
    );
  }

  function acted({ since, devices }: Extract<FromStopper, { type: 'ACTED' }>): void {
    board.event('stopper', { since, devices });
    const how = devices.map(({ asset_id, outcome, reason }) => `${asset_id} ${outcome}${reason ? ` (${reason})` : ''}`);
    board.alarm(
      'stopper-acted',
      true,
      'P1',
      `control was silent, the stopper took over at ${since}: ${how.join(', ')}`,
    );
    clock.setTimeout(() => board.alarm('stopper-acted', false, 'P1', ''), ACTED_STANDS_MS);
  }
}
