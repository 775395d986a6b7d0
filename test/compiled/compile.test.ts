/** The compiler: what it refuses, by machine and key, and the corners of XState that the shipped machines do not visit. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { and, assign, createMachine, fromPromise, not, raise, setup } from 'xstate';
import type { AnyStateMachine } from 'xstate';
import { compile } from '../../machines/compiled/compile.ts';
import { compareByChance } from '../../prover/compare.ts';

const REFUSED: readonly (readonly [key: string, config: unknown])[] = [
  ['type', { type: 'parallel', states: { a: {} } }],
  ['b.type', { initial: 'a', states: { a: {}, b: { type: 'final' } } }],
  ['on.*', { on: { '*': '.a' }, initial: 'a', states: { a: {} } }],
  ['a.onDone', { initial: 'a', states: { a: { onDone: 'a' } } }],
  ['a.invoke.onSnapshot', { initial: 'a', states: { a: { invoke: { src: 's', onSnapshot: 'a' } } } }],
  ['a.on.GO.guard', { initial: 'a', states: { a: { on: { GO: { guard: not('g'), target: 'a' } } } } }],
  ['always.guard', { always: { guard: and(['g']), target: '.a' }, initial: 'a', states: { a: {} } }],
  ['a.entry', { initial: 'a', states: { a: { entry: raise({ type: 'GO' }) } } }],
  ['a.exit', { initial: 'a', states: { a: { exit: () => undefined } } }],
  ['a: action missing', { initial: 'a', states: { a: { entry: 'missing' } } }],
  ['guard missing', { initial: 'a', states: { a: { on: { GO: { guard: 'missing', target: 'a' } } } } }],
];
for (const [key, config] of REFUSED) {
  test(`${key} of ${JSON.stringify(config)} is refused, and named`, () => {
    const machine = createMachine({ id: 'odd', ...(config as object) } as never) as unknown as AnyStateMachine;
    assert.throws(
      () => compile(machine),
      ({ message }: Error) => message.startsWith('the machine odd cannot be compiled: ') && message.includes(key),
    );
  });
}

test('entry, exit, re-entry, inherited and targetless transitions, parameters and moving delays are as in XState', () => {
  const log = assign({
    log: ({ context }: { context: { log: number } }, { n }: { n: number }) => (context.log * 7 + n) % 1009,
  });
  const machine = setup({
    types: {} as { context: { log: number; odd: boolean }; events: { type: 'A' | 'B' | 'C' | 'D' } },
    actors: { work: fromPromise(() => Promise.resolve()) },
    actions: { log: log as never, flip: assign({ odd: ({ context }) => !context.odd }), shout: () => undefined },
    guards: {
      even: ({ context }, { of }: { of: number }) => context.log % of === 0,
      odd: ({ context }) => context.odd,
    },
    delays: { moving: ({ context }) => context.log },
  }).createMachine({
    id: 'odd',
    context: { log: 1, odd: false },
    initial: 'outer',
    entry: { type: 'log', params: { n: 1 } },
    on: { D: { actions: 'flip' }, C: { target: '.flat', guard: 'odd' } },
    states: {
      outer: {
        initial: 'one',
        entry: [{ type: 'log', params: { n: 2 } }, 'shout'],
        exit: { type: 'log', params: { n: 3 } },
        invoke: { src: 'work', id: 'work', input: ({ context }) => context.log, onDone: '.two' },
        on: { A: '.two', B: { target: 'outer', reenter: true }, C: { guard: { type: 'even', params: { of: 3 } } } },
        states: {
          one: {
            entry: { type: 'log', params: { n: 4 } },
            exit: { type: 'shout', params: ({ context }: { context: { log: number } }) => ({ log: context.log }) },
            after: { moving: [{ guard: 'odd', target: 'two' }, { actions: 'flip' }] },
          },
          two: {
            initial: 'deep',
            exit: { type: 'log', params: { n: 5 } },
            states: {
              deep: {
                on: { B: { target: '#odd.outer.one', actions: 'shout' }, A: { target: 'deep', reenter: true } },
                after: { 50: '#odd.flat' },
              },
            },
          },
        },
      },
      flat: {
        tags: 'low',
        always: [
          {
            guard: { type: 'even', params: { of: 2 } },
            target: 'outer.two',
            actions: { type: 'log', params: { n: 6 } },
          },
        ],
        on: { A: { target: 'flat', actions: { type: 'log', params: { n: 8 } } }, B: 'outer' },
      },
    },
    options: { maxIterations: 100 },
  });
  const subject = {
    name: 'operation' as const,
    file: '',
    machine: machine as unknown as AnyStateMachine,
    inputs: [undefined],
    events: (['A', 'B', 'C', 'D'] as const).map((type) => ({ type })),
    ends: [{ how: 'done' }, { how: 'error', error: new Error('lost') }] as const,
    resting: [],
    promises: [],
  };
  const { difference, pairs } = compareByChance(subject, 20_000, 1);
  assert.is(difference, undefined);
  assert.ok(pairs >= 21, `${pairs} pairs of state and event`);
});

test('a machine that does not come to rest throws, as XState does', () => {
  const machine = createMachine({
    id: 'odd',
    initial: 'a',
    states: { a: { always: 'b' }, b: { always: 'a' } },
    options: { maxIterations: 100 },
  });
  assert.throws(() => compile(machine).start(undefined), /does not come to rest/);
});

test.run();
