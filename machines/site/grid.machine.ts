/**
 * Grid machine: how does the site stand at the limits of its grid connection?
 *
 *   unmetered ──SEEN──▶ within ◀──▶ cutting
 *                          ▲           ▲
 *                          └─▶ meter_lost ◀┘
 *
 * What is left, and who is cut, is decided by grid-watch.ts and grid-cut.ts; this says what came of it.
 * Invariant: a lost meter is said whatever else is so.
 */
import { assign, setup } from 'xstate';
import type { GridContext, GridSeen } from '../../contracts/guard.ts';

type GridTypes = { context: GridContext; events: GridSeen };

export const gridMachine = setup({
  types: {} as GridTypes,
  guards: {
    isUnmetered: ({ context }) => !context.seen.metered,
    isLost: ({ context }) => context.seen.lost,
    isCutting: ({ context }) => context.seen.cutting,
  },
  actions: { note: assign(({ event }) => ({ seen: event })) },
}).createMachine({
  id: 'grid',
  context: { seen: { type: 'SEEN', metered: false, lost: false, cutting: false } },
  initial: 'unmetered',
  on: { SEEN: { target: '.deciding', actions: 'note' } },
  states: {
    deciding: {
      always: [
        { guard: 'isLost', target: 'meter_lost' },
        { guard: 'isUnmetered', target: 'unmetered' },
        { guard: 'isCutting', target: 'cutting' },
        { target: 'within' },
      ],
    },
    unmetered: {},
    within: {},
    cutting: {},
    meter_lost: {},
  },
  options: { maxIterations: 100 },
});
