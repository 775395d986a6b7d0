/** The children that the measurements of the supervisor crash and count. */
import { assign, createMachine, setup } from 'xstate';
import type { AnyActorLogic } from 'xstate';
import { fromProcess } from '../../supervisor/process.ts';

export const CRASH = { type: 'CRASH' } as const;
export const KINDS = ['process', 'machine'] as const;
export type Kind = (typeof KINDS)[number];

export const FOREVER_MS = 3_600_000;

/** A child that says that it is up and fails on CRASH. */
export function crashing(kind: Kind, up: () => void): AnyActorLogic {
  const fail = (): never => {
    throw new Error('crash');
  };
  if (kind === 'machine') return createMachine({ entry: up, on: { CRASH: { actions: fail } } });
  return fromProcess(({ onMessage }) => {
    onMessage(fail);
    up();
    return new Promise(() => {});
  });
}

/** A child with one pending timer. */
export function waiting(kind: Kind): AnyActorLogic {
  if (kind === 'machine') return waitingMachine;
  return fromProcess(async ({ signal, clock }) => {
    clock.setTimeout(() => {}, FOREVER_MS);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  });
}

export const waitingMachine = createMachine({
  initial: 'waiting',
  states: { waiting: { after: { [FOREVER_MS]: 'late' } }, late: {} },
});

/** Three states, one guard and one assignment for each event. */
export type Sample = { readonly type: 'SAMPLE'; readonly value: number };
type Measured = { readonly count: number; readonly value: number };
const LIMIT = 55;

export const samplingMachine = setup({
  types: {} as { context: Measured; events: Sample },
  guards: { over: ({ event }) => event.value > LIMIT, under: ({ event }) => event.value <= LIMIT },
  actions: { note: assign({ count: ({ context }) => context.count + 1, value: ({ event }) => event.value }) },
}).createMachine({
  initial: 'idle',
  context: { count: 0, value: 0 },
  states: {
    idle: { on: { SAMPLE: { guard: 'under', target: 'running', actions: 'note' } } },
    running: {
      on: {
        SAMPLE: [
          { guard: 'over', target: 'fault', actions: 'note' },
          { target: 'running', actions: 'note' },
        ],
      },
    },
    fault: { on: { SAMPLE: { guard: 'under', target: 'idle', actions: 'note' } } },
  },
});

export const SAMPLES: readonly Sample[] = [20, 60, 20, 30, 40].map((value) => ({ type: 'SAMPLE', value }));
