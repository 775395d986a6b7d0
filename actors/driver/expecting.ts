/**
 * What the device must show from now on: the values that were written, and those that were left out because it held them.
 */
import { expectValues } from '../../machines/device/read-back.ts';
import type { Passage } from '../../machines/device/helm.ts';
import type { Transaction } from '../../machines/device/sequence.ts';
import { boundOf } from './cockpit.ts';
import type { Cockpit } from './cockpit.ts';
import { knownValue } from './situation.ts';

/** The registers must show these values from the next poll on, to half a step of each or to its tolerance. */
export function expect(
  cockpit: Cockpit,
  { values }: Pick<Transaction, 'values'>,
  writtenAtMs: number = cockpit.clock.now(),
): void {
  const { points } = boundOf(cockpit).profile;
  cockpit.expectations = expectValues(cockpit.expectations, values, writtenAtMs, (point) => {
    const { gain = 1, writable } = points[point] ?? {};
    return Math.max(0.5 / gain, writable?.tolerance ?? 0);
  });
}

/** What a sequence has left out because the device held it is part of its posture too: nobody else may change it unseen. */
export function expectStanding(cockpit: Cockpit, { transactions }: Passage): void {
  const points = transactions.flatMap(({ values }) => Object.keys(values));
  const standing = points
    .filter((point) => !cockpit.expectations[point])
    .map((point) => [point, knownValue(cockpit, point)] as const)
    .filter((one): one is readonly [string, number] => one[1] !== undefined);
  expect(cockpit, { values: Object.fromEntries(standing) }, Number.NEGATIVE_INFINITY);
}

/** The permit may have kept a limit below its original; then it is not restored yet. */
export function restoresAll(cockpit: Cockpit): boolean {
  const { originals, expectations } = cockpit;
  // What was left out of the sequence holds what the permit allows, which need not be the original.
  const standing = (point: string): number | undefined => expectations[point]?.value ?? knownValue(cockpit, point);
  return Object.entries(originals.values).every(([point, value]) => standing(point) === value);
}
