/** From points to what they mean: yes and no, and what is added up. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Sum } from '../../../contracts/profile.ts';
import { frameOf, sumSamples } from '../../../machines/device/telemetry.ts';
import { point, sample } from '../support.ts';

const test = suite('meaning of points');
const IDENTITY = { assetId: 'a', seq: 1, receivedAtMs: 0, wallMs: 0 };

test('the values that mean yes are one, all others zero, and a missing one stays missing', () => {
  const state = point({ type: 'u16', measures: 'contactorOpen', active: [1, 99] });
  const open = (value: number | undefined): unknown =>
    frameOf(IDENTITY, new Map([['state', state]]), { state: { ...sample(0), value } }).readings.contactorOpen?.[0]
      ?.value;
  assert.equal([open(1), open(99), open(3), open(0), open(undefined)], [1, 1, 0, 0, undefined]);
});

test('a sum is as old as its oldest part, and missing where one of them is', () => {
  const all: Sum = { of: ['a', 'b'], group: 'fast', unit: 'W', range: [-100, 100] };
  const sums = { all };
  const sum = (a: number | undefined, b: number | undefined): unknown => {
    const parts = { a: { ...sample(0, 500), value: a }, b: { ...sample(0, 700), value: b } };
    const { value, quality, receivedAtMs, staleAtMs } = sumSamples(sums, parts)['all'] ?? sample(0);
    return [value, quality, receivedAtMs, staleAtMs];
  };
  assert.equal(sum(40, -15), [25, 'good', 500, 8500]);
  for (const [a, b] of [
    [1, undefined],
    [undefined, undefined],
    [90, 11],
  ] as const)
    assert.equal(sum(a, b), [undefined, 'missing', 500, 8500]);
  assert.equal(sumSamples(sums, {})['all']?.value, undefined, 'never read');
});

test.run();
