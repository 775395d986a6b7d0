/** The mode of the site on a virtual clock: the gravest thing that is so is what is said. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Board } from '../../actors/board.ts';
import { createSiteMode } from '../../actors/site-mode.ts';
import type { SiteModeView } from '../../actors/site-mode.ts';
import { virtualClock } from '../../supervisor/clock.ts';

const AUTONOMOUS_AFTER_MS = 300_000;

test('a site whose latch is not known yet says safe, then online, and safe again once it is stopped', () => {
  const { view, told } = bench();
  assert.is(view.mode(), 'safe');
  view.latched(false);
  view.latched(true);
  view.latched(true);
  view.latched(false);
  assert.equal(told, ['safe > online', 'online > safe', 'safe > online']);
});

test('a site that lets no asset be given power yet says so, but a stop before it', () => {
  const { view } = bench({ heldBack: true });
  view.latched(false);
  assert.is(view.mode(), 'commissioning');
  view.latched(true);
  assert.is(view.mode(), 'safe');
});

test('a site is autonomous five minutes after its last uplink stopped delivering, until one delivers again', () => {
  const { view, clock } = bench({ hasUplinks: true });
  view.latched(false);
  clock.advanceSync(AUTONOMOUS_AFTER_MS - 1);
  assert.is(view.mode(), 'online');
  clock.advanceSync(1);
  assert.is(view.mode(), 'autonomous', 'from the start on nothing was delivered');
  view.uplink('a', true);
  view.uplink('b', true);
  assert.is(view.mode(), 'online');
  view.uplink('a', false);
  clock.advanceSync(2 * AUTONOMOUS_AFTER_MS);
  assert.is(view.mode(), 'online', 'the other one delivers');
  view.uplink('b', false);
  clock.advanceSync(AUTONOMOUS_AFTER_MS / 2);
  view.uplink('a', false);
  clock.advanceSync(AUTONOMOUS_AFTER_MS / 2);
  assert.is(view.mode(), 'autonomous', 'time runs from the last delivery, not from the last word');
});

test('a stop hides that the site is alone, and does not forget it', () => {
  const { view, clock } = bench({ hasUplinks: true });
  view.latched(true);
  clock.advanceSync(AUTONOMOUS_AFTER_MS);
  assert.is(view.mode(), 'safe');
  view.latched(false);
  assert.is(view.mode(), 'autonomous');
});

test('a site without uplinks is never alone', () => {
  const { view, clock } = bench();
  view.latched(false);
  clock.advanceSync(2 * AUTONOMOUS_AFTER_MS);
  assert.is(view.mode(), 'online');
});

test.run();

function bench({ heldBack = false, hasUplinks = false } = {}): {
  view: SiteModeView;
  clock: ReturnType<typeof virtualClock>;
  told: string[];
} {
  const clock = virtualClock();
  const told: string[] = [];
  const board: Pick<Board, 'event'> = { event: (_, { from, to }) => void told.push(`${String(from)} > ${String(to)}`) };
  return {
    view: createSiteMode({ clock, board, heldBack, hasUplinks, autonomousAfterMs: AUTONOMOUS_AFTER_MS }),
    clock,
    told,
  };
}
