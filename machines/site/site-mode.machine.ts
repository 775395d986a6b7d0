/**
 * Site mode machine: in which mode is this site, as people and programs north of it see it?
 *
 *   safe ◀──STOPPED / RELEASED──▶ commissioning, or else online ◀──LEFT_ALONE / LINKED──▶ autonomous
 *
 * The gravest wins: safe, then commissioning, then autonomous. Nobody moves power by it; it only says what is so.
 * Invariant: while the stop stands, no other mode is said.
 */
import { assign, setup } from 'xstate';
import type { SiteModeContext, SiteModeEvent, SiteModeInput } from '../../contracts/site-mode.ts';

type SiteModeTypes = { input: SiteModeInput; context: SiteModeContext; events: SiteModeEvent };

export const siteModeMachine = setup({
  types: {} as SiteModeTypes,
  guards: {
    isStopped: ({ context }) => context.stopped,
    isHeldBack: ({ context }) => context.heldBack,
    isAlone: ({ context }) => context.alone,
  },
  actions: {
    noteStopped: assign({ stopped: true }),
    noteReleased: assign({ stopped: false }),
    noteAlone: assign({ alone: true }),
    noteLinked: assign({ alone: false }),
  },
}).createMachine({
  id: 'siteMode',
  // Until the latch is known the site counts as stopped.
  context: ({ input }) => ({ ...input, stopped: true, alone: false }),
  initial: 'safe',
  on: {
    STOPPED: { target: '.safe', actions: 'noteStopped' },
    RELEASED: { target: '.deciding', actions: 'noteReleased' },
    LEFT_ALONE: { target: '.deciding', actions: 'noteAlone' },
    LINKED: { target: '.deciding', actions: 'noteLinked' },
  },
  states: {
    deciding: {
      always: [
        { guard: 'isStopped', target: 'safe' },
        { guard: 'isHeldBack', target: 'commissioning' },
        { guard: 'isAlone', target: 'autonomous' },
        { target: 'online' },
      ],
    },
    safe: {},
    commissioning: {},
    autonomous: {},
    online: {},
  },
  options: { maxIterations: 100 },
});
