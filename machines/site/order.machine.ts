/**
 * Order machine: how far has this order come?
 *
 *   received ──KEPT──▶ validated ──GIVEN──▶ permitted ──▶ written ◀──▶ verified ──▶ superseded | expired | stopped | failed
 *       └──────────────────┴───────────────────┴──▶ refused
 *
 * It is permitted when it was cut to what the guard and the connection allow and given to the drivers; written when each of
 * them has answered and one has written it; verified when all that carry it out have measured its effect.
 * Invariant: what was refused is never written, and every state before the end ends by itself.
 */
import { assign, setup } from 'xstate';
import { ANSWERED_WITHIN_MS } from '../../contracts/order-life.ts';
import type { OrderLifeContext, OrderLifeEvent } from '../../contracts/order-life.ts';

type OrderTypes = { context: OrderLifeContext; events: OrderLifeEvent; tags: 'over' };

export const orderMachine = setup({
  types: {} as OrderTypes,
  delays: {
    answeredWithin: ANSWERED_WITHIN_MS,
    whatIsLeft: ({ context }) => context.leftMs,
    life: ({ context }) => context.lifeMs,
  },
  guards: {
    someOpen: ({ event }) => event.type === 'HEARD' && event.shares.open,
    someWrote: ({ context }) => context.shares.wrote,
    noneLive: ({ context }) => !context.shares.live,
    allProven: ({ context }) => context.shares.proven,
    wasSuperseded: ({ context }) => context.shares.end === 'superseded',
    wasStopped: ({ context }) => context.shares.end === 'stopped',
    hasFailed: ({ context }) => context.shares.end === 'failed',
  },
  actions: {
    noteTimes: assign(({ event }) => (event.type === 'GIVEN' ? { leftMs: event.leftMs, lifeMs: event.lifeMs } : {})),
    noteShares: assign(({ event }) => (event.type === 'HEARD' ? { shares: event.shares } : {})),
  },
}).createMachine({
  id: 'order',
  context: { shares: { open: true, wrote: false, live: false, proven: false, end: 'expired' }, leftMs: 0, lifeMs: 0 },
  initial: 'received',
  states: {
    received: { on: { KEPT: 'validated', REFUSED: 'refused' }, after: { answeredWithin: 'refused' } },
    validated: {
      on: { GIVEN: { target: 'permitted', actions: 'noteTimes' }, REFUSED: 'refused' },
      after: { answeredWithin: 'refused' },
    },
    permitted: {
      on: {
        HEARD: [
          { guard: 'someOpen', actions: 'noteShares' },
          { target: 'answering', actions: 'noteShares' },
        ],
        REFUSED: 'answering',
      },
      after: { whatIsLeft: 'answering' },
    },
    answering: { always: [{ guard: 'someWrote', target: 'underWay' }, { target: 'refused' }] },
    underWay: {
      initial: 'deciding',
      on: { HEARD: { target: '.deciding', actions: 'noteShares' } },
      after: { life: 'expired' },
      states: {
        deciding: {
          always: [
            { guard: 'noneLive', target: '#order.ending' },
            { guard: 'allProven', target: 'verified' },
            { target: 'written' },
          ],
        },
        written: {},
        verified: {},
      },
    },
    ending: {
      always: [
        { guard: 'wasSuperseded', target: 'superseded' },
        { guard: 'wasStopped', target: 'stopped' },
        { guard: 'hasFailed', target: 'failed' },
        { target: 'expired' },
      ],
    },
    refused: { tags: 'over' },
    superseded: { tags: 'over' },
    expired: { tags: 'over' },
    stopped: { tags: 'over' },
    failed: { tags: 'over' },
  },
  options: { maxIterations: 100 },
});
