import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromProcess } from '../../../supervisor/process.ts';
import type { ChildSpec, SupervisorSpec } from '../../../supervisor/spec.ts';
import { supervisor } from '../../../supervisor/supervisor.ts';

const start = (): ReturnType<typeof fromProcess> => fromProcess(async () => {});
const nothing = undefined;

function withChild(child: object, more: object = { autoShutdown: 'any_significant' }): SupervisorSpec {
  const children = [{ id: 'c', start, ...child } as ChildSpec];
  return { id: 'sup', strategy: 'one_for_one', children, ...more };
}

const FAULTY_CHILDREN: readonly (readonly [string, unknown])[] = [
  ...['', 7, null, {}].map((id) => ['id', id] as const),
  ...[nothing, 'start', {}].map((it) => ['start', it] as const),
  ...['x', {}].map((it) => ['input', it] as const),
  ...['always', 1, null, true].map((it) => ['restart', it] as const),
  ...[-1, Number.NaN, Infinity, 'soon', null, '100'].map((it) => ['shutdown', it] as const),
  ...['process', 1, null].map((it) => ['type', it] as const),
  ...['yes', 1, null].map((it) => ['significant', it] as const),
  ...['yes', 0].map((it) => ['mustBecomeReady', it] as const),
];

for (const [key, value] of FAULTY_CHILDREN) {
  test(`child_specs: a child with ${key} ${JSON.stringify(value) ?? String(value)} (${typeof value}) is refused naming supervisor, child and key`, () => {
    const child = `child ${key === 'id' ? '.*' : 'c'}`;
    assert.throws(
      () => supervisor(withChild({ [key]: value })),
      new RegExp(`supervisor sup, ${child}: invalid ${key}`),
    );
  });
}

for (const [key, backoff] of [
  ['firstMs', { firstMs: 0, longestMs: 10 }],
  ['firstMs', { firstMs: Number.NaN, longestMs: 10 }],
  ['longestMs', { firstMs: 10, longestMs: 9 }],
  ['longestMs', { firstMs: 10, longestMs: Infinity }],
  ['jitter', { firstMs: 10, longestMs: 10, jitter: 1.1 }],
  ['jitter', { firstMs: 10, longestMs: 10, jitter: -0.1 }],
] as const) {
  test(`a backoff whose ${key} cannot be is refused: ${Object.values(backoff).join(', ')}`, () => {
    assert.throws(
      () => supervisor(withChild({ backoff })),
      new RegExp(`supervisor sup, child c: invalid backoff.${key}`),
    );
  });
}

for (const child of [nothing, null, 'child', 5]) {
  test(`child_specs: ${String(child)} is no child`, () => {
    const spec = { id: 'sup', strategy: 'one_for_one', children: [child] } as unknown as SupervisorSpec;
    assert.throws(() => supervisor(spec), /supervisor sup: invalid child/);
  });
}

test('child_specs: two children with one id are refused', () => {
  const children = [
    { id: 'c', start },
    { id: 'c', start },
  ];
  assert.throws(
    () => supervisor({ id: 'sup', strategy: 'one_for_one', children }),
    /supervisor sup: two children have the id c/,
  );
});

test('child_specs_map: of every combination of options exactly those are accepted that OTP accepts', () => {
  let accepted = 0;
  let refused = 0;
  for (const restart of ['permanent', 'transient', 'temporary', nothing])
    for (const significant of [true, false, nothing])
      for (const shutdown of [0, 1000, 'infinity', 'brutal_kill', nothing])
        for (const type of ['worker', 'supervisor', nothing])
          for (const autoShutdown of ['never', 'any_significant', 'all_significant', nothing]) {
            const wrong =
              significant === true &&
              ((restart ?? 'permanent') === 'permanent' || (autoShutdown ?? 'never') === 'never');
            const spec = withChild({ restart, significant, shutdown, type }, { autoShutdown });
            if (wrong) assert.throws(() => supervisor(spec), /supervisor sup, child c: significant/);
            else assert.ok(supervisor(spec));
            if (wrong) refused += 1;
            else accepted += 1;
          }
  assert.equal([accepted, refused], [540, 180]);
});

for (const [key, value] of [
  ['id', ''],
  ['id', nothing],
  ['strategy', 'one_for_none'],
  ['strategy', nothing],
  ['strategy', 'simple_one_for_one'],
  ['intensity', -1],
  ['intensity', 1.5],
  ['intensity', 'often'],
  ['intensity', Number.NaN],
  ['periodMs', 0],
  ['periodMs', -1],
  ['periodMs', Number.NaN],
  ['periodMs', '5000'],
  ['autoShutdown', 'always'],
  ['autoShutdown', null],
  ['quarantine', 'yes'],
  ['pool', 1],
  ['children', nothing],
  ['children', {}],
] as const) {
  test(`sup_flags: a supervisor with ${key} ${JSON.stringify(value) ?? String(value)} (${typeof value}) is refused naming it`, () => {
    const name = key === 'id' ? '.*' : 'sup';
    assert.throws(() => supervisor(withChild({}, { [key]: value })), new RegExp(`supervisor ${name}: invalid ${key}`));
  });
}

for (const more of [{ strategy: 'one_for_all' }, { strategy: 'rest_for_one' }, { children: [] }]) {
  test(`sup_flags: a pool with ${JSON.stringify(more)} is refused`, () => {
    assert.throws(() => supervisor(withChild({}, { pool: true, ...more })), /supervisor sup: a pool is/);
  });
}

test.run();
