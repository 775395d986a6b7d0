/**
 * The mode of the site: follows the latch and the uplinks, and publishes each change.
 *
 * Lives beside the tree, as the board does: nobody decides by it, and a restarted actor must not change what is said.
 */
import { createActor } from 'xstate';
import type { Clock, TimerId } from '../contracts/clock.ts';
import type { SiteMode } from '../contracts/site-mode.ts';
import { siteModeMachine } from '../machines/site/site-mode.machine.ts';
import type { Board } from './board.ts';

export type SiteModeView = {
  readonly mode: () => SiteMode;
  readonly latched: (latched: boolean) => void;
  /** An uplink delivers now, or does not. A site without uplinks never hears of one, and is not left alone. */
  readonly uplink: (id: string, delivers: boolean) => void;
};

export function createSiteMode(parts: {
  readonly clock: Clock;
  readonly board: Pick<Board, 'event'>;
  /** The site file lets no asset be given power. */
  readonly heldBack: boolean;
  readonly hasUplinks: boolean;
  /** Without a delivery of any uplink for so long it is on its own. */
  readonly autonomousAfterMs: number;
}): SiteModeView {
  const { clock, board, heldBack, hasUplinks, autonomousAfterMs } = parts;
  const actor = createActor(siteModeMachine, { input: { heldBack } }).start();
  const delivering = new Set<string>();
  let waiting: TimerId | undefined;
  const mode = (): SiteMode => actor.getSnapshot().value as SiteMode;
  if (hasUplinks) wait();

  return {
    mode,
    latched: (latched) => hear({ type: latched ? 'STOPPED' : 'RELEASED' }),
    uplink(id, delivers) {
      if (delivers) delivering.add(id);
      else delivering.delete(id);
      if (delivering.size === 0) return wait();
      if (waiting !== undefined) clock.clearTimeout(waiting);
      waiting = undefined;
      hear({ type: 'LINKED' });
    },
  };

  function wait(): void {
    waiting ??= clock.setTimeout(() => hear({ type: 'LEFT_ALONE' }), autonomousAfterMs);
  }

  function hear(event: Parameters<typeof actor.send>[0]): void {
    const from = mode();
    actor.send(event);
    const to = mode();
    if (from !== to) board.event('transition', { machine: 'site', from, to });
  }
}
